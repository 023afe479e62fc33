"""Non-maximum suppression: of boxes of one class that overlap, the surest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def suppress(
    corners: NDArray[np.floating],
    scores: NDArray[np.floating],
    labels: NDArray[np.integer],
    iou_threshold: float,
    limit: int,
) -> NDArray[np.intp]:
    """Greedy suppression within each class; indices of those that stay, the surest first.

    A box goes when its intersection over union with a surer one of its class that stays is above the threshold; equal
    scores are taken in the order given. For one class, these are the boxes of `kornia.geometry.bbox.nms`, but
    without its steps in torch, and without going on after ``limit``.

    Args:
        corners: (K, 4) left, top, right, bottom.
        scores: (K,).
        labels: (K,).
        iou_threshold: in [0, 1].
        limit: at most so many are returned.
    """
    order = np.argsort(-scores, kind="stable")
    left, top, right, bottom = corners[order].T
    areas = (right - left) * (bottom - top)
    classes = labels[order]
    of_class = {label: np.flatnonzero(classes == label) for label in np.unique(classes)}
    gone = np.zeros(len(order), dtype=np.bool_)
    kept: list[int] = []
    for first in range(len(order)):
        if gone[first]:
            continue
        if len(kept) == limit:
            break
        kept.append(first)
        others = of_class[classes[first]]
        others = others[np.searchsorted(others, first) + 1 :]
        others = others[~gone[others]]
        across = np.minimum(right[first], right[others]) - np.maximum(left[first], left[others])
        down = np.minimum(bottom[first], bottom[others]) - np.maximum(top[first], top[others])
        shared = across.clip(0) * down.clip(0)
        # Multiplied out: boxes without area overlap with none.
        gone[others[shared > iou_threshold * (areas[first] + areas[others] - shared)]] = True
    return order[kept]
