"""A one-stage detector in the style of YOLOv8: split-and-merge blocks, pyramid, distances from the cell decoded."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from benchmarks.zoo.networks.cnn import layer

_BINS = 8
_CLASSES = 6


def _conv(inputs: int, outputs: int, size: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(*layer(inputs, outputs, size, stride), nn.SiLU())


class _Split(nn.Module):
    """Half of the channels go through more layers; all are put together."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.enter, self.leave = _conv(inputs, outputs, 1), _conv(3 * outputs // 2, outputs, 1)
        self.inner = nn.Sequential(_conv(outputs // 2, outputs // 2), _conv(outputs // 2, outputs // 2))

    def forward(self, x: Tensor) -> Tensor:
        first, second = self.enter(x).chunk(2, 1)
        return self.leave(torch.cat([first, second, second + self.inner(second)], 1))


class _Pyramid(nn.Module):
    """Maxima over growing neighbourhoods."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.pool, self.leave = nn.MaxPool2d(5, 1, 2), _conv(3 * channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        once = self.pool(x)
        return self.leave(torch.cat([x, once, self.pool(once)], 1))


class Yolo(nn.Module):
    """(1, 3, H, W) -> boxes and scores (1, 4 + 6, cells), before any suppression."""

    def __init__(self) -> None:
        super().__init__()
        self.low = nn.Sequential(_conv(3, 16, 3, 2), _conv(16, 32, 3, 2), _Split(32, 32), _conv(32, 48, 3, 2))
        self.high = nn.Sequential(_conv(48, 64, 3, 2), _Split(64, 64), _Pyramid(64))
        self.join_low, self.down, self.join_high = _Split(112, 48), _conv(48, 48, 3, 2), _Split(112, 64)
        outputs = 4 * _BINS + _CLASSES
        self.heads = nn.ModuleList([nn.Conv2d(48, outputs, 1), nn.Conv2d(64, outputs, 1)])
        self.register_buffer("bins", torch.arange(_BINS, dtype=torch.float32))

    def forward(self, x: Tensor) -> Tensor:
        low = self.low(x)
        high = self.high(low)
        low = self.join_low(torch.cat([interpolate(high, scale_factor=2.0, mode="nearest"), low], 1))
        high = self.join_high(torch.cat([self.down(low), high], 1))
        pairs = zip(self.heads, (low, high), (8.0, 16.0), strict=True)
        return torch.cat([self._decode(head(x), stride) for head, x, stride in pairs], 2)

    def _decode(self, x: Tensor, stride: float) -> Tensor:
        height, width = x.shape[2:]
        rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        centres = torch.stack([columns, rows]).flatten(1).to(x) + 0.5
        sides, scores = x.flatten(2).split([4 * _BINS, _CLASSES], 1)
        chances = sides.reshape(x.shape[0], 4, _BINS, height * width).softmax(2)
        before, after = (chances * self.bins[:, None]).sum(2).chunk(2, 1)
        box = torch.cat([centres + (after - before) / 2, before + after], 1) * stride
        return torch.cat([box, scores.sigmoid()], 1)
