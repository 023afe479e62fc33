"""How much worse a metric is than under the reference, on the same samples, behind one interface.

A drop is above 0 where the camera is worse: reference minus other, or other minus reference where lower is better.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from audit.stats.clusters import Clusters
from audit.stats.interval import Interval
from audit.stats.jackknife import LeftOut
from audit.stats.likelihood import FURTHER, BoundedMean, reach
from audit.stats.paired import mcnemar_exact, tango, tango_p_above

Better = Literal["higher", "lower"]
Bounds = tuple[float, float] | None

FRACTION: tuple[float, float] = (-1.0, 1.0)
"""What a drop of a metric in [0, 1] cannot leave."""


RANGE_OF_PSEUDO_VALUES_IS_KNOWN = 800
"""Four times as many samples as of scores: a class in a quarter of the pictures weighs as a score of its own does."""

UNBOUNDED: tuple[float, float] = (-np.inf, np.inf)


class Drop(Protocol):
    """A paired difference."""

    @property
    def samples(self) -> int: ...

    def interval(self, confidence: float) -> Interval:
        """The estimate and its two-sided limits."""
        ...

    def p_above(self, margin: float) -> float:
        """One-sided, of H0: drop <= margin; below (1 - confidence) / 2 exactly when the lower limit is above it."""
        ...

    def p_zero(self) -> float:
        """Two-sided, of H0: no drop."""
        ...


@dataclass(frozen=True)
class RateDrop:
    """Of hits on independent samples: Tango's interval, McNemar's exact test."""

    ref_only: int
    """Samples right under the reference alone."""
    other_only: int
    samples: int

    @classmethod
    def paired(cls, reference: ArrayLike, other: ArrayLike, better: Better = "higher") -> RateDrop:
        """From hits of 0 and 1, (N,) both. ValueError: anything else."""
        first, second = _oriented(reference, other, better)
        if not (np.isin(first, (0, 1)).all() and np.isin(second, (0, 1)).all()):
            raise ValueError("hits must be 0 or 1")
        return cls(int((first > second).sum()), int((second > first).sum()), len(first))

    def interval(self, confidence: float) -> Interval:
        return tango(self.ref_only, self.other_only, self.samples, confidence)

    def p_above(self, margin: float) -> float:
        return tango_p_above(self.ref_only, self.other_only, self.samples, margin)

    def p_zero(self) -> float:
        return mcnemar_exact(self.ref_only, self.other_only)


@dataclass(frozen=True)
class MeanDrop:
    """Of scores sample by sample, hits in clusters among them."""

    differences: NDArray[np.float64]
    """(N,), above 0: worse."""
    bounds: Bounds = FRACTION
    """What no difference can leave; None: not known, and then equal differences tell nothing of rare ones."""
    clusters: Clusters | None = None

    @classmethod
    def paired(
        cls,
        reference: ArrayLike,
        other: ArrayLike,
        better: Better = "higher",
        bounds: Bounds = FRACTION,
        clusters: Clusters | None = None,
    ) -> MeanDrop:
        """From scores (N,) both. Without ``bounds`` no difference is taken to exceed the largest score seen."""
        first, second = _oriented(reference, other, better)
        if bounds is None:
            largest = float(max(np.abs(first).max(), np.abs(second).max()))
            bounds = (-largest, largest) if largest > 0 else None
        return cls(first - second, bounds, clusters)

    @property
    def samples(self) -> int:
        return len(self.differences)

    def interval(self, confidence: float) -> Interval:
        return self._mean.interval(confidence)

    def p_above(self, margin: float) -> float:
        return self._mean.p_above(margin)

    def p_zero(self) -> float:
        return self._mean.p_equal(0.0)

    @cached_property
    def _mean(self) -> BoundedMean:
        return _within_reach(BoundedMean.of(self.differences, *(self.bounds or UNBOUNDED), self.clusters))


@dataclass(frozen=True)
class AggregateDrop:
    """Of a metric that is no mean over samples, by the jackknife: both sides with the same units left out."""

    reference: LeftOut
    other: LeftOut
    better: Better = "higher"
    bounds: Bounds = FRACTION

    def __post_init__(self) -> None:
        """ValueError: not of the same units."""
        _ = self._difference

    @property
    def samples(self) -> int:
        return int(self.reference.sizes.sum())

    def interval(self, confidence: float) -> Interval:
        """NaN where the metric is not defined; the bounds where it is not without some unit."""
        if self._mean is None:
            return Interval(self._difference.value, *self._unknown)
        found, (low, high) = self._mean.interval(confidence), self.bounds or UNBOUNDED
        # Sums of pseudo-values are rounded, and they may leave the metric's bounds.
        return Interval(self._difference.value, max(found.low, low), min(found.high, high))

    def p_above(self, margin: float) -> float:
        return self._mean.p_above(margin) if self._mean else 1.0

    def p_zero(self) -> float:
        return self._mean.p_equal(0.0) if self._mean else 1.0

    @cached_property
    def _difference(self) -> LeftOut:
        sides = (self.reference, self.other)
        first, second = sides if self.better == "higher" else sides[::-1]
        return first.minus(second)

    @property
    def _unknown(self) -> tuple[float, float]:
        return (np.nan, np.nan) if np.isnan(self._difference.value) else (self.bounds or UNBOUNDED)

    @cached_property
    def _mean(self) -> BoundedMean | None:
        sums, sizes = self._difference.pseudo_sums, self._difference.sizes
        if not np.isfinite(sums).all():
            return None
        # What a sample adds is not bound by the metric: one with the only object of a class adds more than its share.
        most = max(*np.abs(self.bounds or UNBOUNDED), FURTHER * float(np.abs(sums / sizes).max()))
        independent = self._difference.independent
        furthest = min(most, reach(sums, sizes, RANGE_OF_PSEUDO_VALUES_IS_KNOWN, independent))
        return BoundedMean(sums, sizes, -furthest, furthest)


def _within_reach(mean: BoundedMean) -> BoundedMean:
    """With bounds no further away than a change might plausibly be that was not drawn."""
    furthest = reach(mean.sums, mean.sizes)
    return replace(mean, low=max(mean.low, -furthest), high=min(mean.high, furthest))


def _oriented(
    reference: ArrayLike, other: ArrayLike, better: Better
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    first, second = np.asarray(reference, dtype=np.float64), np.asarray(other, dtype=np.float64)
    if first.shape != second.shape or first.ndim != 1 or len(first) == 0:
        raise ValueError(f"both sides must have the shape (N,) with N >= 1, got {first.shape} and {second.shape}")
    return (first, second) if better == "higher" else (second, first)
