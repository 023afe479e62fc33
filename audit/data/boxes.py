"""Boxes as people annotate them, made fit for use; what had to be done is counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from audit.data.truth import Shape

BORDER = 0.01
"""Pixels by which a box may reach over the border by mere rounding; it is cut all the same, but not counted."""

NOT_FINITE, EMPTY, OUTSIDE, CUT = 1, 2, 3, 4


@dataclass(frozen=True)
class Fitted:
    """Boxes after `fit`."""

    corners: NDArray[np.float64]
    """(K, 4) of all that were given, cut at the border."""
    faults: NDArray[np.int8]
    """(K,): 0 or what was wrong."""

    @property
    def kept(self) -> NDArray[np.bool_]:
        """(K,): those that are left."""
        kept: NDArray[np.bool_] = (self.faults == 0) | (self.faults == CUT)
        return kept


def fit(corners: NDArray[np.float64], shape: Shape | NDArray[np.float64]) -> Fitted:
    """Cut boxes at the border of their picture; those without area inside it are marked.

    Args:
        corners: (K, 4) left, top, right, bottom in pixels.
        shape: (height, width), or (K, 2) of them, one for each box.
    """
    corners = np.asarray(corners, dtype=np.float64).reshape(-1, 4)
    size = np.broadcast_to(np.asarray(shape, dtype=np.float64), (len(corners), 2))
    limits = size[:, [1, 0, 1, 0]]
    finite = np.isfinite(corners).all(axis=1)
    with np.errstate(invalid="ignore"):
        cut = np.clip(corners, 0.0, limits)
        has_area = (corners[:, 2] > corners[:, 0]) & (corners[:, 3] > corners[:, 1])
        inside = (cut[:, 2] > cut[:, 0]) & (cut[:, 3] > cut[:, 1])
        over = (np.abs(cut - corners) > BORDER).any(axis=1)
    faults = np.select([~finite, ~has_area, ~inside, over], [NOT_FINITE, EMPTY, OUTSIDE, CUT], 0).astype(np.int8)
    return Fitted(cut, faults)


@dataclass
class Tally:
    """Counts what was wrong in a dataset, with the first place of each kind."""

    counts: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)

    def add(self, what: str, where: str, number: int = 1) -> None:
        """``what`` reads after a number: ``boxes without area were left out``."""
        if number:
            self.counts[what] += number
            self.first.setdefault(what, where)

    def add_faults(self, faults: NDArray[np.int8], where: str) -> None:
        """Count what `fit` found."""
        if faults.any():
            for code, what in FAULTS.items():
                self.add(what, where, int(np.count_nonzero(faults == code)))

    def notes(self) -> tuple[str, ...]:
        """One sentence for each kind, the most frequent first."""
        return tuple(f"{number} {what} (first: {self.first[what]})." for what, number in self.counts.most_common())


FAULTS = {
    NOT_FINITE: "boxes with a coordinate that is no finite number were left out",
    EMPTY: "boxes without area were left out",
    OUTSIDE: "boxes wholly outside their picture were left out",
    CUT: "boxes that reach over the border of their picture were cut there",
}
"""What is done about each fault."""
