"""Differences of neighbours and the length of a gradient, shared by the methods of total variation."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad


def forward_differences(planes: Tensor) -> tuple[Tensor, Tensor]:
    """The next pixel less this one, across and down; 0 in the last column and row."""
    return pad(planes.diff(dim=-1), (0, 1)), pad(planes.diff(dim=-2), (0, 0, 0, 1))


def backward_divergence(across: Tensor, down: Tensor) -> Tensor:
    """Each pixel less the one before, of both added: the adjoint of `forward_differences`, negative."""
    return across - pad(across[..., :-1], (1, 0)) + down - pad(down[..., :-1, :], (0, 0, 1, 0))


def length(across: Tensor, down: Tensor) -> Tensor:
    """Root of the sum of squares; its gradient is 0 where it is 0, in place of none."""
    squared = across.square() + down.square()
    some = squared > 0
    return torch.where(some, torch.where(some, squared, 1.0).sqrt(), 0.0)
