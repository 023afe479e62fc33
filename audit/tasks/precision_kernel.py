"""Average precision of one class under many draws of the samples, compiled: the inner loop of mAP's bootstrap."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import njit
from numpy.typing import NDArray

from camsim.kernels.jit import kept_on_disk

_LANES = 32
"""Draws that are done together, so that each step is one over vectors."""


def _average_precision(
    weights: NDArray[np.float64],
    objects: NDArray[np.float64],
    sample: NDArray[np.int64],
    turns: NDArray[np.int64],
    found: NDArray[np.int64],
    ignored: NDArray[np.int64],
    thresholds: int,
    recalls: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Mean over thresholds and recalls of the precision at that recall or beyond, (R,); NaN without objects.

    COCO's: precision at a recall is the highest at any recall from there on, 0 where that recall is not reached. Only
    what is found can be such a maximum; all else is counted. A sample of weight w is w samples, one after the other.
    Between copies of one detection recall and precision rise together, or precision alone falls: no maximum moves, and
    they are counted at once. Copies of several detections of equal score take turns.

    Args:
        weights: (N, R), whole numbers.
        objects: (R,) number of objects, weighted.
        sample: (D,) which sample each detection is of; the surest detection first.
        turns: (D,) how many detections from here on take turns; read at the first of them.
        found: (D,) bit t is set where it is right at threshold t.
        ignored: (D,) bit t is set where it does not count at threshold t.
        thresholds: T.
        recalls: (Q,) ascending.
    """
    draws, detections = weights.shape[1], len(sample)
    everywhere = (1 << thresholds) - 1
    copies = int(weights.max()) if weights.size else 0
    most = 0
    start = 0
    while start < detections:
        first, start = start, start + turns[start]
        for place in range(first, start):
            most += (found[place] != 0) * (1 if start == first + 1 else copies)
    precision = np.empty((thresholds, most, _LANES))
    recall = np.empty((thresholds, most, _LANES))
    right = np.empty((thresholds, _LANES))
    wrong = np.empty((thresholds, _LANES))
    wrong_everywhere = np.empty(_LANES)
    weight = np.empty(_LANES)
    count = np.empty(thresholds, np.int64)
    result = np.full(draws, np.nan)
    for begin in range(0, draws, _LANES):
        lanes = min(_LANES, draws - begin)
        wanted = objects[begin : begin + lanes]
        right[:], wrong[:], wrong_everywhere[:], count[:] = 0.0, 0.0, 0.0, 0
        start = 0
        while start < detections:
            first, start = start, start + turns[start]
            drawn = weights[sample[first], begin : begin + lanes]
            alone = start == first + 1
            if alone and (found[first] | ignored[first]) == 0:  # nearly all of them
                for lane in range(lanes):
                    wrong_everywhere[lane] += drawn[lane]
                continue
            for turn in range(1 if alone else copies):
                for lane in range(lanes):
                    weight[lane] = drawn[lane] if alone else min(max(drawn[lane] - turn, 0.0), 1.0)
                for place in range(first, start):
                    hits, skips = found[place], ignored[place]
                    if hits == 0 and skips == 0:
                        for lane in range(lanes):
                            wrong_everywhere[lane] += weight[lane]
                        continue
                    if skips == everywhere:
                        continue
                    for t in range(thresholds):
                        if (skips >> t) & 1:
                            continue
                        if (hits >> t) & 1 == 0:
                            for lane in range(lanes):
                                wrong[t, lane] += weight[lane]
                            continue
                        step = count[t]
                        for lane in range(lanes):
                            right[t, lane] += weight[lane]
                            recall[t, step, lane] = right[t, lane] / wanted[lane]
                            claimed = right[t, lane] + wrong[t, lane] + wrong_everywhere[lane]
                            precision[t, step, lane] = right[t, lane] / max(claimed, 1.0)
                        count[t] += 1
        for lane in range(lanes):
            if wanted[lane] == 0:
                continue
            total = 0.0
            for t in range(thresholds):
                best, wish = 0.0, len(recalls) - 1
                for step in range(count[t] - 1, -1, -1):
                    while wish >= 0 and recalls[wish] > recall[t, step, lane]:
                        wish -= 1
                    best = max(best, precision[t, step, lane])
                    while wish >= 0 and (step == 0 or recalls[wish] > recall[t, step - 1, lane]):
                        total += best
                        wish -= 1
            result[begin + lane] = total / (thresholds * len(recalls))
    return result


Kernel = Callable[
    [
        NDArray[np.float64],
        NDArray[np.float64],
        NDArray[np.int64],
        NDArray[np.int64],
        NDArray[np.int64],
        NDArray[np.int64],
        int,
        NDArray[np.float64],
    ],
    NDArray[np.float64],
]

with kept_on_disk():
    # Not with the kernels' fast mathematics: a recall decides by its last bit whether it reaches a threshold.
    average_precision: Kernel = njit(cache=True, nogil=True, error_model="numpy")(_average_precision)
