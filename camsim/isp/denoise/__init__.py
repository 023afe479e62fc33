"""Denoising methods."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from camsim.isp.denoise.bilateral import BilateralDenoise, denoise_bilateral
from camsim.isp.denoise.fft import FftDenoise, denoise_fft
from camsim.isp.denoise.gaussian import GaussianDenoise, denoise_gaussian
from camsim.isp.denoise.guided import GuidedDenoise, denoise_guided
from camsim.isp.denoise.kernel import KernelDenoise, denoise_kernel
from camsim.isp.denoise.median import MedianDenoise, denoise_median
from camsim.isp.denoise.nlm import NlmDenoise, denoise_nlm
from camsim.isp.denoise.tv_bregman import TvBregmanDenoise, denoise_tv_bregman
from camsim.isp.denoise.tv_chambolle import TvChambolleDenoise, denoise_tv_chambolle
from camsim.isp.denoise.wavelet import WaveletDenoise, denoise_wavelet

Denoise = Annotated[
    GaussianDenoise
    | MedianDenoise
    | BilateralDenoise
    | NlmDenoise
    | GuidedDenoise
    | WaveletDenoise
    | TvChambolleDenoise
    | TvBregmanDenoise
    | FftDenoise
    | KernelDenoise,
    Field(discriminator="method"),
]

__all__ = [
    "BilateralDenoise",
    "Denoise",
    "FftDenoise",
    "GaussianDenoise",
    "GuidedDenoise",
    "KernelDenoise",
    "MedianDenoise",
    "NlmDenoise",
    "TvBregmanDenoise",
    "TvChambolleDenoise",
    "WaveletDenoise",
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
]
