"""Sampled Gaussian kernel and separable filtering, shared by sharpening and denoising."""

from __future__ import annotations

import torch
from kornia.filters import filter2d_separable
from torch import Tensor

from camsim.border import mirror_pad

TRUNCATE = 4.0
"""The kernel ends at this many sigmas, as in scipy.ndimage and scikit-image."""


def kernel_radius(sigma: float) -> int:
    """Pixels on each side of the centre: scipy's rule, int(truncate * sigma + 0.5)."""
    return int(TRUNCATE * sigma + 0.5)


def gaussian_kernel(sigma: Tensor, radius: int) -> Tensor:
    """exp(-x² / 2σ²) at whole pixels, summing to 1: (2 * radius + 1,). ``sigma``: () in pixels, above 0."""
    x = torch.arange(-radius, radius + 1, dtype=sigma.dtype, device=sigma.device)
    weights = torch.exp(-0.5 * (x / sigma) ** 2)
    return weights / weights.sum()


def gaussian_filter(image: Tensor, sigma: Tensor, radius: int, *, vertical_only: bool = False) -> Tensor:
    """Gaussian blur of (B, C, H, W), mirror border without the edge pixel; differentiable in ``sigma``.

    ``radius`` is fixed by the caller since a kernel's size cannot follow a gradient.
    """
    kernel = gaussian_kernel(sigma, radius)[None]
    identity = torch.nn.functional.pad(torch.ones_like(kernel[:, :1]), (radius, radius))
    horizontal = identity if vertical_only else kernel
    return filter2d_separable(mirror_pad(image, radius), horizontal, kernel, padding="valid")
