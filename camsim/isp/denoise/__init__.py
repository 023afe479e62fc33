"""Denoising methods."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from camsim.isp.denoise.bilateral import BilateralDenoise, denoise_bilateral
from camsim.isp.denoise.gaussian import GaussianDenoise, denoise_gaussian
from camsim.isp.denoise.median import MedianDenoise, denoise_median

Denoise = Annotated[GaussianDenoise | MedianDenoise | BilateralDenoise, Field(discriminator="method")]

__all__ = [
    "BilateralDenoise",
    "Denoise",
    "GaussianDenoise",
    "MedianDenoise",
    "denoise_bilateral",
    "denoise_gaussian",
    "denoise_median",
]
