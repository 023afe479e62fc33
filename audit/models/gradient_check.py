"""Whether a gradient can be trusted: the same output as the model gives, and the slopes that finite differences see."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

PARITY = 1e-4
"""How far outputs may differ, relative to the largest of them."""
SLOPE = 1e-3
"""How far a gradient may differ from finite differences, relative to what its length makes likely."""

_STEPS = (1e-9, 1e-8, 1e-7, 1e-6, 1e-5)
"""Short ones drown in rounding where a function is large, long ones cross the kinks of ReLUs: the best one counts."""
_RESOLUTION = 1e-6
"""Slopes that are smaller, relative to the function's value, are lost in its rounding."""
_GOOD = 1e-5
"""Another step is not tried any more."""
_DIRECTIONS = 3


def output_difference(ours: NDArray[np.floating], theirs: NDArray[np.floating]) -> float:
    """Largest difference of two arrays of one shape, relative to the largest finite magnitude of ``theirs``.

    Infinite where one is NaN or infinite and the other is not the same.
    """
    a, b = ours.astype(np.float64), theirs.astype(np.float64)
    finite = np.isfinite(b)
    if not ((a == b) | (np.isnan(a) & np.isnan(b)))[~finite].all() or not np.isfinite(a[finite]).all():
        return math.inf
    scale = float(np.abs(b[finite]).max(initial=0.0))
    return float(np.abs(a[finite] - b[finite]).max(initial=0.0)) / (scale or 1.0)


def slope_problem(difference: float) -> str | None:
    """What a `slope_difference` says against a gradient, in one line."""
    if math.isnan(difference):
        return "gradient check: its gradient holds NaN or infinity"
    if difference <= SLOPE:
        return None
    return (
        f"gradient check: its gradient differs from finite differences by {difference:.1e} of its length; at most "
        f"{SLOPE:.0e} is allowed"
    )


def slope_difference(function: Callable[[Tensor], Tensor], point: Tensor, seed: int = 0) -> float:
    """How far the gradient of a function is from central differences, along random directions and its own.

    Args:
        function: takes a tensor like ``point`` and gives a tensor of any shape, float64.
        point: where, float64, of magnitude about 1.
        seed: of the directions, and of the weights that make one number of the function's output.

    Returns:
        The largest difference, relative to the greater of the slope and the gradient's length: for random signs, the
        slope is about that long. About 0 where both are; NaN where the gradient holds NaN or infinity.
    """
    generator = torch.Generator().manual_seed(seed)
    weights: list[Tensor] = []

    def number(x: Tensor) -> Tensor:
        output = function(x)
        if not weights:
            weights.append(torch.randn(output.shape, generator=generator, dtype=output.dtype))
        return (output * weights[0]).sum()

    gradient = input_gradient(number, point)
    if not gradient.isfinite().all():
        return math.nan
    length = float(gradient.norm())
    signs = [torch.rand(point.shape, generator=generator, dtype=point.dtype) < 0.5 for _ in range(_DIRECTIONS)]
    directions = [torch.where(sign, 1.0, -1.0).to(point) for sign in signs]
    if length > 0:
        directions.append(gradient / length * math.sqrt(point.numel()))
    return max(_difference(number, point, gradient, direction) for direction in directions)


def _difference(number: Callable[[Tensor], Tensor], point: Tensor, gradient: Tensor, direction: Tensor) -> float:
    expected, length = float((gradient * direction).sum()), float(gradient.norm())
    best = math.inf
    for step in _STEPS:
        # What rounds must see that a gradient is wanted, in order not to round.
        above, below = (number((point + sign * step * direction).requires_grad_()).item() for sign in (1, -1))
        slope = (above - below) / (2 * step)
        largest = max(abs(slope), length, _RESOLUTION * abs(above))
        best = min(best, abs(slope - expected) / largest if largest else 0.0)
        if best < _GOOD:
            break
    return best


def input_gradient(number: Callable[[Tensor], Tensor], point: Tensor) -> Tensor:
    """Gradient of a number with respect to a point; zero where the number does not depend on it differentiably."""
    x = point.detach().clone().requires_grad_()
    value = number(x)
    if not value.requires_grad:
        return torch.zeros_like(point)
    (gradient,) = torch.autograd.grad(value, x, materialize_grads=True)
    return gradient
