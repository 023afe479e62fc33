"""Maps that a model gives for its input, brought to the picture's pixels: the way back through its preprocessing.

Letterbox bars are cut off and do not mix into the border. Pixels that a crop cut away were never seen by the model.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.frame import Frame

BLOCK_BYTES = 2**19
"""Of the maps of all channels that are brought to the picture's size at a time: they stay in the cache."""


def seen(frame: Frame) -> tuple[slice, slice]:
    """Rows and columns of the picture whose centres lie within what the model was given."""
    return _seen(*_axis(frame, 0)), _seen(*_axis(frame, 1))


def to_picture(maps: NDArray[np.floating[Any]], frame: Frame) -> Iterator[tuple[slice, NDArray[np.floating[Any]]]]:
    """(C, h, w) of the model's input -> blocks of rows of the picture: (rows, (C, rows, W)), seen or not.

    Bilinear between the centres of the map's cells (``align_corners=False``, no antialiasing), the usual way in
    segmentation and depth; beyond the centre of the last cell within the picture its value holds.
    """
    (low, high, share), (left, right, part) = (axis_weights(frame, axis, maps.shape[1 + axis]) for axis in (0, 1))
    share, part = share.astype(maps.dtype), part.astype(maps.dtype)
    height, width = frame.shape
    step = max(1, BLOCK_BYTES // (maps.itemsize * maps.shape[0] * max(width, maps.shape[2])))
    for start in range(0, height, step):
        rows = slice(start, min(start + step, height))
        weight = share[rows][None, :, None]
        lines = maps[:, low[rows]] * (1 - weight) + maps[:, high[rows]] * weight
        yield rows, lines[:, :, left] * (1 - part) + lines[:, :, right] * part


def nearest_to_picture(values: NDArray[np.generic], frame: Frame) -> NDArray[np.generic]:
    """(h, w) of the model's input -> (H, W) of the picture: the cell in which each pixel's centre lies."""
    rows, columns = (_nearest(frame, axis, values.shape[axis]) for axis in (0, 1))
    taken: NDArray[np.generic] = values[rows[:, None], columns]
    return taken


def _axis(frame: Frame, axis: int) -> tuple[NDArray[np.float64], int]:
    """Where the centres of the picture's pixels lie in the model's input, and how long that is."""
    size, resized, start = frame.shape[axis], frame.resized[axis], (frame.top, frame.left)[axis]
    return (np.arange(size) + 0.5) * resized / size + start, frame.fed[axis]


def _seen(places: NDArray[np.float64], fed: int) -> slice:
    first, last = np.searchsorted(places, [0.0, float(fed)])
    return slice(int(first), int(last))


def _nearest(frame: Frame, axis: int, count: int) -> NDArray[np.intp]:
    places, fed = _axis(frame, axis)
    first, last = _covered(frame, axis, count)
    return np.clip(np.floor(places * (count / fed)), first, last).astype(np.intp)


def _covered(frame: Frame, axis: int, count: int) -> tuple[int, int]:
    """First and last cell, of ``count``, whose centre lies within the picture; if none does, one that it touches."""
    start, scale = (frame.top, frame.left)[axis], count / frame.fed[axis]
    begin = max(0.0, start * scale)
    end = min(float(count), (start + frame.resized[axis]) * scale)
    first, last = math.ceil(begin - 0.5), math.ceil(end - 0.5) - 1
    if first > last:
        first = last = min(max(math.floor((begin + end) / 2), 0), count - 1)
    return first, last


def axis_weights(frame: Frame, axis: int, count: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """For each pixel of the picture the two cells it lies between, and the share of the second."""
    places, fed = _axis(frame, axis)
    first, last = _covered(frame, axis, count)
    centres = np.clip(places * (count / fed) - 0.5, first, last)
    low = np.floor(centres).astype(np.intp)
    return low, np.minimum(low + 1, last), centres - low
