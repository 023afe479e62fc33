"""Average precision of rankings under many weights, compiled: a resampled mAP asks for it thousands of times."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import njit
from numpy.typing import NDArray

from camsim.kernels.jit import kept_on_disk


def _ranked_precision(
    weights: NDArray[np.float64], order: NDArray[np.int64], ends: NDArray[np.bool_], present: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """sum over thresholds of (recall gained) x precision, without interpolation, as scikit-learn has it.

    Args:
        weights: (R, N): how often each sample is drawn.
        order: (C, N): samples by falling score.
        ends: (C, N): in that order, the last of equal scores.
        present: (C, N): in that order, whether the class is there.

    Returns:
        (R, C); NaN where the class is in no sample drawn.
    """
    result = np.empty((len(weights), len(order)))
    for resample in range(len(weights)):
        drawn = weights[resample]
        for label in range(len(order)):
            named, right, before, total = 0.0, 0.0, 0.0, 0.0
            for place in range(order.shape[1]):
                weight = drawn[order[label, place]]
                named += weight
                if present[label, place]:
                    right += weight
                if ends[label, place] and right > before:
                    total += (right - before) * right / named
                    before = right
            result[resample, label] = total / right if right > 0 else np.nan
    return result


Kernel = Callable[[NDArray[np.float64], NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]], NDArray[np.float64]]

with kept_on_disk():
    ranked_precision: Kernel = njit(cache=True, nogil=True, error_model="numpy")(_ranked_precision)
