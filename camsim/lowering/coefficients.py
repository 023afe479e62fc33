"""The numbers of row operations as functions of the knobs."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from camsim.isp.luma import LUMA, U_SCALE, V_SCALE

Coefficients = Callable[[], Tensor]
"""Numbers of an operation: (n,) float64, differentiable."""


def numbers(*values: float) -> Tensor:
    """Numbers that no knob turns."""
    return torch.tensor(values, dtype=torch.float64)


def one() -> Tensor:
    """The exponent where there is no power."""
    return numbers(1)


def as_it_is() -> Tensor:
    """How a mosaic is loaded that is linear already: the scale and the offset of each site."""
    return numbers(1, 1, 1, 1, 0, 0, 0, 0)


def identity() -> Tensor:
    """The matrix that changes nothing, and the luma of what it leaves."""
    return torch.cat([torch.eye(3, dtype=torch.float64).reshape(-1), numbers(*LUMA)])


def to_yuv() -> Tensor:
    """The matrix to Y, U and V of BT.601."""
    y = numbers(*LUMA)
    return torch.stack([y, U_SCALE * (numbers(0, 0, 1) - y), V_SCALE * (numbers(1, 0, 0) - y)])


def from_yuv() -> Tensor:
    """And back."""
    back: Tensor = torch.linalg.inv(to_yuv())
    return back
