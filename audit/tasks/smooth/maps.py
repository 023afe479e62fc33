"""Maps for the model's input brought to the picture's pixels in torch: `audit.decoders.resample.to_picture`, with a
gradient."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

import torch
from numpy.typing import NDArray
from torch import Tensor

from audit.decoders.resample import axis_weights
from audit.frame import Frame
from camsim.errors import CamsimError

A = TypeVar("A", bound=NDArray[Any])

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


def expected_map(truth: A | None, answer: A | None, frame: Frame, what: str) -> A:
    """What a map (H, W) in the picture's pixels is compared with: the truth, else the answer under the reference.

    Raises:
        CamsimError: there is neither ``what`` nor an answer, or it is of another size.
    """
    found = answer if truth is None else truth
    if found is None:
        raise CamsimError(f"a sample has neither {what} nor an answer under the reference")
    if found.shape != frame.shape:
        raise CamsimError(f"the answer is of {frame.shape} pixels, what it is compared with of {found.shape}")
    return found
