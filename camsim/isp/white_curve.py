"""The colour of grey under lights of different colour temperature, as a camera sees it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated

import torch
from pydantic import Field, Strict
from torch import Tensor

from camsim.spec import Quantity, Range

MAX_POINTS = 64

Temperatures = Annotated[tuple[float, ...], Strict(False), Field(min_length=2, max_length=MAX_POINTS)]
_Ratios = Annotated[tuple[float, ...], Strict(False), Field(min_length=2, max_length=MAX_POINTS)]
Ratios = Annotated[_Ratios, Quantity("1", 0.0625, 16, Range(relative=0.05))]
"""Of red or blue to green; a white balance divides by it."""


def check_curve(temperatures: Sequence[float], red: Sequence[float], blue: Sequence[float]) -> None:
    """Refuse a curve that is none.

    Raises:
        ValueError: its lists differ in length, or the temperatures do not increase within [1000, 25000] K.
    """
    lengths = [len(temperatures), len(red), len(blue)]
    if len(set(lengths)) > 1:
        raise ValueError("temperatures, red and blue need as many numbers each, got {}, {} and {}".format(*lengths))
    rising = all(b > a for a, b in pairwise(temperatures))
    if not rising or not 1000 <= temperatures[0] <= temperatures[-1] <= 25000:
        raise ValueError(f"temperatures must increase within [1000, 25000] K, got {list(temperatures)}")


def gains_at(cct: Tensor, temperatures: Tensor, red: Tensor, blue: Tensor) -> Tensor:
    """Gains of R, G and B that make the grey of a colour temperature grey: 1 / red, 1 and 1 / blue there.

    Args:
        cct: any shape, K.
        temperatures: (N,) K, increasing, N >= 2.
        red: (N,) R / G of grey under the light of each; linear in between, and beyond the ends it stays.
        blue: (N,) B / G.

    Returns:
        (..., 3). Source: libcamera, src/ipa/rpi/controller/rpi/awb.cpp (ct_r, ct_b).
    """
    shares = ((cct[..., None] - temperatures[:-1]) / temperatures.diff()).clamp(0, 1)  # how much of each lies behind
    gains = [1 / (ratios[0] + (shares * ratios.diff()).sum(-1)) for ratios in (red, blue)]
    return torch.stack([gains[0], torch.ones_like(gains[0]), gains[1]], dim=-1)


def held(cct: Tensor, temperatures: Tensor) -> Tensor:
    """The temperature, or the nearer end of the curve where it lies beyond; its gradient is 1 there too."""
    return cct.detach().clamp(temperatures[0], temperatures[-1]) + (cct - cct.detach())
