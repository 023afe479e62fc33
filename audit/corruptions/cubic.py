"""Enlarging by Keys' cubic with a = -0.75, as OpenCV's INTER_CUBIC with Intel's library: exact, rounded once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audit.corruptions.corruption import Picture

A = -0.75


def enlarged(image: Picture, size: tuple[int, int], rows: slice, columns: slice) -> NDArray[np.float64]:
    """Rows and columns of the image (h, w, C) as it is at ``size`` (H, W); whole numbers 0..255, edges repeated."""
    down, across = (
        _weights(old, new, part) for old, new, part in zip(image.shape, size, (rows, columns), strict=False)
    )
    # Of a photograph much larger than the picture, only what is looked at.
    used = [np.flatnonzero(weights.any(axis=0)) for weights in (down, across)]
    near = image[used[0][0] : used[0][-1] + 1, used[1][0] : used[1][-1] + 1].astype(np.float64)
    down, across = (weights[:, place[0] : place[-1] + 1] for weights, place in zip((down, across), used, strict=True))
    lines = np.tensordot(down, near, axes=(1, 0))
    values: NDArray[np.float64] = np.einsum("bw,hwc->hbc", across, lines, optimize=True)
    return np.clip(np.rint(values), 0, 255)


def _weights(old: int, new: int, part: slice) -> NDArray[np.float64]:
    """(number of ``part``, old): the weights of old pixels in those new ones."""
    places = np.arange(new)[part]
    where = (places + 0.5) * (old / new) - 0.5
    first = np.floor(where).astype(np.intp)
    weights = np.zeros((len(places), old))
    for tap in range(-1, 3):
        distance = np.abs(where - first - tap)
        np.add.at(weights, (np.arange(len(places)), np.clip(first + tap, 0, old - 1)), _keys(distance))
    return weights


def _keys(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keys' kernel (IEEE Trans. ASSP 29 (1981) 1153) at distances 0..2."""
    near, far = ((A + 2) * x - (A + 3)) * x * x + 1, A * (((x - 5) * x + 8) * x - 4)
    return np.where(x <= 1, near, far)
