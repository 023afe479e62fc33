"""Means over samples by the percentile bootstrap."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from audit.stats.interval import Interval, checked_confidence

_BOOTSTRAP_DRAWS = 2**21
"""Values drawn at a time: bounds the memory of a bootstrap to some 32 MiB whatever the number of samples."""


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
    tail = (1 - checked_confidence(confidence)) / 2
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
