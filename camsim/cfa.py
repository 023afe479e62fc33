"""The Bayer colour filter array: which colour each pixel sees, and the format of a raw mosaic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

Bayer = Literal["RGGB", "BGGR", "GRBG", "GBRG"]
"""The 2x2 cell read row by row from the top-left pixel."""


@dataclass(frozen=True)
class RawFormat:
    """How a mosaic's digital numbers are to be read, in DN as they lie in the file (after justification)."""

    cfa: Bayer
    black: tuple[float, float, float, float]
    """Pedestal for each site of the CFA cell, row by row."""
    white: tuple[float, float, float, float]
    full_scale: float
    """The largest DN that the container holds; it divides the signal where a profile does not rescale to white."""


def site_index(height: int, width: int, device: torch.device | None = None) -> Tensor:
    """Number of the CFA site (0..3, row by row) of each pixel: (H, W), int64."""
    y = torch.arange(height, device=device) % 2
    x = torch.arange(width, device=device) % 2
    return 2 * y[:, None] + x[None, :]


def per_site(values: Tensor, height: int, width: int) -> Tensor:
    """Spread four per-site values (4,) over a frame: (H, W); odd sizes are cut, never shifted."""
    # Chosen rather than tiled and cut: that way it is traced for sizes that are not known yet.
    even_rows = (torch.arange(height, device=values.device) % 2 == 0)[:, None]
    even_columns = torch.arange(width, device=values.device) % 2 == 0
    upper = torch.where(even_columns, values[0], values[1])
    lower = torch.where(even_columns, values[2], values[3])
    return torch.where(even_rows, upper, lower)


def color_masks(cfa: Bayer, height: int, width: int, *, like: Tensor) -> Tensor:
    """1 where a pixel sees R, G or B, else 0: (3, H, W) in the dtype and on the device of ``like``."""
    cells = torch.tensor([[float(site == color) for site in cfa] for color in "RGB"])
    masks = torch.stack([per_site(cell, height, width) for cell in cells])
    return masks.to(dtype=like.dtype, device=like.device)


def mosaic(rgb: Tensor, cfa: Bayer) -> Tensor:
    """Keep the one colour that each pixel's filter lets through: (B, 3, H, W) -> (B, 1, H, W)."""
    masks = color_masks(cfa, rgb.shape[-2], rgb.shape[-1], like=rgb)
    return (rgb * masks).sum(dim=-3, keepdim=True)
