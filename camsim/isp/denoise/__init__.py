"""Denoising methods."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from camsim.isp.denoise.bilateral import BilateralDenoise, denoise_bilateral
from camsim.isp.denoise.gaussian import GaussianDenoise, denoise_gaussian
from camsim.isp.denoise.kernel import KernelDenoise, denoise_kernel
from camsim.isp.denoise.median import MedianDenoise, denoise_median

Denoise = Annotated[GaussianDenoise | MedianDenoise | BilateralDenoise | KernelDenoise, Field(discriminator="method")]

__all__ = [
    "BilateralDenoise",
    "Denoise",
    "GaussianDenoise",
    "KernelDenoise",
    "MedianDenoise",
    "denoise_bilateral",
    "denoise_gaussian",
    "denoise_kernel",
    "denoise_median",
]
