"""Inverted residuals with SiLU (Tan and Le 2019, arXiv:1905.11946)."""

from __future__ import annotations

from torch import nn

from benchmarks.zoo.networks.cnn import layer
from benchmarks.zoo.networks.mobilenet_v3 import InvertedResidual, Squeeze


def _block(inputs: int, outputs: int, size: int, stride: int) -> nn.Module:
    squeeze = Squeeze(4 * inputs, nn.SiLU(), nn.Sigmoid())
    return InvertedResidual(inputs, outputs, size, stride, nn.SiLU, squeeze, 4)


class EfficientNet(nn.Sequential):
    """(B, 3, H, W) -> (B, 20)."""

    def __init__(self) -> None:
        super().__init__(
            *layer(3, 16, 3, 2),
            nn.SiLU(),
            _block(16, 24, 3, 2),
            _block(24, 24, 3, 1),
            _block(24, 40, 5, 2),
            _block(40, 40, 5, 1),
            *layer(40, 128, 1),
            nn.SiLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(128, 20),
        )
