"""Automatic white balance: of the lights that a camera knows, the one under which most of the picture is grey."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar, Literal, Self

import torch
from pydantic import model_validator
from torch import Tensor

from camsim.cfa import RawFormat
from camsim.isp.white_curve import Ratios, Temperatures, check_curve, gains_at
from camsim.spec import Domain, Form, Stage, StageSpec

ZONES = (12, 16)
"""Rows and columns of zones that the frame is divided into, as the statistics of the Raspberry Pi's ISP are."""
STEP = 0.02
"""Between the candidates, in the logarithm of the temperature."""

_DARK, _BRIGHT = 1e-3, 0.95
"""A zone whose green is below, or whose brightest channel is above, says nothing of the light."""
_LIMIT = 0.2
"""What a zone that is not grey counts at most, in squares of relative deviations."""


def candidate_count(temperatures: Sequence[float]) -> int:
    """How many candidates, evenly in the logarithm, lie no more than `STEP` apart."""
    return max(3, math.ceil(math.log(temperatures[-1] / temperatures[0]) / STEP) + 1)


def white_balance_cct_curve(rgb: Tensor, temperatures: Tensor, red: Tensor, blue: Tensor, candidates: int) -> Tensor:
    """Multiply R and B by the gains of the colour temperature that `estimate_cct` finds.

    Args:
        rgb: (B, 3, H, W) linear camera RGB, 1.0 at white; each sample has its own gains.
        temperatures: (N,) K, increasing, N >= 2.
        red: (N,) R / G of grey under the light of each.
        blue: (N,) B / G.
        candidates: see `candidate_count`.

    Returns:
        (B, 3, H, W); nothing is clipped.
    """
    gains = gains_at(estimate_cct(rgb, temperatures, red, blue, candidates), temperatures, red, blue)
    return rgb * gains[..., None, None]


def estimate_cct(rgb: Tensor, temperatures: Tensor, red: Tensor, blue: Tensor, candidates: int) -> Tensor:
    """The colour temperature on a curve under which the zones of a picture are nearest to grey.

    Each of 12 x 16 zones of the frame has a mean colour. A candidate's cost is the mean over the zones of
    (R / G / red - 1)² + (B / G / blue - 1)², at most 0.2 for each, so that coloured zones do not matter. The candidates
    lie 2 % apart; a parabola through the best and its two neighbours gives the result.

    Args:
        rgb: (B, 3, H, W) linear camera RGB, 1.0 at white.
        temperatures: (N,) K, increasing, N >= 2.
        red: (N,) R / G of grey under the light of each.
        blue: (N,) B / G.
        candidates: at least 3; see `candidate_count`.

    Returns:
        (B,) K, on the curve. Zones whose mean green is below 0.001 or whose brightest channel's mean is above 0.95 do
        not count. Without any other, or where none is near grey under any light of the curve, it is the middle
        candidate. The gradient is that of the parabola's vertex, for the best candidate as it is; at the ends of the
        curve it is 0.

    Source: libcamera, src/ipa/rpi/controller/rpi/awb.cpp (awbBayes): its coarse search, without its prior of how likely
    a light is at a brightness, its search beside the curve, and its smoothing over time.
    """
    low, high = temperatures[0].log(), temperatures[-1].log()
    share = torch.arange(candidates, dtype=rgb.dtype, device=rgb.device) / (candidates - 1)
    gains = gains_at((low + share * (high - low)).exp(), temperatures, red, blue)
    means = _zone_means(rgb)
    counts = (means[..., 1] > _DARK) & (means.amax(-1) < _BRIGHT)
    ratios = torch.where(counts[..., None], means, 1)
    ratios = ratios / ratios[..., 1:2]
    off = (ratios[..., None, :] * gains - 1).square().sum(-1).clamp_max(_LIMIT)  # (B, zones, candidates)
    weight = counts.to(rgb.dtype)[..., None]
    cost = (off * weight).sum(-2) / weight.sum(-2).clamp_min(1)
    least, best = cost.detach().min(-1)
    known = counts.any(-1) & (least < 0.999 * _LIMIT)
    best = torch.where(known, best, candidates // 2).clamp(1, candidates - 2)
    before, here, after = (cost.gather(-1, (best + side)[..., None])[..., 0] for side in (-1, 0, 1))
    bend = before - 2 * here + after
    curved = bend.detach() > 0
    vertex = torch.where(curved, (before - after) / (2 * torch.where(curved, bend, 1)), 0)
    place = (best + vertex.clamp(-1, 1)) / (candidates - 1)
    return (low + place * (high - low)).exp()


def _zone_means(rgb: Tensor) -> Tensor:
    """(B, zones, 3)."""
    rows, columns = (_shares(size, zones, rgb) for size, zones in zip(rgb.shape[-2:], ZONES, strict=True))
    return (rows @ rgb @ columns.mT).flatten(-2).movedim(-2, -1)


def _shares(size: int, zones: int, like: Tensor) -> Tensor:
    """(zones, size): how much of each pixel lies in each zone, over the zone's length."""
    pixel = torch.arange(size, dtype=like.dtype, device=like.device)
    first = torch.arange(zones, dtype=like.dtype, device=like.device)[:, None] * (size / zones)
    overlap = torch.minimum(pixel + 1, first + size / zones) - torch.maximum(pixel, first)
    return overlap.clamp_min(0) * (zones / size)


class CctCurve(StageSpec):
    """``{kind: white_balance, method: cct_curve, temperatures: [2850, 4000, 6500], red: [..], blue: [..]}``."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear"})
    gives: ClassVar[Domain | None] = "linear"
    form: ClassVar[Form] = "global"

    kind: Literal["white_balance"] = "white_balance"
    method: Literal["cct_curve"] = "cct_curve"
    temperatures: Temperatures
    """In K, increasing: the points of the curve."""
    red: Ratios
    """R / G of grey at each of them."""
    blue: Ratios
    """B / G of grey at each of them."""

    @model_validator(mode="after")
    def _curve(self) -> Self:
        check_curve(self.temperatures, self.red, self.blue)
        return self

    def build(self, raw: RawFormat) -> Stage:
        return CctCurveStage(self)


class CctCurveStage(Stage):
    """See `white_balance_cct_curve`; knobs ``red`` and ``blue``."""

    temperatures: Tensor
    red: Tensor
    blue: Tensor

    def __init__(self, spec: CctCurve) -> None:
        super().__init__(spec)
        self.register_buffer("temperatures", torch.tensor(spec.temperatures, dtype=torch.float64))
        self.candidates = candidate_count(spec.temperatures)

    def forward(self, image: Tensor) -> Tensor:
        return white_balance_cct_curve(image, self.temperatures, self.red, self.blue, self.candidates)
