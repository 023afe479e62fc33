"""Filtering the luma of an RGB image alone, its chroma alone, or all of it, as ISPs sharpen and denoise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

Channels = Literal["luma", "rgb"]
"""What a spatial filter works on: Y of BT.601 YUV, or R, G and B each."""
DenoiseChannels = Literal["luma", "chroma", "rgb"]
"""The same of a denoiser, which may also work on U and V of BT.601 YUV, and leave Y alone."""

LUMA = (0.299, 0.587, 0.114)
"""BT.601 luma weights."""
U_SCALE, V_SCALE = 0.436 / (1 - LUMA[2]), 0.615 / (1 - LUMA[0])
"""U = U_SCALE (B - Y) lies in ±0.436 for R, G and B in [0, 1]; V = V_SCALE (R - Y) in ±0.615."""


def luma(rgb: Tensor) -> Tensor:
    """Y of BT.601: (B, 3, H, W) -> (B, 1, H, W)."""
    weights = torch.tensor(LUMA, dtype=rgb.dtype, device=rgb.device)
    return (rgb * weights[:, None, None]).sum(dim=-3, keepdim=True)


def filter_channels(rgb: Tensor, channels: DenoiseChannels, spatial: Callable[[Tensor], Tensor]) -> Tensor:
    """Apply ``spatial`` to the luma, the chroma or each channel.

    Args:
        rgb: (B, 3, H, W).
        channels: with ``luma``, rgb + (filtered Y - Y): equal to going to YUV and back, since Y adds 1 to 1 to each of
            R, G, B. With ``chroma``, what going to YUV, filtering U and V, and going back gives; Y stays.
        spatial: maps (B, C, H, W) to the same shape, channel by channel.

    Returns:
        (B, 3, H, W).
    """
    if channels == "rgb":
        return spatial(rgb)
    y = luma(rgb)
    if channels == "luma":
        return rgb + (spatial(y) - y)
    uv = chroma(rgb, y)
    return add_chroma(rgb, spatial(uv) - uv)


def chroma(rgb: Tensor, y: Tensor) -> Tensor:
    """U and V of BT.601: (B, 3, H, W) and its luma (B, 1, H, W) -> (B, 2, H, W)."""
    return torch.cat([U_SCALE * (rgb[..., 2:, :, :] - y), V_SCALE * (rgb[..., :1, :, :] - y)], dim=-3)


def add_chroma(rgb: Tensor, change: Tensor) -> Tensor:
    """Move the colours by ``change``, (B, 2, H, W) in U and V; the luma stays."""
    blue, red = change[..., :1, :, :] / U_SCALE, change[..., 1:, :, :] / V_SCALE
    green = (LUMA[0] * red + LUMA[2] * blue) / -LUMA[1]
    return rgb + torch.cat([red, green, blue], dim=-3)
