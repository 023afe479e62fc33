"""Curves that are stated for light only, continued below zero by symmetry about the origin."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def odd(x: Tensor, curve: Callable[[Tensor], Tensor]) -> Tensor:
    """curve(x) for x >= 0 and -curve(-x) below, which is smooth at 0 for a curve that begins there; any shape.

    Noise makes some values negative; the formulas of tone curves have a pole among those.
    """
    # Not abs() and sign(), whose gradients vanish at 0, where clipped shadows lie.
    sign = torch.where(x < 0, -1, 1)
    return sign * curve(x * sign)
