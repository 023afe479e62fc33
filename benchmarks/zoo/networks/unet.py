"""Segmentation with skips across the waist (Ronneberger et al. 2015, arXiv:1505.04597)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from benchmarks.zoo.networks.cnn import layer


def _twice(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(*layer(inputs, outputs), nn.ReLU(), *layer(outputs, outputs), nn.ReLU())


class UNet(nn.Module):
    """(B, 3, H, W) -> logits (B, 4, H, W); one step up is learnt, the other bilinear."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.waist = _twice(3, 16), _twice(16, 32), _twice(32, 64)
        self.up = nn.ConvTranspose2d(64, 32, 2, 2)
        self.third, self.fourth = _twice(64, 32), _twice(48, 16)
        self.last = nn.Conv2d(16, 4, 1)
        self.pool = nn.MaxPool2d(2)

    def forward(self, x: Tensor) -> Tensor:
        first = self.first(x)
        second = self.second(self.pool(first))
        third = self.third(torch.cat([self.up(self.waist(self.pool(second))), second], 1))
        wide = interpolate(third, scale_factor=2.0, mode="bilinear", align_corners=False)
        return self.last(self.fourth(torch.cat([wide, first], 1)))
