"""Correlation of planes with a small kernel, shared by sharpening and denoising."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from camsim.border import mirror_pad


def correlate(planes: Tensor, kernel: Tensor) -> Tensor:
    """Each plane correlated with the kernel: out[y, x] = sum of kernel[j, i] · in[y + j - r, x + i - r].

    Args:
        planes: (B, C, H, W).
        kernel: (2r + 1, 2r + 1), not flipped: as scipy.ndimage.correlate and torch.nn.Conv2d take it.

    Returns:
        (B, C, H, W). Border: mirror without the edge pixel.
    """
    count, side = planes.shape[1], kernel.shape[-1]
    return F.conv2d(mirror_pad(planes, side // 2), kernel.expand(count, 1, side, side), groups=count)
