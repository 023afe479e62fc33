"""Intervals and tests for audits: rates, paired differences of rates, means over samples. Pure functions.

Every interval is two-sided at the given confidence. Every one-sided p-value comes from the statistic of the
interval beside it, so ``low > margin`` exactly when ``p < (1 - confidence) / 2`` (but for rounding).
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.stats import binomtest, norm

_BOOTSTRAP_DRAWS = 2**21
"""Values drawn at a time: bounds the memory of a bootstrap to some 32 MiB whatever the number of samples."""


@dataclass(frozen=True)
class Interval:
    """An estimate and its confidence limits, in the unit of the estimate."""

    value: float
    low: float
    high: float


def wilson(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """Score interval of a rate, ``successes / n`` in [0, 1].

    Wilson, J. Am. Stat. Assoc. 22 (1927) 209-212. ValueError: n = 0, or successes outside 0..n.
    """
    successes, n = _rate_counts(successes, n)
    limits = binomtest(successes, n).proportion_ci(confidence_level=_confidence(confidence), method="wilson")
    return Interval(successes / n, float(limits.low), float(limits.high))


def wilson_p_above(successes: int, n: int, margin: float) -> float:
    """One-sided p-value of H0: rate <= margin, with ``margin`` in [0, 1): the score test of :func:`wilson`.

    z = (successes / n - margin) / sqrt(margin (1 - margin) / n), and at margin 0 its limit: 0 without
    successes, else infinite, as one success rules out a rate of 0.
    ValueError: n = 0, or successes outside 0..n.
    """
    successes, n = _rate_counts(successes, n)
    if not 0 <= margin < 1:
        raise ValueError(f"margin must lie in [0, 1), got {margin}")
    return _p_above(successes - n * margin, math.sqrt(n * margin * (1 - margin)))


def tango(ref_only: int, other_only: int, n: int, confidence: float = 0.95) -> Interval:
    """Score interval of a paired difference of rates, ``drop = (ref_only - other_only) / n`` in [-1, 1].

    Of ``n`` samples, ``ref_only`` are right under the reference alone, ``other_only`` under the other alone.
    Tango, Statist. Med. 17 (1998) 891-908: all drops whose score statistic, with the constrained maximum
    likelihood estimate of the discordance, lies within the normal quantiles.
    ValueError: n = 0, negative counts, or more discordant pairs than samples.
    """
    return tango_interval(*_pair_counts(ref_only, other_only, n), confidence)


def tango_interval(ref_only: float, other_only: float, n: int, confidence: float = 0.95) -> Interval:
    """:func:`tango` of any amounts in 0..n, such as means over repeated measurements; it is continuous in them."""
    if not (n >= 1 and min(ref_only, other_only) >= 0 and ref_only + other_only <= n * (1 + 1e-12)):
        raise ValueError(f"the discordant pairs must lie in 0..{n} and not exceed it, got {ref_only} and {other_only}")
    quantile = float(norm.isf((1 - _confidence(confidence)) / 2))
    low = _tango_low(ref_only, other_only, n, quantile)
    high = -_tango_low(other_only, ref_only, n, quantile)
    return Interval((ref_only - other_only) / n, low, high)


def tango_p_above(ref_only: int, other_only: int, n: int, margin: float) -> float:
    """One-sided p-value of H0: drop <= margin, with ``margin`` in (-1, 1): the score test of :func:`tango`.

    Known as a test of non-inferiority: Nam, Biometrics 53 (1997) 1422-1430.
    ValueError: n = 0, negative counts, or more discordant pairs than samples.
    """
    ref_only, other_only, n = _pair_counts(ref_only, other_only, n)
    if not -1 < margin < 1:
        raise ValueError(f"margin must lie in (-1, 1), got {margin}")
    return _p_above(ref_only - other_only - n * margin, _tango_deviation(ref_only, other_only, n, margin))


def mcnemar_exact(ref_only: int, other_only: int) -> float:
    """Two-sided exact p-value of H0: both are right equally often; 1 when no pair is discordant.

    McNemar, Psychometrika 12 (1947) 153-157, as the binomial test of the discordant pairs.
    """
    ref_only, other_only = _count("ref_only", ref_only), _count("other_only", other_only)
    if ref_only + other_only == 0:
        return 1.0
    return float(binomtest(ref_only, ref_only + other_only).pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values, in the order given: claim those below alpha for a family-wise error of alpha.

    Holm, Scand. J. Statist. 6 (1979) 65-70. ValueError: a p-value outside [0, 1].
    """
    p = np.asarray(p_values, dtype=np.float64)
    if not np.all((p >= 0) & (p <= 1)):
        raise ValueError(f"p-values must lie in [0, 1], got {list(p_values)}")
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(steps, 1.0)
    return [float(value) for value in adjusted]


def bootstrap_mean(values: ArrayLike, confidence: float = 0.95, seed: int = 0, resamples: int = 2000) -> Interval:
    """Percentile bootstrap of the mean of ``values`` (shape (N,)) over samples; the same for the same seed.

    Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13. It cannot see what was not
    sampled: equal values, or a single one, give an interval of no width.
    ValueError: no values, NaN or infinite values, another shape, fewer than one resample.
    """
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1 or sample.size == 0:
        raise ValueError(f"values must have the shape (N,) with N >= 1, got {sample.shape}")
    if not np.all(np.isfinite(sample)):
        raise ValueError(f"values must be finite, got {np.count_nonzero(~np.isfinite(sample))} that are not")
    if resamples < 1:
        raise ValueError(f"resamples must be at least 1, got {resamples}")
    tail = (1 - _confidence(confidence)) / 2
    rng = np.random.default_rng(seed)
    rows = max(1, _BOOTSTRAP_DRAWS // sample.size)
    means = np.concatenate(
        [
            sample[rng.integers(sample.size, size=(min(rows, resamples - start), sample.size))].mean(axis=1)
            for start in range(0, resamples, rows)
        ]
    )
    low, high = np.quantile(means, [tail, 1 - tail])
    return Interval(float(sample.mean()), float(low), float(high))


def _tango_low(ref_only: float, other_only: float, n: int, quantile: float) -> float:
    """The drop at which the score statistic equals ``quantile``; the upper limit is its mirror image."""
    squared = quantile**2
    if other_only == n:
        return -1.0
    # The statistic is 0/0 at the estimate itself in these two cases; elsewhere it has these closed forms.
    if ref_only == n:
        return (n - squared) / (n + squared)
    if ref_only == other_only == 0:
        return -squared / (n + squared)

    def excess(drop: float) -> float:
        deviation = _tango_deviation(ref_only, other_only, n, drop)
        return ref_only - other_only - n * drop - quantile * deviation

    return float(brentq(excess, -1.0, (ref_only - other_only) / n, xtol=1e-15, maxiter=200))


def _tango_deviation(ref_only: float, other_only: float, n: int, drop: float) -> float:
    """Standard deviation of ``ref_only - other_only`` under the most likely discordance given the drop."""
    if drop < 0:  # by symmetry; the sums below then have no cancellation near -1
        return _tango_deviation(other_only, ref_only, n, -drop)
    # q, the rate of other_only pairs, is the larger root of 2n q^2 + b q - c = 0.
    b = (2 * n - ref_only + other_only) * drop - ref_only - other_only
    c = other_only * drop * (1 - drop)
    root = math.sqrt(b * b + 8 * n * c)
    q = (root - b) / (4 * n) if b <= 0 else 2 * c / (root + b)
    return math.sqrt(n * (2 * q + drop * (1 - drop)))


def _p_above(excess: float, deviation: float) -> float:
    """Upper tail of the normal at ``excess / deviation``; 0/0 counts as 0."""
    if deviation > 0:
        return float(norm.sf(excess / deviation))
    return 0.5 if excess == 0 else float(excess < 0)


def _count(name: str, value: int) -> int:
    try:
        count = operator.index(value)
    except TypeError:
        raise ValueError(f"{name} must be a whole number, got {value!r}") from None
    if count < 0:
        raise ValueError(f"{name} must not be negative, got {count}")
    return count


def _rate_counts(successes: int, n: int) -> tuple[int, int]:
    successes, n = _count("successes", successes), _count("n", n)
    if n == 0:
        raise ValueError("n must be at least 1: there is no rate of no samples")
    if successes > n:
        raise ValueError(f"successes must not exceed n = {n}, got {successes}")
    return successes, n


def _pair_counts(ref_only: int, other_only: int, n: int) -> tuple[int, int, int]:
    ref_only, other_only, n = _count("ref_only", ref_only), _count("other_only", other_only), _count("n", n)
    if n == 0:
        raise ValueError("n must be at least 1: there is no difference between no samples")
    if ref_only + other_only > n:
        raise ValueError(f"ref_only + other_only must not exceed n = {n}, got {ref_only} + {other_only}")
    return ref_only, other_only, n


def _confidence(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie in (0, 1), got {confidence}")
    return confidence
