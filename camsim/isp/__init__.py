"""The image signal processor: every stage a profile may list under ``isp``, in the order they usually come."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from camsim.isp.additive_layer import AdditiveLayer, additive_layer
from camsim.isp.black_level import BlackLevel, black_level
from camsim.isp.clip import Clip, clip
from camsim.isp.color_matrix import (
    AffineColorMatrix,
    ColorCorrection,
    ColorMatrix,
    InterpolatedColorMatrix,
    RootPolynomialColorMatrix,
    color_matrix,
    color_matrix_affine,
    color_matrix_interpolated,
    color_matrix_root_polynomial,
)
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
from camsim.isp.gamma import (
    Bt709Gamma,
    CurveGamma,
    Gamma,
    PowerGamma,
    SrgbGamma,
    gamma_bt709,
    gamma_curve,
    gamma_power,
    gamma_srgb,
)
from camsim.isp.hue import Hue, hue
from camsim.isp.linearize import Linearize, linearize
from camsim.isp.lut3d import Lut3d, lut3d
from camsim.isp.saturation import Saturation, saturation
from camsim.isp.sharpen import (
    KernelSharpen,
    Sharpen,
    SharpeningFilter,
    UnsharpMask,
    sharpen_kernel,
    sharpening_filter,
    unsharp_mask,
)
from camsim.isp.tone import (
    AcesTone,
    FilmicTone,
    HableTone,
    ReinhardTone,
    SplineTone,
    Tone,
    tone_aces,
    tone_filmic,
    tone_hable,
    tone_reinhard,
    tone_spline,
)
from camsim.isp.white_balance import (
    Balance,
    GreyWorld,
    ShadesOfGrey,
    WhiteBalance,
    WhitePatch,
    white_balance,
    white_balance_grey_world,
    white_balance_shades_of_grey,
    white_balance_white_patch,
)

IspStage = Annotated[
    Linearize
    | BlackLevel
    | Demosaic
    | Balance
    | ColorCorrection
    | Tone
    | Saturation
    | Hue
    | Lut3d
    | Sharpen
    | Denoise
    | Clip
    | Gamma
    | AdditiveLayer,
    Field(discriminator="kind"),
]

__all__ = [
    "AcesTone",
    "AdditiveLayer",
    "AffineColorMatrix",
    "Balance",
    "BilateralDenoise",
    "Bilinear",
    "BlackLevel",
    "Bt709Gamma",
    "Clip",
    "ColorCorrection",
    "ColorMatrix",
    "CurveGamma",
    "Demosaic",
    "Denoise",
    "FilmicTone",
    "Gamma",
    "GaussianDenoise",
    "GreyWorld",
    "HableTone",
    "Hue",
    "InterpolatedColorMatrix",
    "IspStage",
    "KernelDenoise",
    "KernelSharpen",
    "Linearize",
    "Lut3d",
    "Malvar2004",
    "MedianDenoise",
    "Menon2007",
    "PowerGamma",
    "ReinhardTone",
    "RootPolynomialColorMatrix",
    "Saturation",
    "ShadesOfGrey",
    "Sharpen",
    "SharpeningFilter",
    "SplineTone",
    "SrgbGamma",
    "Tone",
    "UnsharpMask",
    "WhiteBalance",
    "WhitePatch",
    "additive_layer",
    "black_level",
    "clip",
    "color_matrix",
    "color_matrix_affine",
    "color_matrix_interpolated",
    "color_matrix_root_polynomial",
    "demosaic_bilinear",
    "demosaic_malvar2004",
    "demosaic_menon2007",
    "denoise_bilateral",
    "denoise_gaussian",
    "denoise_kernel",
    "denoise_median",
    "gamma_bt709",
    "gamma_curve",
    "gamma_power",
    "gamma_srgb",
    "hue",
    "linearize",
    "lut3d",
    "saturation",
    "sharpen_kernel",
    "sharpening_filter",
    "tone_aces",
    "tone_filmic",
    "tone_hable",
    "tone_reinhard",
    "tone_spline",
    "unsharp_mask",
    "white_balance",
    "white_balance_grey_world",
    "white_balance_shades_of_grey",
    "white_balance_white_patch",
]
