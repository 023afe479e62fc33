"""Where a pixel lies in the field of view.

Effects that depend on the place take the frame for the whole picture of the camera, whatever its number of pixels: its
corners are one half diagonal away from the optical axis, which goes through its centre.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def half_diagonal_px(height: int, width: int) -> float:
    """From the centre to the outer corner of the corner pixels, px."""
    return 0.5 * math.hypot(height, width)


def field_grid(height: int, width: int, device: torch.device | None = None) -> tuple[Tensor, Tensor]:
    """x and y of every pixel's centre, each (H, W) float64: 0 in the middle, one half diagonal at the corner."""
    radius = half_diagonal_px(height, width)
    y = (torch.arange(height, dtype=torch.float64, device=device) - (height - 1) / 2) / radius
    x = (torch.arange(width, dtype=torch.float64, device=device) - (width - 1) / 2) / radius
    rows, columns = torch.meshgrid(y, x, indexing="ij")
    return columns, rows
