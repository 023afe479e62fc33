"""A smooth stand-in for the F1 of detections, which a search can follow where counts do not move."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audit.tasks.matching import Regions, overlaps

OVERLAP = (0.3, 0.7)
"""Intersection over union from which on an overlap counts, and at which it counts fully; halfway is 0.5."""


def soft_f1(
    detections: Regions, scores: NDArray[np.float64], objects: Regions, crowd: NDArray[np.bool_], confidence: float
) -> float:
    """F = 2 R / (T + D) in [0, 1], of sums that move with every score and every overlap.

    A detection of score s is worth s^2 / (s^2 + c^2), 1/2 at the confidence c. It finds an object of its class as far
    as it is worth, times a ramp in their overlap, 1/2 at an intersection over union of 0.5. R sums the best that finds
    each object, T counts the objects, D sums the worth of all detections but for what lies on a crowd, at least R.
    Without objects F = 1 / (1 + D).

    Args:
        detections: K.
        scores: (K,).
        objects: G.
        crowd: (G,).
        confidence: c.
    """
    squares = scores**2
    worth = np.divide(squares, squares + confidence**2, out=np.zeros_like(squares), where=squares > 0)
    wanted = int((~crowd).sum())
    if not len(objects) or not len(detections):
        claimed = float(worth.sum())
        return 1 / (1 + claimed) if not wanted else 0.0
    low, high = OVERLAP
    ramp = np.clip((overlaps(detections, objects, crowd) - low) / (high - low), 0, 1) * (
        detections.labels[:, None] == objects.labels
    )
    claimed = float((worth * (1 - ramp[:, crowd].max(axis=1, initial=0))).sum())
    if not wanted:
        return 1 / (1 + claimed)
    right = float((worth[:, None] * ramp[:, ~crowd]).max(axis=0).sum())
    return 2 * right / (wanted + max(claimed, right))
