"""A classifier of MobileNetV2's shape with random weights: 3.5 M parameters, 300 M multiply-adds at 224x224."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

SIDE = 224
# Expansion, channels, repeats, stride of the first. Source: M. Sandler et al., "MobileNetV2: inverted residuals and
# linear bottlenecks", CVPR 2018, table 2.
_BLOCKS = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))


def _convolution(inputs: int, outputs: int, size: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    layer = nn.Conv2d(inputs, outputs, size, stride, size // 2, groups=groups, bias=False)
    return [layer, nn.BatchNorm2d(outputs), nn.ReLU6()]


class _Bottleneck(nn.Module):
    def __init__(self, inputs: int, outputs: int, expansion: int, stride: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        widen = _convolution(inputs, hidden, 1) if expansion > 1 else []
        narrow = _convolution(hidden, outputs, 1)[:-1]
        self.layers = nn.Sequential(*widen, *_convolution(hidden, hidden, 3, stride, hidden), *narrow)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.layers(x)
        return x + result if self.residual else result


def mobilenet() -> nn.Module:
    """(B, 3, 224, 224) -> (B, 1000); the same weights every time."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layers, channels = _convolution(3, 32, 3, 2), 32
        for expansion, outputs, repeats, stride in _BLOCKS:
            for number in range(repeats):
                layers.append(_Bottleneck(channels, outputs, expansion, stride if number == 0 else 1))
                channels = outputs
        layers += [*_convolution(channels, 1280, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1280, 1000)]
        return nn.Sequential(*layers).eval()


def export(path: Path) -> None:
    """Write it as ONNX, batch 1."""
    example = (torch.zeros(1, 3, SIDE, SIDE),)
    torch.onnx.export(mobilenet(), example, path, input_names=["image"], output_names=["logits"], dynamo=False)
