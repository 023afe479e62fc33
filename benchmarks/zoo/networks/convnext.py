"""Large depth-wise filters, layer norm, GELU (Liu et al. 2022, arXiv:2201.03545)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class _Block(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.filter = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels)
        self.perceptron = nn.Sequential(
            nn.Linear(channels, 4 * channels), nn.GELU(approximate="tanh"), nn.Linear(4 * channels, channels)
        )
        self.scale = nn.Parameter(0.3 * torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        inner = self.perceptron(self.norm(self.filter(x).permute(0, 2, 3, 1)))
        return x + (self.scale * inner).permute(0, 3, 1, 2)


class ConvNext(nn.Sequential):
    """(B, 3, H, W) -> (B, 20)."""

    def __init__(self) -> None:
        super().__init__(
            nn.Conv2d(3, 32, 4, 4),
            nn.GroupNorm(1, 32),
            _Block(32),
            nn.GroupNorm(4, 32),
            nn.Conv2d(32, 64, 2, 2),
            _Block(64),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.LayerNorm(64),
            nn.Linear(64, 20),
        )
