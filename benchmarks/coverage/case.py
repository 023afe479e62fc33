"""What a simulation draws from: data as audits see them, with a known answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

Rng = np.random.Generator


class Estimate(Protocol):
    """What is put to the test; see `audit.gate.Estimate`."""

    def p_above(self, margin: float) -> float: ...


@dataclass(frozen=True)
class Case:
    """One kind of data."""

    key: str
    title: str
    draw: Callable[[Rng, int], Estimate]
    """An estimate from this many samples (clusters)."""
    truth: Callable[[], float]
    """What it estimates."""
    counts: tuple[int, ...] = (50, 100, 200, 500, 1000, 2000, 5000)
    """Numbers of samples (clusters)."""
    most: int = 4000
    """Simulations of each."""
    budget: int = 4_000_000
    """Samples drawn in all the simulations of a count, about: fewer simulations of large counts."""
    kind: str = "mean of differences"
    """Which line of the claims it stands in."""
    margin: Literal["fraction", "other"] | None = "fraction"
    """What a gate's margin would be of; None: no gate takes one."""
    size: int = 1
    """Samples of a cluster."""

    def simulations(self, count: int, quick: bool) -> int:
        """How many of this count."""
        wanted = max(self.most // 4, min(self.most, self.budget // count))
        return wanted // 10 if quick else wanted
