"""The small networks: one trunk, and a head for each kind of answer. All take (B, 3, H, W), standardised."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

WIDTH = 32
"""Channels of the trunk."""
PROTOTYPES = 8


def _block(inputs: int, outputs: int, stride: int | tuple[int, int] = 1, dilation: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, 3, stride, dilation, dilation, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())


class Trunk(nn.Sequential):
    """(B, 3, H, W) -> (B, 32, H / 4, W / 4), or an eighth."""

    def __init__(self, stride: int = 4) -> None:
        self.stride = stride
        super().__init__(
            _block(3, 16, 2),
            _block(16, WIDTH, 2),
            *([_block(WIDTH, WIDTH, 2)] if stride == 8 else []),
            _block(WIDTH, WIDTH),
            _block(WIDTH, WIDTH, dilation=2),
        )


class Vector(nn.Module):
    """(B, D) numbers of the whole picture."""

    def __init__(self, numbers: int) -> None:
        super().__init__()
        self.trunk = Trunk()
        self.last = nn.Linear(2 * WIDTH, numbers)

    def forward(self, image: Tensor) -> Tensor:
        maps = self.trunk(image)
        return self.last(torch.cat([maps.mean(dim=(2, 3)), maps.amax(dim=(2, 3))], dim=1))


class Map(nn.Module):
    """(B, C, H / 4, W / 4) numbers of each place; above 0 with ``positive``."""

    def __init__(self, channels: int, positive: bool = False) -> None:
        super().__init__()
        self.trunk, self.last, self.positive = Trunk(), nn.Conv2d(WIDTH, channels, 3, 1, 1), positive

    def forward(self, image: Tensor) -> Tensor:
        maps = self.last(self.trunk(image))
        return F.softplus(maps) if self.positive else maps


class Found(NamedTuple):
    """What a `Grid` gives, with names that ONNX and camsim show."""

    table: Tensor
    """(B, 4 + C + P, A): centre x, y, width, height in px; scores in [0, 1]; weights of prototypes."""
    prototypes: Tensor
    """(B, P, H / 2, W / 2)."""


class Grid(nn.Module):
    """Boxes without anchors, as YOLOv8 has them: (B, 4 + C, A) for the A cells of a grid; with masks, `Found`.

    With points (B, 4 + C + 3 points, A), as YOLOv8-pose has them: x, y in px and the chance to be seen of each.
    """

    def __init__(self, classes: int, side: int, stride: int = 4, masks: bool = False, points: int = 0) -> None:
        super().__init__()
        self.trunk, self.stride, self.masks = Trunk(stride), stride, masks
        self.boxes, self.scores = nn.Conv2d(WIDTH, 4, 3, 1, 1), nn.Conv2d(WIDTH, classes, 3, 1, 1)
        nn.init.constant_(self.scores.bias, -3.0)  # type: ignore[arg-type]
        if masks:
            self.weights = nn.Conv2d(WIDTH, PROTOTYPES, 3, 1, 1)
            self.prototypes = nn.Sequential(_block(WIDTH, WIDTH), nn.ConvTranspose2d(WIDTH, PROTOTYPES, 2, 2))
        self.points = nn.Conv2d(WIDTH, 3 * points, 3, 1, 1) if points else None
        places = torch.arange(side // stride) + 0.5
        centres = torch.stack(torch.meshgrid(places, places, indexing="xy")).reshape(1, 2, -1)
        self.register_buffer("centres", centres * stride, persistent=False)

    def forward(self, image: Tensor) -> Tensor | Found:
        maps = self.trunk(image)
        offsets, sizes = self.boxes(maps).flatten(2).split(2, dim=1)
        columns = [self.centres + self.stride * offsets, 2 * self.stride * sizes.clamp(-4, 4).exp()]
        columns.append(self.scores(maps).flatten(2).sigmoid())
        if self.points is not None:
            places, seen = self.points(maps).flatten(2).unflatten(1, (-1, 3)).split((2, 1), dim=2)
            places = self.centres[:, None] + 2 * self.stride * places
            columns.append(torch.cat([places, seen.sigmoid()], dim=2).flatten(1, 2))
        if not self.masks:
            return torch.cat(columns, dim=1)
        columns.append(self.weights(maps).flatten(2))
        return Found(torch.cat(columns, dim=1), self.prototypes(maps))


class Reader(nn.Module):
    """(B, 3, 24, W) -> (B, W / 2, C) logits: a column for every two pixels."""

    def __init__(self, characters: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            _block(3, 16, (2, 1)),
            _block(16, WIDTH, 2),
            _block(WIDTH, WIDTH, (2, 1)),
            nn.Conv2d(WIDTH, 64, (3, 5), 1, (0, 2)),
        )
        self.last = nn.Conv1d(64, 1 + characters, 3, 1, 1)

    def forward(self, image: Tensor) -> Tensor:
        return self.last(F.relu(self.layers(image)[:, :, 0])).transpose(1, 2)
