"""What came out for one sample on one profile: the row of samples.parquet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from camsim.atomic import atomic_path


@dataclass(frozen=True)
class Outcome:
    """One cell of the matrix samples x profiles. Classes are indices into the model's output."""

    sample: str
    profile: str
    target: int | None
    """The labelled class; None without labels."""
    prediction: int | None
    """The class of highest probability; None when the cell could not be measured."""
    confidence: float | None
    """Probability of the prediction."""
    margin: float | None
    """Log-probability of the target (without labels: of the reference's prediction) minus the best other class's."""
    flip: bool | None
    """The prediction differs from the reference's."""
    jsd: float | None
    """Jensen-Shannon divergence from the reference's probabilities, base 2, in [0, 1]."""
    error: str | None
    """Why the cell could not be measured."""

    @property
    def correct(self) -> bool | None:
        """Whether the prediction is the target; None without labels or outcome."""
        return None if self.target is None or self.prediction is None else self.prediction == self.target


SCHEMA = pa.schema(
    [
        pa.field("sample", pa.string(), nullable=False),
        pa.field("profile", pa.string(), nullable=False),
        pa.field("target", pa.int32()),
        pa.field("prediction", pa.int32()),
        pa.field("confidence", pa.float64()),
        pa.field("margin", pa.float64()),
        pa.field("flip", pa.bool_()),
        pa.field("jsd", pa.float64()),
        pa.field("error", pa.string()),
    ]
)


def to_table(outcomes: Iterable[Outcome]) -> pa.Table:
    """Outcomes as an Arrow table, in their order."""
    return pa.Table.from_pylist([asdict(outcome) for outcome in outcomes], schema=SCHEMA)


def write_outcomes(path: Path, outcomes: Sequence[Outcome]) -> None:
    """Write a Parquet file, atomically."""
    with atomic_path(path) as temporary:
        pq.write_table(to_table(outcomes), temporary)


def read_outcomes(path: Path) -> list[Outcome]:
    """Read what `write_outcomes` wrote."""
    names = [field.name for field in fields(Outcome)]
    return [Outcome(**{name: row[name] for name in names}) for row in pq.read_table(path, schema=SCHEMA).to_pylist()]
