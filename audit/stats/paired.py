"""Two rates on the same samples: Tango's score interval of their difference and its test, McNemar's exact test."""

from __future__ import annotations

import math

from scipy.optimize import brentq
from scipy.stats import binomtest, norm

from audit.stats.interval import Interval, checked_confidence, normal_p_above, whole


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
    quantile = float(norm.isf((1 - checked_confidence(confidence)) / 2))
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
    return normal_p_above(ref_only - other_only - n * margin, _tango_deviation(ref_only, other_only, n, margin))


def mcnemar_exact(ref_only: int, other_only: int) -> float:
    """Two-sided exact p-value of H0: both are right equally often; 1 when no pair is discordant.

    McNemar, Psychometrika 12 (1947) 153-157, as the binomial test of the discordant pairs.
    """
    ref_only, other_only = whole("ref_only", ref_only), whole("other_only", other_only)
    if ref_only + other_only == 0:
        return 1.0
    return float(binomtest(ref_only, ref_only + other_only).pvalue)


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


def _pair_counts(ref_only: int, other_only: int, n: int) -> tuple[int, int, int]:
    ref_only, other_only, n = whole("ref_only", ref_only), whole("other_only", other_only), whole("n", n)
    if n == 0:
        raise ValueError("n must be at least 1: there is no difference between no samples")
    if ref_only + other_only > n:
        raise ValueError(f"ref_only + other_only must not exceed n = {n}, got {ref_only} + {other_only}")
    return ref_only, other_only, n
