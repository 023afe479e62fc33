"""Diffraction at a circular aperture."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def diffraction_mtf(frequency: Tensor, f_number: Tensor, wavelength: Tensor) -> Tensor:
    """MTF of a lens without aberrations: 2/π (acos v - v √(1 - v²)), v = f λ N; 0 from the cutoff 1/(λ N) on.

    Source: Goodman, Introduction to Fourier Optics, chapter 6.3; the transform of the Airy pattern.

    Args:
        frequency: (...) cycles/um, not negative.
        f_number: () N.
        wavelength: () λ, um.

    Returns:
        (...) in [0, 1].
    """
    relative = frequency * wavelength * f_number
    passes = relative < 1
    v = torch.where(passes, relative, 0.0)  # beyond, the gradient of acos is not a number
    return torch.where(passes, 2 / math.pi * (v.acos() - v * (1 - v * v).sqrt()), 0.0)
