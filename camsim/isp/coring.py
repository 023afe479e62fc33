"""Soft thresholding, by which denoising and sharpening leave out what is small."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import relu


def soft_threshold(values: Tensor, threshold: Tensor) -> Tensor:
    """sign(x) · max(|x| - threshold, 0): nothing jumps. ``threshold``: () not negative."""
    return values.sign() * relu(values.abs() - threshold)
