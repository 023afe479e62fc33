"""The light-sensitive square of a pixel, over which light is averaged."""

from __future__ import annotations

import torch
from torch import Tensor


def pixel_aperture_mtf(x: Tensor, y: Tensor, side: Tensor) -> Tensor:
    """sinc(a fx) sinc(a fy) with sinc u = sin(π u) / (π u): the transform of a square.

    Args:
        x: (...) horizontal frequency, cycles/um.
        y: (...) vertical frequency, cycles/um.
        side: () a, um.

    Returns:
        (...); 1 at 0, and negative where the square averages over more than one period.
    """
    return torch.sinc(side * x) * torch.sinc(side * y)
