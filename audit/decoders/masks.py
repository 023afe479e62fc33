"""Masks of instances, from what networks give to pixels of the picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audit.frame import Frame

Mask = NDArray[np.bool_]


def map_mask(values: NDArray[np.floating], box: NDArray[np.float64], frame: Frame, threshold: float) -> Mask:
    """(H, W) of the picture: where a map over the whole of the model's input exceeds a threshold, within a box.

    The map is taken linearly between its pixels' centres, at the centre of each pixel of the picture.

    Args:
        values: (h, w), laid over the model's input.
        box: left, top, right, bottom in the picture; outside, there is no object.
        frame: how the picture was laid into the model's input.
        threshold: in the unit of ``values``.
    """
    rows, columns = _inside(box, frame)
    height, width = values.shape
    down = (_centres(rows) * frame.resized[0] / frame.shape[0] + frame.top) * height / frame.fed[0] - 0.5
    across = (_centres(columns) * frame.resized[1] / frame.shape[1] + frame.left) * width / frame.fed[1] - 0.5
    mask = np.zeros(frame.shape, dtype=np.bool_)
    mask[rows, columns] = _linear(values, down.clip(0, height - 1), across.clip(0, width - 1)) > threshold
    return mask


def box_mask(values: NDArray[np.floating], box: NDArray[np.float64], frame: Frame, threshold: float) -> Mask:
    """(H, W) of the picture: where a map that is stretched over a box exceeds a threshold; beyond the map it is 0.

    As Mask R-CNN pastes its masks (He et al., ICCV 2017; Detectron2's mask_ops.py), at the centre of each pixel.

    Args:
        values: (h, w), 28x28 mostly.
        box: left, top, right, bottom in the picture, not cut at its border, of some area.
        frame: gives the size of the picture.
        threshold: in the unit of ``values``, not below 0.
    """
    rows, columns = _inside(box, frame)
    left, top, right, bottom = box
    height, width = values.shape
    # The padding moves each place by one.
    down = (_centres(rows) - top) * height / (bottom - top) + 0.5
    across = (_centres(columns) - left) * width / (right - left) + 0.5
    mask = np.zeros(frame.shape, dtype=np.bool_)
    mask[rows, columns] = _linear(np.pad(values, 1), down, across) > threshold
    return mask


def _inside(box: NDArray[np.float64], frame: Frame) -> tuple[slice, slice]:
    """Rows and columns of the picture whose centres lie in a box."""
    left, top, right, bottom = np.ceil(box - 0.5).astype(np.int64)
    height, width = frame.shape
    rows = slice(min(max(0, int(top)), height), min(max(0, int(bottom)), height))
    columns = slice(min(max(0, int(left)), width), min(max(0, int(right)), width))
    return rows, columns


def _centres(pixels: slice) -> NDArray[np.float64]:
    return np.arange(pixels.start, pixels.stop) + 0.5


def _linear(
    values: NDArray[np.floating], rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Values at fractional rows (M,) and columns (N,) of (h, w), bilinear: (M, N)."""

    def parts(places: NDArray[np.float64], size: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
        low = np.floor(places).clip(0, max(0, size - 2)).astype(np.intp)
        return low, np.minimum(low + 1, size - 1), places - low

    top, bottom, down = parts(rows, values.shape[0])
    left, right, across = parts(columns, values.shape[1])
    values = values.astype(np.float64)
    lines = values[top] * (1 - down)[:, None] + values[bottom] * down[:, None]
    return np.asarray(lines[:, left] * (1 - across) + lines[:, right] * across, dtype=np.float64)
