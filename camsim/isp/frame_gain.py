"""Gains that depend on the place in the frame, on mosaics and on RGB."""

from __future__ import annotations

import torch
from torch import Tensor

from camsim.cfa import cell, spread


def apply_gains(image: Tensor, gains: Tensor, cfa: str) -> Tensor:
    """Multiply by gains for each place.

    Args:
        image: (B, 1, H, W) mosaic or (B, 3, H, W) RGB.
        gains: (1, H, W) for all colours, or (3, H, W) for R, G and B.
        cfa: layout of the mosaic's top-left cell. Pixels that see neither red, green nor blue get the gain of green.

    Returns:
        As ``image``.
    """
    if image.shape[-3] == 1 and gains.shape[-3] == 3:
        height, width = image.shape[-2:]
        number = torch.tensor([["RB".find(site) for site in row] for row in cell(cfa)])
        index = spread(number.to(gains.device), height, width)
        gains = torch.where(index == 0, gains[0], torch.where(index == 1, gains[2], gains[1]))[None]
    return image * gains
