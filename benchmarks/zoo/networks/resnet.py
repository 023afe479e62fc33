"""Residual blocks (He et al. 2015, arXiv:1512.03385)."""

from __future__ import annotations

from torch import Tensor, nn

from benchmarks.zoo.networks.cnn import layer


class _Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layer(inputs, outputs, stride=stride), nn.ReLU(), *layer(outputs, outputs))
        same = stride == 1 and inputs == outputs
        self.shortcut = nn.Identity() if same else nn.Sequential(*layer(inputs, outputs, 1, stride))

    def forward(self, x: Tensor) -> Tensor:
        return (self.layers(x) + self.shortcut(x)).relu()


class ResNet(nn.Sequential):
    """(B, 3, H, W) -> (B, 20)."""

    def __init__(self) -> None:
        super().__init__(
            *layer(3, 24, 7, 2),
            nn.ReLU(),
            nn.MaxPool2d(3, 2, 1),
            _Block(24, 24, 1),
            _Block(24, 48, 2),
            _Block(48, 48, 1),
            _Block(48, 96, 2),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(96, 20),
        )
