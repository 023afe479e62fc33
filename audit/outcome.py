"""What came out for one sample on one profile: the row of samples.parquet."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from audit.data import Sample
from audit.tasks.mark import Mark
from camsim.atomic import atomic_path

COMMON = pa.schema(
    [
        pa.field("sample", pa.string(), nullable=False),
        pa.field("profile", pa.string(), nullable=False),
        pa.field("cluster", pa.string()),
        pa.field("groups", pa.string()),
        pa.field("score", pa.float64()),
        pa.field("agreement", pa.float64()),
        pa.field("flip", pa.bool_()),
        pa.field("confidence", pa.float64()),
        pa.field("loss", pa.float64()),
        pa.field("error", pa.string()),
    ]
)
"""Columns of every task; its own follow."""


@dataclass(frozen=True)
class Failure:
    """Why there is no answer, or no mark."""

    reason: str


@dataclass(frozen=True)
class Outcome:
    """One cell of the matrix samples x profiles; see `audit.tasks.mark.Mark` for its numbers."""

    sample: str
    profile: str
    cluster: str | None
    groups: str | None
    """The sample's class, as ``class``, and its groups, as JSON; None where it has none."""
    mark: Mark | None
    """None when the cell could not be measured."""
    error: str | None
    """Why the cell could not be measured."""

    @classmethod
    def of(cls, sample: Sample, profile: str, found: Mark | Failure) -> Outcome:
        """The outcome of a sample: its mark, or why there is none."""
        facts = ({} if sample.target is None else {"class": sample.target}) | dict(sample.groups)
        groups = json.dumps(facts, ensure_ascii=False, sort_keys=True) if facts else None
        mark, error = (None, found.reason) if isinstance(found, Failure) else (found, None)
        return cls(sample.id, profile, sample.cluster, groups, mark, error)

    def row(self, own: Iterable[str]) -> dict[str, object]:
        """As in samples.parquet, with the task's columns ``own``."""
        mark = self.mark
        row: dict[str, object] = {
            "sample": self.sample,
            "profile": self.profile,
            "cluster": self.cluster,
            "groups": self.groups,
            "error": self.error,
        }
        if mark is None:
            return row
        row |= {name: getattr(mark, name) for name in ("score", "agreement", "flip", "confidence", "loss")}
        return row | {name: mark.own[name] for name in own}


@dataclass(frozen=True)
class Outcomes:
    """All rows of an audit, sample by sample, each through every profile: in memory, or in a Parquet file."""

    source: pa.Table | Path
    more: pa.Table | None = None
    """Further rows, after the others."""

    def of(self, profile: str, columns: Sequence[str] | None = None) -> pa.Table:
        """The rows of one profile, in the order of the samples; no more than these are in memory."""
        names = self.schema.names if columns is None else list(columns)
        read = dict.fromkeys(["profile", *names])
        chosen = [batch.filter(pc.equal(batch["profile"], profile)).select(names) for batch in self.batches(list(read))]
        shape = pa.schema([self.schema.field(name) for name in names])
        return pa.Table.from_batches([batch for batch in chosen if batch.num_rows], schema=shape)

    def measured(self, profile: str) -> set[str]:
        """Ids of the samples that have an outcome on a profile."""
        rows = self.of(profile, ["sample", "flip"])
        return set(rows.filter(pc.is_valid(rows["flip"]))["sample"].to_pylist())

    def with_rows(self, table: pa.Table) -> Outcomes:
        """The same with further rows after the others."""
        return Outcomes(self.source, table)

    @property
    def schema(self) -> pa.Schema:
        """Of the rows."""
        return pq.read_schema(self.source) if isinstance(self.source, Path) else self.source.schema

    def batches(self, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
        """All rows, piece by piece."""
        if isinstance(self.source, Path):
            with pq.ParquetFile(self.source) as file:
                yield from file.iter_batches(columns=columns)
        tables = [] if isinstance(self.source, Path) else [self.source]
        tables += [] if self.more is None else [self.more]
        for table in tables:
            yield from (table if columns is None else table.select(columns)).to_batches()

    def table(self) -> pa.Table:
        """All rows at once."""
        return pa.Table.from_batches(self.batches(), schema=self.schema)


def schema(columns: Mapping[str, pa.DataType]) -> pa.Schema:
    """Of samples.parquet, for a task with these columns of its own."""
    return pa.schema([*COMMON, *(pa.field(name, kind) for name, kind in columns.items())])


def to_table(outcomes: Sequence[Outcome], columns: Mapping[str, pa.DataType]) -> pa.Table:
    """Outcomes as an Arrow table, in their order."""
    rows, shape = [outcome.row(columns) for outcome in outcomes], schema(columns)
    # Much quicker than from_pylist, which asks every row for every name.
    return pa.Table.from_arrays([pa.array([row.get(f.name) for row in rows], f.type) for f in shape], schema=shape)


def write_table(path: Path, table: pa.Table) -> None:
    """Write a Parquet file, atomically."""
    with atomic_path(path) as temporary:
        pq.write_table(table, temporary)


def write_batches(path: Path, shape: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
    """Write a Parquet file piece by piece, atomically."""
    with atomic_path(path) as temporary, pq.ParquetWriter(temporary, shape) as writer:
        for batch in batches:
            writer.write_batch(batch)
