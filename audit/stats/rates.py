"""One rate: Wilson's score interval and its test."""

from __future__ import annotations

import math
from functools import lru_cache

from scipy.stats import binomtest

from audit.stats.interval import Interval, checked_confidence, normal_p_above, whole


@lru_cache(maxsize=4096)  # an audit asks for the same few counts again and again, and scipy also makes a p-value
def wilson(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """Score interval of a rate, ``successes / n`` in [0, 1].

    Wilson, J. Am. Stat. Assoc. 22 (1927) 209-212. ValueError: n = 0, or successes outside 0..n.
    """
    successes, n = _rate_counts(successes, n)
    limits = binomtest(successes, n).proportion_ci(confidence_level=checked_confidence(confidence), method="wilson")
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
    return normal_p_above(successes - n * margin, math.sqrt(n * margin * (1 - margin)))


def _rate_counts(successes: int, n: int) -> tuple[int, int]:
    successes, n = whole("successes", successes), whole("n", n)
    if n == 0:
        raise ValueError("n must be at least 1: there is no rate of no samples")
    if successes > n:
        raise ValueError(f"successes must not exceed n = {n}, got {successes}")
    return successes, n
