"""Chains, mosaics and error bounds for the tests of the fused path."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

import camsim
from camsim.emulator import Isp
from camsim.isp import (
    AcesTone,
    AdditiveLayer,
    BilateralDenoise,
    Bilinear,
    BlackLevel,
    Bt709Gamma,
    ColorMatrix,
    CurveGamma,
    FilmicTone,
    GaussianDenoise,
    Hue,
    InterpolatedColorMatrix,
    KernelDenoise,
    KernelSharpen,
    Malvar2004,
    MedianDenoise,
    Menon2007,
    PowerGamma,
    RadialLensShading,
    Saturation,
    SharpeningFilter,
    SplineTone,
    SrgbGamma,
    UnsharpMask,
    WhiteBalance,
)
from camsim.kernels import run
from camsim.profile import Profile
from camsim.spec import StageSpec

StageDict = dict[str, Any]

BLACK: StageDict = {"kind": "black_level"}
NOT_NORMALISED: StageDict = {"kind": "black_level", "normalize": False}
BILINEAR: StageDict = {"kind": "demosaic", "method": "bilinear"}
MALVAR: StageDict = {"kind": "demosaic", "method": "malvar2004"}
MENON: StageDict = {"kind": "demosaic", "method": "menon2007"}
WB: StageDict = {"kind": "white_balance", "gains": [1.4, 1.0, 1.2]}
CCM: StageDict = {"kind": "color_matrix", "matrix": [[1.5, -0.3, -0.2], [-0.2, 1.7, -0.5], [0.05, -0.3, 1.25]]}
CLIP: StageDict = {"kind": "clip"}
POWER: StageDict = {"kind": "gamma", "encoding": "power", "gamma": 2.2}
SRGB: StageDict = {"kind": "gamma", "encoding": "srgb"}

FLOAT32 = 2.0**-23
PHASES = ("RGGB", "BGGR", "GRBG", "GBRG")


def clip(low: float, high: float) -> StageDict:
    return {"kind": "clip", "low": low, "high": high}


def cross(channels: str = "luma") -> StageDict:
    return {"kind": "sharpen", "method": "sharpening_filter", "channels": channels}


def unsharp(channels: str = "luma", axis: str = "both", radius: float = 1.0, amount: float = 0.7) -> StageDict:
    numbers = {"radius": radius, "amount": amount}
    return {"kind": "sharpen", "method": "unsharp_mask", "channels": channels, "axis": axis} | numbers


def gaussian(channels: str = "luma", sigma: float = 0.8) -> StageDict:
    return {"kind": "denoise", "method": "gaussian", "sigma": sigma, "channels": channels}


def bilateral(channels: str = "luma", sigma: float = 0.8, difference: float = 0.1) -> StageDict:
    sigmas = {"sigma_spatial": sigma, "sigma_range": difference}
    return {"kind": "denoise", "method": "bilateral", "channels": channels, **sigmas}


def median(channels: str = "luma", size: int = 3) -> StageDict:
    return {"kind": "denoise", "method": "median", "size": size, "channels": channels}


def chain(*isp: StageDict, cfa: str = "RGGB") -> Profile:
    """A camera with this ISP and another black level at each site of the CFA."""
    sensor = {
        "cfa": cfa,
        "bit_depth": 12,
        "black_level": [256.0, 240.0, 270.0, 262.0],
        "white_level": 4095,
        "system_gain": 0.5,
        "full_well": 10000,
        "read_noise": 3.0,
        "response": {"kind": "matrix", "matrix": [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]},
    }
    return Profile.model_validate({"camsim": 1, "name": "lab/x", "title": "x", "sensor": sensor, "isp": list(isp)})


def mosaic(
    profile: Profile, batch: int, height: int, width: int, *, low: float = 0.15, high: float = 0.6, seed: int = 0
) -> Tensor:
    """A smooth picture with noise on every pixel, float32 DN; ``low`` and ``high`` in units of white - black.

    The values are not whole, so that no two differences are equal by accident: where Menon's directions tie, rounding
    would choose.
    """
    generator = torch.Generator().manual_seed(seed)
    y, x = torch.meshgrid(torch.arange(height) / 9, torch.arange(width) / 7, indexing="ij")
    smooth = 0.5 + 0.25 * torch.sin(x + 0.5) * torch.cos(y)
    light = smooth + 0.5 * (torch.rand(batch, 1, height, width, generator=generator) - 0.5)
    form = profile.raw_format
    black, white = max(form.black), min(form.white)
    return (black + (low + (high - low) * light) * (white - black)).clamp(0, form.full_scale)


@contextmanager
def threads(count: int) -> Iterator[None]:
    """So many threads, for however small a frame."""
    before, alone = torch.get_num_threads(), run.ALONE
    torch.set_num_threads(count)
    run.ALONE = 0
    try:
        yield
    finally:
        torch.set_num_threads(before)
        run.ALONE = alone


def developed(profile: Profile, raw: Tensor, **how: Any) -> Tensor:
    with torch.no_grad():
        return camsim.compile(profile, **how).develop(raw)


def exact_and_bound(profile: Profile, raw: Tensor) -> tuple[Tensor, Tensor]:
    """The image in float64, and how far off float32 may be at each pixel.

    The bound is the textbook one, stage by stage: what comes in wrong grows by at most the stage's sum of absolute
    weights, a curve passes it on by how far it moves there, and each result is rounded a few times. No measured factor.
    """
    isp = Isp(profile).double()
    image = raw.double()
    error = torch.zeros(())
    with torch.no_grad():
        for spec, stage in zip(profile.resolved_isp(), isp.children(), strict=True):
            before, image = image, stage(image)
            if isinstance(spec, PowerGamma | SrgbGamma | Bt709Gamma | CurveGamma | SplineTone | AcesTone | FilmicTone):
                error = torch.maximum(
                    (stage(before + error) - image).abs(), (stage(before - error) - image).abs()
                ) + 8 * FLOAT32 * image.abs().clamp_min(0.1)
            elif spec.kind != "clip":
                operand = (
                    before.abs().max() * _growth(spec, stage) if spec.kind != "black_level" else _lifted(before, image)
                )
                error = _growth(spec, stage) * error.max() + 4 * FLOAT32 * torch.maximum(operand, image.abs().max())
    return image, error


def _lifted(raw: Tensor, linear: Tensor) -> Tensor:
    """Size of raw / scale and of black / scale, whose difference is taken."""
    return linear.abs().max() * 2 + 0.2


def _growth(spec: StageSpec, stage: torch.nn.Module) -> float:
    """Sum of absolute weights."""
    match spec:
        case BlackLevel() | AdditiveLayer():
            return 1
        case Bilinear():
            return 1
        case Malvar2004():
            return 2.5
        case Menon2007():
            return 10
        case WhiteBalance():
            return max(abs(gain) for gain in spec.gains)
        case Saturation() | Hue() | InterpolatedColorMatrix():
            units = torch.eye(3, dtype=torch.float64)[None, :, None]
            mixed: Tensor = stage(units)[0, :, 0]
            return float(mixed.abs().sum(dim=1).max())
        case ColorMatrix():
            return max(sum(abs(entry) for entry in row) for row in spec.matrix)
        case SharpeningFilter():
            return 9
        case UnsharpMask():
            return 1 + 2 * spec.amount
        case KernelSharpen() | KernelDenoise():
            alone = sum(abs(tap) for row in spec.kernel for tap in row)
            return _filtered(spec.channels, alone)
        case GaussianDenoise() | MedianDenoise():
            return _filtered(spec.channels, 1)
        case RadialLensShading():
            return 1 + sum(abs(k) for k in np.ravel(spec.coefficients))
        case BilateralDenoise():
            # Weights change with the differences: by at most the variance of these under the weights, in units of
            # sigma_range², which is below 2 log of the window's pixels.
            window = (2 * spec.reach + 1) ** 2
            alone = 1 + 2 * (1 + 2 * math.log(window))
            return alone if spec.channels == "rgb" else alone + 2
    raise NotImplementedError(spec)


def _filtered(channels: str, alone: float) -> float:
    """Of a filter of R, G and B each, of the luma, or of the chroma: colour less luma, at most twice as large."""
    return {"rgb": alone, "luma": 2 + alone, "chroma": 3 + 2 * alone}[channels]
