"""The image signal processor: every stage a profile may list under ``isp``, in the order they usually come."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from camsim.isp.black_level import BlackLevel, black_level
from camsim.isp.clip import Clip, clip
from camsim.isp.color_matrix import ColorMatrix, color_matrix
from camsim.isp.demosaic import (
    Bilinear,
    Demosaic,
    Malvar2004,
    Menon2007,
    demosaic_bilinear,
    demosaic_malvar2004,
    demosaic_menon2007,
)
from camsim.isp.denoise import (
    BilateralDenoise,
    Denoise,
    GaussianDenoise,
    MedianDenoise,
    denoise_bilateral,
    denoise_gaussian,
    denoise_median,
)
from camsim.isp.gamma import Gamma, PowerGamma, SrgbGamma, gamma_power, gamma_srgb
from camsim.isp.sharpen import Sharpen, SharpeningFilter, UnsharpMask, sharpening_filter, unsharp_mask
from camsim.isp.white_balance import WhiteBalance, white_balance

IspStage = Annotated[
    BlackLevel | Demosaic | WhiteBalance | ColorMatrix | Sharpen | Denoise | Clip | Gamma,
    Field(discriminator="kind"),
]

__all__ = [
    "BilateralDenoise",
    "Bilinear",
    "BlackLevel",
    "Clip",
    "ColorMatrix",
    "Demosaic",
    "Denoise",
    "Gamma",
    "GaussianDenoise",
    "IspStage",
    "Malvar2004",
    "MedianDenoise",
    "Menon2007",
    "PowerGamma",
    "Sharpen",
    "SharpeningFilter",
    "SrgbGamma",
    "UnsharpMask",
    "WhiteBalance",
    "black_level",
    "clip",
    "color_matrix",
    "demosaic_bilinear",
    "demosaic_malvar2004",
    "demosaic_menon2007",
    "denoise_bilateral",
    "denoise_gaussian",
    "denoise_median",
    "gamma_power",
    "gamma_srgb",
    "sharpening_filter",
    "unsharp_mask",
    "white_balance",
]
