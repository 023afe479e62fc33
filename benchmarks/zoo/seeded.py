"""Random weights under which a network is well behaved: statistics are set, outputs differ between pictures."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn


def seeded(make: Callable[[], nn.Module], shape: tuple[int, ...], seed: int = 0) -> nn.Module:
    """The same network every time, in evaluation mode.

    Args:
        make: builds it; its layers draw their own weights.
        shape: of its input; running statistics are those of two random batches of it.
        seed: of weights and batches.
    """
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(seed)
        network = make()
        for part in network.modules():
            if isinstance(part, nn.BatchNorm2d | nn.GroupNorm | nn.LayerNorm):
                part.weight.uniform_(0.7, 1.4)
                part.bias.normal_(0, 0.2)
            if isinstance(part, nn.BatchNorm2d):
                part.momentum = None  # a plain mean over the batches
        network.train()
        for _ in range(2):
            network(_batch(shape))
        return network.eval()


def _batch(shape: tuple[int, ...]) -> torch.Tensor:
    if shape[1] in (1, 3):
        return torch.randn(shape)
    return torch.randint(0, 256, shape, dtype=torch.uint8)
