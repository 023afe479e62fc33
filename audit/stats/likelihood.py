"""The mean of anything bounded, over samples or clusters of samples: Wilson's and Tango's intervals carried on.

Which distribution is the likeliest whose mean is ``mean``? Owen's empirical likelihood (Biometrika 75 (1988) 237-249)
answers with weights on the samples; where these cannot reach ``mean``, some weight goes to the bound of the scores,
since a rare outcome may not have been drawn. Two statistics compare it with the data: the score, with the variance
under that distribution, and the likelihood ratio. On hits the score is Wilson's, on paired hits Tango's. The score's
limit is too near where the tail is long on the other side, the likelihood ratio's where outcomes are rare; so the
smaller of the two decides, against Student's t. Of nothing but zeros the interval ends at about 4 / samples: the rule
of three. docs/statistics.md shows how often these intervals hold the truth.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.stats import t as student_t

from audit.stats.clusters import Clusters, totals
from audit.stats.interval import Interval, checked_confidence

RANGE_IS_KNOWN = 200
"""Samples or clusters from which on nothing is expected beyond the largest score seen."""
RANGE_IS_UNKNOWN = 20
"""Of fewer, what was seen says nothing of what else there is."""
FURTHER = 2.0
"""Between the two, a score up to so many times as large as the largest seen is thought possible;"""
FURTHER_CLUSTERS = 4.0
"""of a cluster, since whole clusters may fail, so many times."""

_FAR = 1e9
"""Stands for an infinite statistic: root finding needs numbers."""


@dataclass(frozen=True)
class BoundedMean:
    """Mean over samples that come in G independent units, each of one sample or more.

    ``sums`` and ``sizes`` (G,): total and number of samples of each unit. ``low`` and ``high``: no sample can lie
    beyond them; infinite where that is not known.
    """

    sums: NDArray[np.float64]
    sizes: NDArray[np.float64]
    low: float
    high: float

    @classmethod
    def of(
        cls, scores: ArrayLike, low: float = 0.0, high: float = 1.0, clusters: Clusters | None = None
    ) -> BoundedMean:
        """From the score of each sample, (N,). ValueError: no samples, or scores that are not between the bounds."""
        values = np.asarray(scores, dtype=np.float64)
        if values.ndim != 1 or len(values) == 0 or not np.isfinite(values).all():
            raise ValueError(f"needs finite numbers of shape (N,) with N >= 1, got the shape {values.shape}")
        if values.min() < low or values.max() > high:
            raise ValueError(f"must lie in [{low:g}, {high:g}], got {values.min():g} to {values.max():g}")
        return cls(*totals(values, clusters), low, high)

    @property
    def value(self) -> float:
        """The mean over all samples."""
        return float(self.sums.sum() / self.sizes.sum())

    def interval(self, confidence: float) -> Interval:
        """The means that the data do not refute; a single unit refutes none between the bounds."""
        tail = (1 - checked_confidence(confidence)) / 2
        value = self.value
        if len(self.sums) < 2:
            return Interval(value, self.low, self.high)
        wanted = _critical(tail, len(self.sums) - 1)
        mirrored = BoundedMean(-self.sums, self.sizes, -self.high, -self.low)
        return Interval(value, -_upper(mirrored, wanted), _upper(self, wanted))

    def p_above(self, margin: float) -> float:
        """One-sided p-value of H0: mean <= margin."""
        if len(self.sums) < 2:
            return 1.0
        return float(student_t.sf(self._statistic(margin), len(self.sums) - 1))

    def p_equal(self, mean: float) -> float:
        """Two-sided p-value of H0: the mean is ``mean``."""
        if len(self.sums) < 2:
            return 1.0
        return float(2 * student_t.sf(abs(self._statistic(mean)), len(self.sums) - 1))

    def _statistic(self, mean: float) -> float:
        """Above 0 where the samples lie above ``mean``; Student's t with G - 1 degrees of freedom."""
        if mean >= self.value:
            return -_deviance(self.sums - mean * self.sizes, (self.high - mean) * float(self.sizes.mean()))
        return _deviance(mean * self.sizes - self.sums, (mean - self.low) * float(self.sizes.mean()))


def reach(
    sums: NDArray[np.float64], sizes: NDArray[np.float64], known: int = RANGE_IS_KNOWN, drawn: int | None = None
) -> float:
    """How far from 0 a score might plausibly lie, going by the largest seen; infinite where that is not known.

    ``drawn``: independent samples or clusters, where the units are groups of them.
    """
    units, largest = drawn or len(sums), float(np.abs(sums / sizes).max())
    if largest == 0 or units < RANGE_IS_UNKNOWN:
        return math.inf
    most = FURTHER_CLUSTERS if sizes.max() > 1 else FURTHER
    return largest * min(most, max(1.0, known / units))


@lru_cache(maxsize=256)
def _critical(tail: float, freedom: int) -> float:
    """|t| that is exceeded with probability ``tail`` on each side."""
    return float(student_t.isf(tail, freedom))


def _upper(mean: BoundedMean, wanted: float) -> float:
    """The largest mean whose statistic is no more than ``wanted``."""
    value, (sums, sizes) = mean.value, (mean.sums, mean.sizes)
    end = mean.high
    if math.isinf(end):
        end = float((sums / sizes).max())  # beyond it nothing is left to weigh, if the samples differ
        if np.ptp(sums / sizes) == 0:
            return math.inf
    if end <= value:
        return end

    size = float(sizes.mean())

    def beyond(candidate: float) -> float:
        return _deviance(sums - candidate * sizes, (mean.high - candidate) * size) - wanted

    return float(brentq(beyond, value, end, xtol=1e-13 * max(1.0, abs(end)), rtol=1e-14, maxiter=200))


def _deviance(excess: NDArray[np.float64], bound: float) -> float:
    """How strongly ``excess`` (G,), whose mean is not above 0, speaks against a mean of 0: a |t|.

    The likeliest weights are 1 / (G (1 - slope excess)), with slope in (0, 1 / largest), and no more than 1 / bound.
    """
    units = len(excess)
    average = float(np.add.reduce(excess)) / units  # as `mean` does, which takes three times as long
    if average >= 0:
        return 0.0
    if bound <= 0:
        return _FAR
    largest, steepest = float(excess.max()), 1 / bound  # 0 for an infinite bound

    def balance(slope: float) -> float:
        return float(np.add.reduce(excess / (1 - slope * excess))) / units

    if largest * steepest < 1 and (steepest > 0 and balance(steepest) <= 0):
        slope = steepest
    elif largest > 0:
        end = (1 - 1e-12) / largest
        if steepest > 0:
            end = min(end, steepest)
        slope = end if balance(end) <= 0 else float(brentq(balance, 0.0, end, xtol=0.0 + 1e-15 * end, maxiter=200))
    else:
        return _FAR
    score = units * -average * slope
    ratio = 2 * float(np.log1p(-slope * excess).sum())
    return math.sqrt(max(0.0, min(score, ratio)) * (units - 1) / units)
