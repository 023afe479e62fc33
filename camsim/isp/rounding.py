"""True rounding forward, a gradient that is not 0 nearly everywhere backward."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

Rounding = Literal["straight_through", "smooth"]
"""How the gradient of a rounding goes back: as if nothing had been rounded, or as of the cubic of Shin and Song."""


def with_gradient_of(value: Tensor, stand_in: Tensor) -> Tensor:
    """``value`` to the last bit, with the gradient of ``stand_in``."""
    if not torch.is_grad_enabled():
        return value
    return value.detach() + (stand_in - stand_in.detach())


def round_to_even(x: Tensor, gradient: Rounding = "straight_through") -> Tensor:
    """The nearest whole number, half to even.

    Args:
        x: any shape.
        gradient: ``straight_through``: 1. ``smooth``: 3 (x - round x)², the derivative of the cubic
            round x + (x - round x)³ that stands in for rounding backward alone: R. Shin, D. Song, "JPEG-resistant
            adversarial images", NIPS 2017 Workshop on Machine Learning and Computer Security, section 3.1.
    """
    whole = x.detach().round()
    return with_gradient_of(whole, x if gradient == "straight_through" else (x - whole) ** 3)


def round_down(x: Tensor) -> Tensor:
    """The largest whole number that is not above x; its gradient is 1."""
    return with_gradient_of(x.detach().floor(), x)
