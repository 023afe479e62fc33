"""Attention in shifted windows (Liu et al. 2021, arXiv:2103.14030)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

SIDE = 64
_WINDOW, _HEADS = 4, 2


def _windows(x: Tensor) -> Tensor:
    """(B, H, W, C) -> (B * windows, 16, C)."""
    batch, height, width, channels = x.shape
    x = x.view(batch, height // _WINDOW, _WINDOW, width // _WINDOW, _WINDOW, channels)
    return x.permute(0, 1, 3, 2, 4, 5).reshape(-1, _WINDOW**2, channels)


def _mask(side: int) -> Tensor:
    """What tokens of a shifted window may not see: those that come from the other edge."""
    region = torch.zeros(1, side, side, 1)
    cuts = (slice(0, -_WINDOW), slice(-_WINDOW, -_WINDOW // 2), slice(-_WINDOW // 2, None))
    for number, (rows, columns) in enumerate((r, c) for r in cuts for c in cuts):
        region[:, rows, columns] = number
    labels = _windows(region)[..., 0]
    return torch.where(labels[:, None] == labels[:, :, None], 0.0, -100.0)


class _Block(nn.Module):
    def __init__(self, width: int, side: int, shift: int) -> None:
        super().__init__()
        self.shift = shift
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mix, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.bias = nn.Parameter(0.1 * torch.randn((2 * _WINDOW - 1) ** 2, _HEADS))
        place = torch.stack(torch.meshgrid(torch.arange(_WINDOW), torch.arange(_WINDOW), indexing="ij")).flatten(1)
        apart = (place[:, :, None] - place[:, None]) + _WINDOW - 1
        self.register_buffer("index", apart[0] * (2 * _WINDOW - 1) + apart[1])
        self.register_buffer("mask", _mask(side) if shift else torch.zeros(1, 1, 1))
        self.perceptron = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        batch, height, width, channels = x.shape
        moved = torch.roll(self.before(x), (-self.shift, -self.shift), (1, 2))
        windows = _windows(moved)
        mixed = self.mix(windows).reshape(windows.shape[0], _WINDOW**2, 3, _HEADS, channels // _HEADS)
        q, k, v = mixed.permute(2, 0, 3, 1, 4).unbind(0)
        scores = q @ k.transpose(-2, -1) * (channels // _HEADS) ** -0.5
        scores = scores + self.bias[self.index].permute(2, 0, 1) + self.mask[:, None]
        seen = self.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(windows.shape))
        seen = seen.view(batch, height // _WINDOW, width // _WINDOW, _WINDOW, _WINDOW, channels)
        seen = seen.permute(0, 1, 3, 2, 4, 5).reshape(x.shape)
        x = x + torch.roll(seen, (self.shift, self.shift), (1, 2))
        return x + self.perceptron(self.between(x))


class Swin(nn.Module):
    """(1, 3, 64, 64) -> (1, 20)."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 32, 4, 4)
        self.first = nn.Sequential(_Block(32, 16, 0), _Block(32, 16, _WINDOW // 2))
        self.merge_norm, self.merge = nn.LayerNorm(128), nn.Linear(128, 64, bias=False)
        self.second = nn.Sequential(_Block(64, 8, 0), _Block(64, 8, _WINDOW // 2))
        self.norm, self.head = nn.LayerNorm(64), nn.Linear(64, 20)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(self.patches(x).permute(0, 2, 3, 1))
        parts = [x[:, 0::2, 0::2], x[:, 1::2, 0::2], x[:, 0::2, 1::2], x[:, 1::2, 1::2]]
        x = self.second(self.merge(self.merge_norm(torch.cat(parts, -1))))
        return self.head(self.norm(x).mean((1, 2)))
