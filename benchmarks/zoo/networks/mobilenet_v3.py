"""Inverted residuals with squeeze-and-excitation and hard swish (Howard et al. 2019, arXiv:1905.02244)."""

from __future__ import annotations

from torch import Tensor, nn

from benchmarks.zoo.networks.cnn import layer


class Squeeze(nn.Module):
    """Scales each channel by what all of them say together."""

    def __init__(self, channels: int, inner: nn.Module, gate: nn.Module) -> None:
        super().__init__()
        hidden = max(4, channels // 4)
        self.weigh = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels, hidden, 1), inner, nn.Conv2d(hidden, channels, 1), gate
        )

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weigh(x)


class InvertedResidual(nn.Module):
    """Widen, filter each channel, weigh, narrow."""

    def __init__(
        self, inputs: int, outputs: int, size: int, stride: int, active: type[nn.Module], squeeze: nn.Module, by: int
    ) -> None:
        super().__init__()
        hidden = inputs * by
        self.layers = nn.Sequential(
            *layer(inputs, hidden, 1),
            active(),
            *layer(hidden, hidden, size, stride, hidden),
            active(),
            squeeze,
            *layer(hidden, outputs, 1),
        )
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x) if self.residual else self.layers(x)


def _block(inputs: int, outputs: int, size: int, stride: int, active: type[nn.Module]) -> nn.Module:
    squeeze = Squeeze(4 * inputs, nn.ReLU(), nn.Hardsigmoid())
    return InvertedResidual(inputs, outputs, size, stride, active, squeeze, 4)


class MobileNetV3(nn.Sequential):
    """(B, 3, H, W) -> (B, 20)."""

    def __init__(self) -> None:
        super().__init__(
            *layer(3, 16, 3, 2),
            nn.Hardswish(),
            _block(16, 16, 3, 1, nn.ReLU),
            _block(16, 24, 3, 2, nn.ReLU),
            _block(24, 24, 5, 1, nn.Hardswish),
            _block(24, 40, 5, 2, nn.Hardswish),
            _block(40, 40, 5, 1, nn.Hardswish),
            *layer(40, 96, 1),
            nn.Hardswish(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(96, 64),
            nn.Hardswish(),
            nn.Dropout(0.2),
            nn.Linear(64, 20),
        )
