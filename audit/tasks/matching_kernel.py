"""COCO's greedy matching of one class in one picture, compiled: in Python it would take longer than many a model."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import njit
from numpy.typing import NDArray

from camsim.kernels.jit import kept_on_disk


def _match_greedily(
    overlaps: NDArray[np.float64],
    crowd: NDArray[np.bool_],
    ignorable: NDArray[np.bool_],
    outside: NDArray[np.bool_],
    thresholds: NDArray[np.float64],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """pycocotools' COCOeval.evaluateImg for S sizes and T thresholds at once.

    Args:
        overlaps: (D, G) of detections, the surest first, with objects.
        crowd: (G,): any number of detections may match it.
        ignorable: (S, G): what matches it is ignored; an object that is not comes first.
        outside: (S, D): a detection that matches nothing is ignored.
        thresholds: (T,).

    Returns:
        (S, T, D) matched, and (S, T, D) ignored.
    """
    count, objects = overlaps.shape
    matched = np.zeros((len(ignorable), len(thresholds), count), np.bool_)
    ignored = np.zeros((len(ignorable), len(thresholds), count), np.bool_)
    taken = np.empty(objects, np.bool_)
    for size in range(len(ignorable)):
        skip = ignorable[size]
        for t in range(len(thresholds)):
            taken[:] = False
            for place in range(count):
                best, chosen = min(thresholds[t], 1 - 1e-10), -1
                for ignoring in (False, True):
                    if chosen >= 0:
                        break
                    for thing in range(objects):
                        if skip[thing] != ignoring or (taken[thing] and not crowd[thing]):
                            continue
                        if overlaps[place, thing] >= best:
                            best, chosen = overlaps[place, thing], thing
                if chosen >= 0:
                    taken[chosen] = True
                    matched[size, t, place] = True
                    ignored[size, t, place] = skip[chosen]
                else:
                    ignored[size, t, place] = outside[size, place]
    return matched, ignored


Kernel = Callable[
    [NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_], NDArray[np.float64]],
    tuple[NDArray[np.bool_], NDArray[np.bool_]],
]

with kept_on_disk():
    match_greedily: Kernel = njit(cache=True, nogil=True, error_model="numpy")(_match_greedily)
