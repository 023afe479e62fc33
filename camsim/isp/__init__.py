"""The image signal processor: every stage a profile may list under ``isp``, in the order they usually come."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from camsim.isp.additive_layer import AdditiveLayer, additive_layer
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
    KernelDenoise,
    MedianDenoise,
    denoise_bilateral,
    denoise_gaussian,
    denoise_kernel,
    denoise_median,
)
from camsim.isp.gamma import Gamma, PowerGamma, SrgbGamma, gamma_power, gamma_srgb
from camsim.isp.sharpen import (
    KernelSharpen,
    Sharpen,
    SharpeningFilter,
    UnsharpMask,
    sharpen_kernel,
    sharpening_filter,
    unsharp_mask,
)
from camsim.isp.white_balance import WhiteBalance, white_balance

IspStage = Annotated[
    BlackLevel | Demosaic | WhiteBalance | ColorMatrix | Sharpen | Denoise | Clip | Gamma | AdditiveLayer,
    Field(discriminator="kind"),
]

__all__ = [
    "AdditiveLayer",
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
    "KernelDenoise",
    "KernelSharpen",
    "Malvar2004",
    "MedianDenoise",
    "Menon2007",
    "PowerGamma",
    "Sharpen",
    "SharpeningFilter",
    "SrgbGamma",
    "UnsharpMask",
    "WhiteBalance",
    "additive_layer",
    "black_level",
    "clip",
    "color_matrix",
    "demosaic_bilinear",
    "demosaic_malvar2004",
    "demosaic_menon2007",
    "denoise_bilateral",
    "denoise_gaussian",
    "denoise_kernel",
    "denoise_median",
    "gamma_power",
    "gamma_srgb",
    "sharpen_kernel",
    "sharpening_filter",
    "unsharp_mask",
    "white_balance",
]
