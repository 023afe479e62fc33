"""Pictures at other places than whole pixels."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

Interpolation = Literal["bicubic", "bilinear"]


def resample(plane: Tensor, x: Tensor, y: Tensor, interpolation: Interpolation) -> Tensor:
    """A picture's values at given places; beyond its edge it goes on mirrored, without repeating the edge pixel.

    Args:
        plane: (B, 1, H, W).
        x: (H, W) column, px; 0 is the centre of the first.
        y: (H, W) row, px.
        interpolation: ``bicubic`` is Keys' kernel with a = -0.75, as in OpenCV; it overshoots at edges. ``bilinear``
            does not, and loses more detail; its gradient jumps where a place crosses a pixel's centre.

    Returns:
        (B, 1, H, W).
    """
    height, width = plane.shape[-2:]
    grid = torch.stack([2 * x / (width - 1) - 1, 2 * y / (height - 1) - 1], dim=-1).to(plane.dtype)
    places = grid.expand(plane.shape[0], -1, -1, -1)
    return F.grid_sample(plane, places, mode=interpolation, padding_mode="reflection", align_corners=True)
