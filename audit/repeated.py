"""Intervals where every sample was measured several times, with other noise: a sample still counts once.

Repeats of one sample say nothing about other samples. Each interval here takes the mean over a sample's repeats as its
one outcome, with the variance that a single measurement would have; the mean varies no more than that, so no interval
is too narrow for the repeats.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

from audit.stats import Interval, tango_interval
from audit.stats.drop import MeanDrop


def repeated_rate(hits: ArrayLike, confidence: float = 0.95) -> Interval:
    """Rate of ``hits`` (N samples, R repeats), each 0 or 1, with Wilson's interval for N samples.

    Wilson, J. Am. Stat. Assoc. 22 (1927) 209-212. ValueError: no samples, or values that are not 0 or 1.
    """
    rate, n = _binary("hits", hits).mean(axis=1), len(np.asarray(hits))
    p, z = float(rate.mean()), float(norm.isf((1 - confidence) / 2))
    centre, width = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return Interval(p, max(0.0, (centre - width) / scale), min(1.0, (centre + width) / scale))


def repeated_drop(reference: ArrayLike, other: ArrayLike, confidence: float = 0.95) -> Interval:
    """Mean of ``reference - other``, scores (N samples, R repeats) in [0, 1] that belong together pair by pair.

    Hits of 0 and 1 get Tango's paired interval (see `audit.stats.tango`) with the mean number of discordant pairs;
    other scores the interval of `audit.stats.drop.MeanDrop`.

    ValueError: no samples, other shapes, or scores outside [0, 1].
    """
    first, second = _scores("reference", reference), _scores("other", other)
    if first.shape != second.shape:
        raise ValueError(f"reference and other must have the same shape, got {first.shape} and {second.shape}")
    if not (_is_binary(first) and _is_binary(second)):
        return MeanDrop((first - second).mean(axis=1)).interval(confidence)
    ref_only = float(((first == 1) & (second == 0)).mean(axis=1).sum())
    other_only = float(((first == 0) & (second == 1)).mean(axis=1).sum())
    return tango_interval(ref_only, other_only, len(first), confidence)


def _binary(name: str, values: ArrayLike) -> NDArray[np.float64]:
    scores = _scores(name, values)
    if not _is_binary(scores):
        raise ValueError(f"{name} must be 0 or 1")
    return scores


def _is_binary(scores: NDArray[np.float64]) -> bool:
    return bool(np.isin(scores, (0.0, 1.0)).all())


def _scores(name: str, values: ArrayLike) -> NDArray[np.float64]:
    scores = np.asarray(values, dtype=np.float64)
    if scores.ndim != 2 or scores.size == 0:
        raise ValueError(f"{name} must have the shape (samples, repeats), both at least 1, got {scores.shape}")
    if not ((scores >= 0) & (scores <= 1)).all():
        raise ValueError(f"{name} must lie in [0, 1]")
    return scores
