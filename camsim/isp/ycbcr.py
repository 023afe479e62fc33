"""Y'CbCr: brightness and two differences of colour, as codes of a few bits, and fewer samples of the latter."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import torch
from torch import Tensor

Matrix = Literal["bt601", "bt709", "bt2020"]
Levels = Literal["full", "limited"]
Subsampling = Literal["4:4:4", "4:2:2", "4:2:0"]
Siting = Literal["center", "left", "top_left"]
Upsampling = Literal["linear", "nearest"]

WEIGHTS: Mapping[Matrix, tuple[float, float]] = MappingProxyType(
    {
        "bt601": (0.299, 0.114),
        "bt709": (0.2126, 0.0722),
        "bt2020": (0.2627, 0.0593),
    }
)
"""Kr and Kb; Kg is what is left of 1."""


def rgb_to_ycbcr(rgb: Tensor, matrix: Matrix) -> Tensor:
    """Y' in [0, 1], Cb and Cr in [-1/2, 1/2] of R'G'B' in [0, 1]: (B, 3, H, W) each.

    Y' = Kr R' + Kg G' + Kb B', Cb = (B' - Y') / (2 (1 - Kb)), Cr = (R' - Y') / (2 (1 - Kr)). Source: ITU-R BT.601-7,
    BT.709-6 and BT.2020-2 (non-constant luminance).
    """
    red, blue = WEIGHTS[matrix]
    r, g, b = rgb.unbind(-3)
    luma = red * r + (1 - red - blue) * g + blue * b
    return torch.stack([luma, (b - luma) / (2 * (1 - blue)), (r - luma) / (2 * (1 - red))], dim=-3)


def ycbcr_to_rgb(ycbcr: Tensor, matrix: Matrix) -> Tensor:
    """The inverse of `rgb_to_ycbcr`."""
    red, blue = WEIGHTS[matrix]
    luma, cb, cr = ycbcr.unbind(-3)
    r, b = luma + 2 * (1 - red) * cr, luma + 2 * (1 - blue) * cb
    g = (luma - red * r - blue * b) / (1 - red - blue)
    return torch.stack([r, g, b], dim=-3)


def to_codes(ycbcr: Tensor, levels: Levels, bits: int) -> Tensor:
    """What stands for Y', Cb, Cr in a file of that many bits, not yet rounded: (B, 3, H, W).

    full: Y' (2^n - 1), C (2^n - 1) + 2^(n-1); limited: (219 Y' + 16) 2^(n-8), (224 C + 128) 2^(n-8). Source: ITU-R
    BT.2100-2, table 9; full range of 8 bits is that of JPEG's JFIF.
    """
    scale, offset = _coding(ycbcr, levels, bits)
    return ycbcr * scale + offset


def from_codes(codes: Tensor, levels: Levels, bits: int) -> Tensor:
    """The inverse of `to_codes`."""
    scale, offset = _coding(codes, levels, bits)
    return (codes - offset) / scale


def _coding(like: Tensor, levels: Levels, bits: int) -> tuple[Tensor, Tensor]:
    """Scale and offset (3, 1, 1) of Y', Cb, Cr."""
    half, top = 2.0 ** (bits - 1), 2.0**bits - 1
    step = 2.0 ** (bits - 8)
    luma, chroma = ((219 * step, 16 * step), (224 * step, half)) if levels == "limited" else ((top, 0.0), (top, half))
    numbers = torch.tensor([luma, chroma, chroma], dtype=like.dtype, device=like.device)[..., None, None]
    return numbers[:, 0], numbers[:, 1]


def subsample(chroma: Tensor, subsampling: Subsampling, siting: Siting) -> Tensor:
    """One sample of colour for two or four pixels: (B, C, H, W) -> (B, C, H // 2, W // 2), or what is halved of it.

    A sample midway between two pixels is their mean; one that lies on a pixel is 1/4, 1/2, 1/4 of it and its
    neighbours, the usual filters of encoders. For the neighbour before the first, the other end stands in: cut it off.
    """
    for dim in _halved(subsampling):
        even, odd = _pairs(chroma, dim)
        chroma = (odd.roll(1, dim) + 2 * even + odd) / 4 if _on_pixel(dim, siting) else (even + odd) / 2
    return chroma


def upsample(chroma: Tensor, subsampling: Subsampling, siting: Siting, upsampling: Upsampling) -> Tensor:
    """The way back: the sample of each pair (``nearest``), or ``linear`` between samples. Ends as in `subsample`."""
    for dim in _halved(subsampling):
        first = second = chroma
        if upsampling == "linear" and _on_pixel(dim, siting):
            second = (chroma + chroma.roll(-1, dim)) / 2
        elif upsampling == "linear":
            first, second = (3 * chroma + chroma.roll(1, dim)) / 4, (3 * chroma + chroma.roll(-1, dim)) / 4
        chroma = torch.stack([first, second], dim=dim).flatten(dim - 1, dim)
    return chroma


def _halved(subsampling: Subsampling) -> tuple[int, ...]:
    return {"4:4:4": (), "4:2:2": (-1,), "4:2:0": (-2, -1)}[subsampling]


def _on_pixel(dim: int, siting: Siting) -> bool:
    """Whether the samples lie on the first pixel of their pair, or midway."""
    return siting == "top_left" or (siting == "left" and dim == -1)


def _pairs(image: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """First and second of each whole pair of columns or rows."""
    whole = image.shape[dim] // 2 * 2
    if dim == -1:
        return image[..., 0:whole:2], image[..., 1:whole:2]
    return image[..., 0:whole:2, :], image[..., 1:whole:2, :]
