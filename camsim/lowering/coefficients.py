"""The numbers of row operations as functions of the knobs."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from camsim.isp.luma import LUMA

Coefficients = Callable[[], Tensor]
"""Numbers of an operation: (n,) float64, differentiable."""


def numbers(*values: float) -> Tensor:
    """Numbers that no knob turns."""
    return torch.tensor(values, dtype=torch.float64)


def one() -> Tensor:
    """The exponent where there is no power."""
    return numbers(1)


def identity() -> Tensor:
    """The matrix that changes nothing, and the luma of what it leaves."""
    return torch.cat([torch.eye(3, dtype=torch.float64).reshape(-1), numbers(*LUMA)])
