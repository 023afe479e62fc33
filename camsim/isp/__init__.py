"""The image signal processor: every stage a profile may list under ``isp``, in the order they usually come."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from camsim.isp.additive_layer import AdditiveLayer, additive_layer
from camsim.isp.bin import Bin, bin_quads
from camsim.isp.black_level import BlackLevel, black_level
from camsim.isp.chroma_subsampling import ChromaSubsampling, chroma_subsampling
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
from camsim.isp.defect_pixel_correction import (
    DefectPixels,
    DynamicDefectPixels,
    MappedDefectPixels,
    defect_pixels_dynamic,
    defect_pixels_map,
)
from camsim.isp.demosaic import (
    Ahd,
    Bilinear,
    Demosaic,
    HalfSize,
    HamiltonAdams,
    Malvar2004,
    Menon2007,
    Mono,
    Rccb,
    XTrans,
    demosaic_ahd,
    demosaic_bilinear,
    demosaic_half_size,
    demosaic_hamilton_adams,
    demosaic_malvar2004,
    demosaic_menon2007,
    demosaic_mono,
    demosaic_rccb,
    demosaic_x_trans,
)
from camsim.isp.denoise import (
    BilateralDenoise,
    Denoise,
    FftDenoise,
    GaussianDenoise,
    GuidedDenoise,
    KernelDenoise,
    MedianDenoise,
    NlmDenoise,
    TvBregmanDenoise,
    TvChambolleDenoise,
    WaveletDenoise,
    denoise_bilateral,
    denoise_fft,
    denoise_gaussian,
    denoise_guided,
    denoise_kernel,
    denoise_median,
    denoise_nlm,
    denoise_tv_bregman,
    denoise_tv_chambolle,
    denoise_wavelet,
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
from camsim.isp.green_equalization import GreenEqualization, green_equalization
from camsim.isp.highlight_recovery import (
    BlendHighlights,
    ClipHighlights,
    HighlightRecovery,
    OpposedHighlights,
    UnclipHighlights,
    highlights_blend,
    highlights_clip,
    highlights_opposed,
    highlights_unclip,
)
from camsim.isp.hue import Hue, hue
from camsim.isp.jpeg import Jpeg, jpeg
from camsim.isp.lens_shading import (
    GridLensShading,
    LensShading,
    RadialLensShading,
    lens_shading_grid,
    lens_shading_radial,
)
from camsim.isp.linearize import Linearize, linearize
from camsim.isp.lut3d import Lut3d, lut3d
from camsim.isp.neural import Neural, neural
from camsim.isp.quad_remosaic import QuadRemosaic, quad_remosaic
from camsim.isp.resize import Resize, resize
from camsim.isp.rgb_ir import RgbIr, rgb_ir
from camsim.isp.saturation import Saturation, saturation
from camsim.isp.sharpen import (
    KernelSharpen,
    Sharpen,
    SharpeningFilter,
    UnsharpMask,
    UnsharpMaskThreshold,
    sharpen_kernel,
    sharpening_filter,
    unsharp_mask,
    unsharp_mask_threshold,
)
from camsim.isp.tone import (
    AcesTone,
    ClaheTone,
    FilmicTone,
    HableTone,
    LocalTone,
    ReinhardTone,
    SplineTone,
    Tone,
    tone_aces,
    tone_clahe,
    tone_filmic,
    tone_hable,
    tone_local,
    tone_reinhard,
    tone_spline,
)
from camsim.isp.white_balance import (
    Balance,
    CctBalance,
    CctCurve,
    GreyWorld,
    ShadesOfGrey,
    WhiteBalance,
    WhitePatch,
    white_balance,
    white_balance_cct,
    white_balance_cct_curve,
    white_balance_grey_world,
    white_balance_shades_of_grey,
    white_balance_white_patch,
)

IspStage = Annotated[
    Linearize
    | BlackLevel
    | DefectPixels
    | GreenEqualization
    | LensShading
    | Bin
    | QuadRemosaic
    | RgbIr
    | Demosaic
    | Balance
    | HighlightRecovery
    | ColorCorrection
    | Tone
    | Saturation
    | Hue
    | Lut3d
    | Resize
    | Sharpen
    | Denoise
    | Clip
    | Gamma
    | ChromaSubsampling
    | Jpeg
    | AdditiveLayer
    | Neural,
    Field(discriminator="kind"),
]

__all__ = [
    "AcesTone",
    "AdditiveLayer",
    "AffineColorMatrix",
    "Ahd",
    "Balance",
    "BilateralDenoise",
    "Bilinear",
    "Bin",
    "BlackLevel",
    "BlendHighlights",
    "Bt709Gamma",
    "CctBalance",
    "CctCurve",
    "ChromaSubsampling",
    "ClaheTone",
    "Clip",
    "ClipHighlights",
    "ColorCorrection",
    "ColorMatrix",
    "CurveGamma",
    "DefectPixels",
    "Demosaic",
    "Denoise",
    "DynamicDefectPixels",
    "FftDenoise",
    "FilmicTone",
    "Gamma",
    "GaussianDenoise",
    "GreenEqualization",
    "GreyWorld",
    "GridLensShading",
    "GuidedDenoise",
    "HableTone",
    "HalfSize",
    "HamiltonAdams",
    "HighlightRecovery",
    "Hue",
    "InterpolatedColorMatrix",
    "IspStage",
    "Jpeg",
    "KernelDenoise",
    "KernelSharpen",
    "LensShading",
    "Linearize",
    "LocalTone",
    "Lut3d",
    "Malvar2004",
    "MappedDefectPixels",
    "MedianDenoise",
    "Menon2007",
    "Mono",
    "Neural",
    "NlmDenoise",
    "OpposedHighlights",
    "PowerGamma",
    "QuadRemosaic",
    "RadialLensShading",
    "Rccb",
    "ReinhardTone",
    "Resize",
    "RgbIr",
    "RootPolynomialColorMatrix",
    "Saturation",
    "ShadesOfGrey",
    "Sharpen",
    "SharpeningFilter",
    "SplineTone",
    "SrgbGamma",
    "Tone",
    "TvBregmanDenoise",
    "TvChambolleDenoise",
    "UnclipHighlights",
    "UnsharpMask",
    "UnsharpMaskThreshold",
    "WaveletDenoise",
    "WhiteBalance",
    "WhitePatch",
    "XTrans",
    "additive_layer",
    "bin_quads",
    "black_level",
    "chroma_subsampling",
    "clip",
    "color_matrix",
    "color_matrix_affine",
    "color_matrix_interpolated",
    "color_matrix_root_polynomial",
    "defect_pixels_dynamic",
    "defect_pixels_map",
    "demosaic_ahd",
    "demosaic_bilinear",
    "demosaic_half_size",
    "demosaic_hamilton_adams",
    "demosaic_malvar2004",
    "demosaic_menon2007",
    "demosaic_mono",
    "demosaic_rccb",
    "demosaic_x_trans",
    "denoise_bilateral",
    "denoise_fft",
    "denoise_gaussian",
    "denoise_guided",
    "denoise_kernel",
    "denoise_median",
    "denoise_nlm",
    "denoise_tv_bregman",
    "denoise_tv_chambolle",
    "denoise_wavelet",
    "gamma_bt709",
    "gamma_curve",
    "gamma_power",
    "gamma_srgb",
    "green_equalization",
    "highlights_blend",
    "highlights_clip",
    "highlights_opposed",
    "highlights_unclip",
    "hue",
    "jpeg",
    "lens_shading_grid",
    "lens_shading_radial",
    "linearize",
    "lut3d",
    "neural",
    "quad_remosaic",
    "resize",
    "rgb_ir",
    "saturation",
    "sharpen_kernel",
    "sharpening_filter",
    "tone_aces",
    "tone_clahe",
    "tone_filmic",
    "tone_hable",
    "tone_local",
    "tone_reinhard",
    "tone_spline",
    "unsharp_mask",
    "unsharp_mask_threshold",
    "white_balance",
    "white_balance_cct",
    "white_balance_cct_curve",
    "white_balance_grey_world",
    "white_balance_shades_of_grey",
    "white_balance_white_patch",
]
