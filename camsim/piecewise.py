"""Curves made of straight pieces."""

from __future__ import annotations

import torch
from torch import Tensor


def piecewise_linear(x: Tensor, knots: Tensor, values: Tensor) -> Tensor:
    """Straight between neighbouring knots; beyond the first and last, the outermost pieces go on.

    Args:
        x: any shape.
        knots: (N,) increasing, N >= 2.
        values: (N,) at the knots.

    Returns:
        Same shape as ``x``.
    """
    left = torch.bucketize(x.detach().contiguous(), knots[1:-1], right=True)
    slope = values.diff() / knots.diff()
    return values[left] + slope[left] * (x - knots[left])
