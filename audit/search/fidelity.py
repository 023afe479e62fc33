"""How close a picture stays to the reference's, and what a search is allowed or charged for leaving it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

import torch
from kornia.color import rgb_to_lab
from torch import Tensor
from torch.nn.functional import conv2d, interpolate

from camsim.errors import CamsimError

Measure = Literal["ssim", "psnr", "l2", "delta_e"]
"""Structural similarity; peak signal-to-noise ratio, dB; root mean square difference; mean colour difference."""

_WINDOW, _SIGMA, _C1, _C2 = 11, 1.5, 0.01**2, 0.03**2
_MAX_PSNR = 100.0
"""dB, of equal pictures, so that a mean over pictures exists."""


def ssim(images: Tensor, references: Tensor) -> Tensor:
    """Mean structural similarity of each picture, (B,), in [-1, 1]: 1 for equal ones.

    Both (B, 3, H, W) in [0, 1]. Wang et al., IEEE Trans. Image Process. 13 (2004) 600-612: a Gaussian window of 11 px
    (of what fits into smaller pictures) and sigma 1.5, each channel by itself, without the border.
    """
    side = min(images.shape[-2:])
    kernel = _gaussian(min(_WINDOW, side - 1 + side % 2)).to(images)
    parts = torch.stack([images, references, images**2, references**2, images * references])
    planes = parts.flatten(0, 2)[:, None]
    smooth = conv2d(conv2d(planes, kernel[None, None, None]), kernel[None, None, :, None])
    x, y, xx, yy, xy = smooth.reshape(*parts.shape[:3], *smooth.shape[-2:])
    luminance = (2 * x * y + _C1) / (x**2 + y**2 + _C1)
    structure = (2 * (xy - x * y) + _C2) / (xx - x**2 + yy - y**2 + _C2)
    similarity: Tensor = (luminance * structure).flatten(1).mean(dim=1)
    return similarity


def l2(images: Tensor, references: Tensor) -> Tensor:
    """Root mean square difference of each picture, (B,), in [0, 1]; its gradient where both are equal is 0."""
    difference = (images - references).flatten(1)
    norm: Tensor = torch.linalg.vector_norm(difference, dim=1)
    return norm / math.sqrt(difference.shape[1])


def psnr(images: Tensor, references: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of each picture, (B,), in dB for a peak of 1; 100 at most."""
    return -20 * torch.log10(l2(images, references).clamp_min(10 ** (-_MAX_PSNR / 20)))


def delta_e(images: Tensor, references: Tensor) -> Tensor:
    """Mean CIE 1976 colour difference of each picture, (B,), for sRGB under D65: about 1 can just be seen."""
    difference = rgb_to_lab(images) - rgb_to_lab(references)
    norm: Tensor = torch.linalg.vector_norm(difference, dim=1)
    return norm.mean(dim=(1, 2))


def measure(name: Measure, images: Tensor, references: Tensor) -> Tensor:
    """One of the four, by name: (B, 3, H, W) each, display-encoded in [0, 1] -> (B,), differentiable.

    Images of another size are compared on the references' grid (see `on_grid`): what a smaller picture no longer shows
    counts as a difference, what a larger one shows beyond the reference does not.
    """
    shown = on_grid(images, (references.shape[-2], references.shape[-1]))
    return {"ssim": ssim, "psnr": psnr, "l2": l2, "delta_e": delta_e}[name](shown, references)


def on_grid(images: Tensor, size: tuple[int, int]) -> Tensor:
    """(B, 3, H, W) -> (B, 3, *size): bilinear, and where it shrinks antialiased, as Pillow does; as it is where of that
    size already."""
    if tuple(images.shape[-2:]) == size:
        return images
    return interpolate(images, size, mode="bilinear", align_corners=False, antialias=True)


def distance(name: Measure, value: Tensor) -> Tensor:
    """The measure as a distance that is 0 for equal pictures: 1 - SSIM, the RMS difference of a PSNR, or itself."""
    if name == "ssim":
        return 1 - value
    return 10 ** (-value / 20) if name == "psnr" else value


@dataclass(frozen=True)
class Bound:
    """A hard limit on the mean over samples: at least this SSIM or PSNR, at most this RMS or colour difference."""

    measure: Measure
    limit: float

    def __post_init__(self) -> None:
        _check_measure(self.measure)
        allowed = {"ssim": "[-1, 1)", "psnr": "(0, 100)", "l2": "(0, 1]", "delta_e": "(0, inf)"}[self.measure]
        inside = {
            "ssim": -1 <= self.limit < 1,
            "psnr": 0 < self.limit < _MAX_PSNR,
            "l2": 0 < self.limit <= 1,
            "delta_e": 0 < self.limit < math.inf,
        }[self.measure]
        if not inside:
            raise CamsimError(
                f"a bound on {self.measure} must lie in {allowed}, got {self.limit:g}: any other leaves no camera, or "
                "only one that gives the reference's own pictures"
            )

    def holds(self, fidelity: float) -> bool:
        """Whether a mean fidelity is within the bound."""
        return fidelity >= self.limit if self.measure in ("ssim", "psnr") else fidelity <= self.limit

    def excess(self, fidelity: Tensor) -> Tensor:
        """How far the distance goes beyond that of the bound, as a fraction of it; negative within. Differentiable."""
        allowed = distance(self.measure, torch.tensor(self.limit, dtype=fidelity.dtype))
        return distance(self.measure, fidelity) / allowed - 1


@dataclass(frozen=True)
class Weight:
    """A price: the search raises loss - weight * distance, where the distance is 1 - SSIM, or the RMS or colour
    difference, in the mean over samples. The lambda of the seed system."""

    measure: Measure
    weight: float

    def __post_init__(self) -> None:
        _check_measure(self.measure)
        if self.measure == "psnr":
            raise CamsimError("a weight on psnr is not offered: it is a logarithm of l2; take l2")
        if not 0 <= self.weight < math.inf:
            raise CamsimError(f"a weight must be a finite number of at least 0, got {self.weight:g}")


def _check_measure(name: str) -> None:
    if name not in get_args(Measure):
        raise CamsimError(f"unknown measure {name!r}: it must be one of {', '.join(get_args(Measure))}")


@cache
def _gaussian(size: int) -> Tensor:
    with torch.inference_mode(mode=False):  # what is kept from the first call must also serve gradients
        x = torch.arange(size, dtype=torch.float64) - size // 2
        weights = torch.exp(-0.5 * (x / _SIGMA) ** 2)
        return weights / weights.sum()
