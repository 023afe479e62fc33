"""A Gaussian spot, for a lens of which no more is known than how much it blurs."""

from __future__ import annotations

import math

from torch import Tensor


def gaussian_mtf(frequency: Tensor, sigma: Tensor) -> Tensor:
    """exp(-2 π² σ² f²): the transform of a Gaussian point spread function.

    Args:
        frequency: (...) cycles/um.
        sigma: () standard deviation of the spot along one axis, um; 0 is no blur.

    Returns:
        (...) in (0, 1].
    """
    return (-2 * (math.pi * sigma * frequency) ** 2).exp()
