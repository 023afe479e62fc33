"""The evaluations of a search, on disk, so that an interrupted one goes on without repeating any."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from camsim.atomic import write_text
from camsim.errors import CamsimError


@dataclass(frozen=True)
class Evaluation:
    """What one setting did on the search half."""

    objective: float
    """Mean soft error; -inf where the setting is no valid profile."""
    changed: int
    """Predictions that are not the aim: errors with labels, flips without."""


@dataclass
class Ledger:
    """Evaluations by the exact point they were made at."""

    path: Path | None
    entries: dict[str, Evaluation] = field(default_factory=dict)

    @classmethod
    def open(cls, path: Path | None) -> Ledger:
        """Read the file if it is there; None keeps everything in memory.

        Raises:
            CamsimError: the file is damaged.
        """
        if path is None or not path.exists():
            return cls(path)
        try:
            entries = {key: Evaluation(**value) for key, value in json.loads(path.read_text(encoding="utf-8")).items()}
        except (ValueError, TypeError, AttributeError):
            raise CamsimError(f"{path}: is damaged; delete it to search anew") from None
        return cls(path, entries)

    def find(self, point: NDArray[np.float64]) -> Evaluation | None:
        """The evaluation at exactly this point."""
        return self.entries.get(_key(point))

    def add(self, point: NDArray[np.float64], evaluation: Evaluation) -> None:
        """Remember an evaluation, on disk at once."""
        self.entries[_key(point)] = evaluation
        if self.path is not None:
            write_text(self.path, json.dumps({key: asdict(entry) for key, entry in self.entries.items()}))


def _key(point: NDArray[np.float64]) -> str:
    return " ".join(float(x).hex() for x in point)
