"""Which pixels make a new one where a picture is resized, and their shares."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

Interpolation = Literal["bilinear", "bicubic", "area", "lanczos"]

_LOBES = 3


def taps(before: int, after: int, interpolation: Interpolation, antialias: bool = True) -> tuple[Tensor, Tensor]:
    """Which pixels of ``before`` make each of ``after``, and their shares: (taps, after) int64 and float64; each column
    of the shares sums to 1. Of ``area`` and ``lanczos``."""
    step = before / after
    wide = max(step, 1.0) if antialias else 1.0
    half = step / 2 if interpolation == "area" else _LOBES * wide
    centre = (torch.arange(after, dtype=torch.float64) + 0.5) * step
    first = (centre - half).floor()
    index = first + torch.arange(math.ceil(2 * half) + 1, dtype=torch.float64)[:, None]
    if interpolation == "area":
        weights = (torch.minimum(index + 1, centre + half) - torch.maximum(index, centre - half)).clamp_min(0)
    else:
        x = (index + 0.5 - centre) / wide
        weights = torch.where(x.abs() < _LOBES, torch.sinc(x) * torch.sinc(x / _LOBES), 0)
    weights = torch.where((index >= 0) & (index < before), weights, 0)
    return index.clamp(0, before - 1).long(), weights / weights.sum(dim=0)
