"""A one-stage detector in the style of SSD (Liu et al. 2015, arXiv:1512.02325): anchors at three scales."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from benchmarks.zoo.networks.cnn import layer

_ANCHORS, _CLASSES = 3, 5


class Ssd(nn.Module):
    """(1, 3, H, W) -> boxes (1, anchors, 4) as corners in [0, 1], and scores (1, 5, anchors)."""

    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.ModuleList(
            [
                nn.Sequential(*layer(3, 24, 3, 2), nn.ReLU6(), *layer(24, 32, 3, 2), nn.ReLU6(), *layer(32, 48, 3, 2)),
                nn.Sequential(nn.ReLU6(), *layer(48, 64, 3, 2)),
                nn.Sequential(nn.ReLU6(), *layer(64, 64, 3, 2)),
            ]
        )
        self.where = nn.ModuleList([nn.Conv2d(channels, 4 * _ANCHORS, 3, padding=1) for channels in (48, 64, 64)])
        self.what = nn.ModuleList([nn.Conv2d(channels, _CLASSES * _ANCHORS, 3, padding=1) for channels in (48, 64, 64)])

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        boxes, scores = [], []
        for number, (stage, where, what) in enumerate(zip(self.stages, self.where, self.what, strict=True)):
            x = stage(x)
            offsets = where(x).permute(0, 2, 3, 1).reshape(x.shape[0], -1, 4)
            boxes.append(self._corners(offsets, _anchors(x.shape[2], x.shape[3], 0.1 * 2**number).to(x)))
            scores.append(what(x).permute(0, 2, 3, 1).reshape(x.shape[0], -1, _CLASSES))
        return torch.cat(boxes, 1), torch.cat(scores, 1).softmax(-1).transpose(1, 2)

    def _corners(self, offsets: Tensor, anchors: Tensor) -> Tensor:
        centre = anchors[:, :2] + 0.1 * offsets[..., :2] * anchors[:, 2:]
        size = anchors[:, 2:] * (0.2 * offsets[..., 2:]).exp()
        return torch.cat([centre - size / 2, centre + size / 2], -1).clamp(-1, 2)


def _anchors(height: int, width: int, size: float) -> Tensor:
    """Centre and size of three boxes a cell: (cells * 3, 4)."""
    rows, columns = torch.meshgrid(
        (torch.arange(height) + 0.5) / height, (torch.arange(width) + 0.5) / width, indexing="ij"
    )
    centres = torch.stack([columns, rows], -1).reshape(-1, 1, 2).expand(-1, _ANCHORS, 2)
    sizes = size * torch.tensor([[1.0, 1.0], [1.4, 0.7], [0.7, 1.4]])
    return torch.cat([centres, sizes.expand(centres.shape[0], -1, -1)], -1).reshape(-1, 4)
