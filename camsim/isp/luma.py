"""Filtering the luma of an RGB image and leaving its chroma alone, as most ISPs sharpen and denoise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

Channels = Literal["luma", "rgb"]
"""What a spatial filter works on: Y of BT.601 YUV, or R, G and B each."""

LUMA = (0.299, 0.587, 0.114)
"""BT.601 luma weights."""


def filter_channels(rgb: Tensor, channels: Channels, spatial: Callable[[Tensor], Tensor]) -> Tensor:
    """Apply ``spatial`` to the luma or to each channel.

    Args:
        rgb: (B, 3, H, W).
        channels: with ``luma``, rgb + (filtered Y - Y): equal to going to YUV and back, since Y adds 1 to 1 to each of
            R, G, B.
        spatial: maps (B, C, H, W) to the same shape, channel by channel.

    Returns:
        (B, 3, H, W).
    """
    if channels == "rgb":
        return spatial(rgb)
    weights = torch.tensor(LUMA, dtype=rgb.dtype, device=rgb.device)
    luma = (rgb * weights[:, None, None]).sum(dim=-3, keepdim=True)
    return rgb + (spatial(luma) - luma)
