"""A plain convolutional classifier, and the same for pictures as cameras store them."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def layer(inputs: int, outputs: int, size: int = 3, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    """Convolution and batch norm."""
    return [
        nn.Conv2d(inputs, outputs, size, stride, size // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    ]


class Cnn(nn.Sequential):
    """(B, 3, H, W) -> (B, 10)."""

    def __init__(self) -> None:
        super().__init__(
            *layer(3, 16, stride=2),
            nn.ReLU(),
            *layer(16, 32),
            nn.ReLU(),
            nn.MaxPool2d(2),
            *layer(32, 64),
            nn.LeakyReLU(0.1),
            nn.AvgPool2d(2),
            *layer(64, 64),
            nn.ELU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(64, 10),
        )


class Bytes(nn.Module):
    """(B, H, W, 3) uint8 -> (B, 10) probabilities: layout, normalisation and softmax are in the graph."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = Cnn()
        self.register_buffer("mean", torch.tensor([123.7, 116.3, 103.5]))

    def forward(self, x: Tensor) -> Tensor:
        centred = (x.to(torch.float32) - self.mean) / 58.0
        return self.inner(centred.permute(0, 3, 1, 2)).softmax(1)
