"""Sharpening methods."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from camsim.isp.sharpen.kernel import KernelSharpen, sharpen_kernel
from camsim.isp.sharpen.sharpening_filter import SharpeningFilter, sharpening_filter
from camsim.isp.sharpen.unsharp_mask import UnsharpMask, unsharp_mask
from camsim.isp.sharpen.unsharp_mask_threshold import UnsharpMaskThreshold, unsharp_mask_threshold

Sharpen = Annotated[
    SharpeningFilter | UnsharpMask | UnsharpMaskThreshold | KernelSharpen, Field(discriminator="method")
]

__all__ = [
    "KernelSharpen",
    "Sharpen",
    "SharpeningFilter",
    "UnsharpMask",
    "UnsharpMaskThreshold",
    "sharpen_kernel",
    "sharpening_filter",
    "unsharp_mask",
    "unsharp_mask_threshold",
]
