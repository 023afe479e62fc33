"""Maps for the model's input brought to the picture's pixels in torch: `audit.decoders.resample.to_picture`, with a
gradient."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from audit.decoders.resample import axis_weights
from audit.frame import Frame

BLOCK = 2**23
"""Numbers of a map in the picture's pixels that are made at a time."""


def rows_of_picture(maps: Tensor, frame: Frame) -> Iterator[tuple[slice, Tensor]]:
    """(C, h, w) of the model's input -> blocks of rows of the picture: (rows, (C, rows, W)); seen or not."""
    (low, high, share), (left, right, part) = (
        tuple(torch.from_numpy(column) for column in axis_weights(frame, axis, maps.shape[1 + axis])) for axis in (0, 1)
    )
    share, part = share.to(maps.dtype), part.to(maps.dtype)
    height, width = frame.shape
    step = max(1, BLOCK // (maps.shape[0] * max(width, maps.shape[2])))
    for start in range(0, height, step):
        rows = slice(start, min(start + step, height))
        weight = share[rows][None, :, None]
        lines = maps[:, low[rows]] * (1 - weight) + maps[:, high[rows]] * weight
        yield rows, lines[:, :, left] * (1 - part) + lines[:, :, right] * part


def on_picture(maps: Tensor, frame: Frame) -> Tensor:
    """(C, h, w) -> (C, H, W)."""
    return torch.cat([block for _, block in rows_of_picture(maps, frame)], dim=1)
