"""Bilateral denoising: a Gaussian blur that stops at edges."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal

import torch
from torch import Tensor

from camsim.border import mirror_pad
from camsim.cfa import RawFormat
from camsim.isp.luma import DenoiseChannels, filter_channels
from camsim.spec import Domain, Form, Quantity, Range, Stage, StageSpec

TRUNCATE = 2.5
"""The window ends at this many sigmas; beyond lies less than 2 % of a Gaussian's weight in one dimension."""


def _window_radius(sigma: float) -> int:
    """Pixels on each side of the centre."""
    return max(1, math.ceil(TRUNCATE * sigma))


def denoise_bilateral(
    rgb: Tensor, sigma_spatial: Tensor, sigma_range: Tensor, *, radius: int, channels: DenoiseChannels = "luma"
) -> Tensor:
    """Mean of a window, weighted by closeness in place and in value.

    Weights are exp(-distance² / (2 sigma_spatial²) - difference² / (2 sigma_range²)), over a square window. Source: C.
    Tomasi, R. Manduchi, "Bilateral filtering for gray and color images", ICCV 1998.

    Args:
        rgb: (B, 3, H, W).
        sigma_spatial: () px.
        sigma_range: () in units of the image.
        radius: pixels on each side of the centre.
        channels: on the luma, the chroma (U and V), or each of R, G, B by itself.

    Returns:
        (B, 3, H, W). Same as kornia.filters.bilateral_blur, without its copies of the image for every pixel of the
        window; and not as scikit-image, whose table of weights is read askew (0.26). Differentiable everywhere.
    """
    return filter_channels(rgb, channels, lambda planes: _bilateral(planes, sigma_spatial, sigma_range, radius))


def _bilateral(planes: Tensor, sigma_spatial: Tensor, sigma_range: Tensor, radius: int) -> Tensor:
    padded = mirror_pad(planes, radius)
    height, width = planes.shape[-2:]
    place, value = -0.5 / sigma_spatial**2, -0.5 / sigma_range**2
    weights, moved = torch.ones_like(planes), torch.zeros_like(planes)  # of the centre
    for y in range(-radius, radius + 1):
        for x in range(-radius, radius + 1):
            if (y, x) == (0, 0):
                continue
            top, left = radius + y, radius + x
            difference = padded[..., top : top + height, left : left + width] - planes
            weight = torch.exp(place * (y * y + x * x) + value * difference**2)
            weights = weights + weight
            moved = moved + weight * difference
    # How far the mean lies from the centre: rounding is then in proportion to the change.
    return planes + moved / weights


class BilateralDenoise(StageSpec):
    """``{kind: denoise, method: bilateral, sigma_spatial: 1.0, sigma_range: 0.05}``."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear", "encoded"})
    gives: ClassVar[Domain | None] = None
    form: ClassVar[Form] = "local"

    kind: Literal["denoise"] = "denoise"
    method: Literal["bilateral"] = "bilateral"
    sigma_spatial: Annotated[float, Quantity("px", 0.2, 5, Range(relative=0.5))]
    sigma_range: Annotated[float, Quantity("1", 0.001, 10, Range(relative=0.5))]
    channels: DenoiseChannels = "luma"

    @property
    def reach(self) -> int:
        return _window_radius(self.sigma_spatial)

    def build(self, raw: RawFormat) -> Stage:
        return BilateralDenoiseStage(self)


class BilateralDenoiseStage(Stage):
    """See `denoise_bilateral`; knobs ``sigma_spatial`` and ``sigma_range``. The window's size is the profile's."""

    sigma_spatial: Tensor
    sigma_range: Tensor

    def __init__(self, spec: BilateralDenoise) -> None:
        super().__init__(spec)
        self.channels: DenoiseChannels = spec.channels
        self.radius = _window_radius(spec.sigma_spatial)

    def forward(self, image: Tensor) -> Tensor:
        return denoise_bilateral(
            image, self.sigma_spatial, self.sigma_range, radius=self.radius, channels=self.channels
        )
