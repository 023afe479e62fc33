"""Keypoints: 1 - OKS, of heatmaps and SimCC as they expect it rather than at their peak."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from audit.data.truth import Keypoints
from audit.decoders.points import CoordinatesDecoder, HeatmapsDecoder, SimccDecoder
from audit.frame import Frame
from audit.predictions import Points

SHARPNESS = 20.0
"""Of heights that are scores: a peak of 1 has exp(20) times the weight of the ground, more than all cells together."""
SIMCC_SHARPNESS = 10.0
"""What RTMPose trains its bins with, softmax(10 x) (mmpose, KLDiscretLoss)."""

Aim = tuple[NDArray[np.float64], NDArray[np.bool_], float]
"""Points (K, 2), which of them count, and the object's extent."""


@dataclass(frozen=True)
class PointLoss:
    """1 - OKS as `audit.tasks.keypoints.KeypointsTask` has it, averaged over the points that count.

    Of coordinates it is that of the points. Where the highest cell is the point, which has no slope, it is the mean of
    1 - OKS over the cells of a heatmap, weighted with softmax(20 height), of logits after their sigmoid: near that of
    the highest cell where that stands out, and rising as another does. So it is, with softmax(10 height), over the bins
    of SimCC along both axes.
    """

    decoder: HeatmapsDecoder | CoordinatesDecoder | SimccDecoder
    names: tuple[str, ...]
    sigmas: NDArray[np.float64]
    """(K,)."""
    extent: Any
    """From the points under the reference to the extent of their object."""

    def __call__(
        self, outputs: Mapping[str, Tensor], frame: Frame, truth: Keypoints | None, reference: Points | None
    ) -> Tensor:
        points, counts, size = self._aim(truth, reference)
        values = [outputs[name].to(torch.float64) for name in self.names]
        # Squared distances are divided by this, (K,).
        wide = (2 * self.sigmas * size) ** 2
        match self.decoder:
            case CoordinatesDecoder():
                likeness = self._of_points(values[0], frame, points, wide)
            case HeatmapsDecoder():
                likeness = self._of_cells(values[0], frame, points, wide)
            case SimccDecoder():
                likeness = self._of_bins(values, frame, points, wide)
        return 1 - likeness[torch.from_numpy(counts)].mean()

    def _aim(self, truth: Keypoints | None, reference: Points | None) -> Aim:
        if truth is not None:
            # Points that are not labelled may be anything; they do not count.
            points = np.where(truth.visible[:, None], truth.points, 0.0)
            return points, np.asarray(truth.visible, dtype=np.bool_), truth.extent
        assert reference is not None
        return reference.points, np.ones(len(reference.points), dtype=np.bool_), self.extent(reference)

    def _of_points(
        self, values: Tensor, frame: Frame, points: NDArray[np.float64], wide: NDArray[np.float64]
    ) -> Tensor:
        """OKS (K,) of coordinates."""
        assert isinstance(self.decoder, CoordinatesDecoder)
        rows = values.reshape(-1, len(self.decoder.numbers))
        found = rows[:, [self.decoder.numbers.index("x"), self.decoder.numbers.index("y")]]
        size = torch.tensor([frame.fed[1], frame.fed[0]], dtype=torch.float64)
        if self.decoder.unit == "fraction":
            found = found * size
        elif self.decoder.unit == "signed":
            found = (found + 1) / 2 * size
        scale = torch.tensor(
            [frame.shape[1] / frame.resized[1], frame.shape[0] / frame.resized[0]], dtype=torch.float64
        )
        pictured = (found - torch.tensor([frame.left, frame.top], dtype=torch.float64)) * scale
        apart = (pictured - torch.from_numpy(points)).square().sum(dim=1)
        return torch.exp(-apart / torch.from_numpy(wide))

    def _of_cells(self, maps: Tensor, frame: Frame, points: NDArray[np.float64], wide: NDArray[np.float64]) -> Tensor:
        """Expected OKS (K,) of heatmaps."""
        assert isinstance(self.decoder, HeatmapsDecoder)
        if self.decoder.channels == "last":
            maps = maps.movedim(-1, 0)
        shift, add = (0.5, 0.0) if self.decoder.cell == "centre" else (0.0, 0.5)
        across = (np.arange(maps.shape[2]) + shift) * frame.fed[1] / maps.shape[2] + add
        down = (np.arange(maps.shape[1]) + shift) * frame.fed[0] / maps.shape[1] + add
        columns, rows = _kernels(across, down, frame, points, wide)
        heights = maps.sigmoid() if self.decoder.holds == "logits" else maps
        weights = (SHARPNESS * heights).flatten(1).softmax(dim=1).reshape(maps.shape)
        return torch.einsum("khw,kh,kw->k", weights, rows, columns)

    def _of_bins(
        self, axes: list[Tensor], frame: Frame, points: NDArray[np.float64], wide: NDArray[np.float64]
    ) -> Tensor:
        """Expected OKS (K,) of distributions along x and y."""
        assert isinstance(self.decoder, SimccDecoder)
        across, down = (np.arange(axis.shape[1]) / self.decoder.split + 0.5 for axis in axes)
        kernels = _kernels(across, down, frame, points, wide)
        shares = [(SIMCC_SHARPNESS * axis).softmax(dim=1) for axis in axes]
        x, y = ((share * kernel).sum(dim=1) for share, kernel in zip(shares, kernels, strict=True))
        return x * y


def _kernels(
    across: NDArray[np.float64],
    down: NDArray[np.float64],
    frame: Frame,
    points: NDArray[np.float64],
    wide: NDArray[np.float64],
) -> tuple[Tensor, Tensor]:
    """exp(-d^2 / wide) of columns (K, W) and rows (K, H) of the model's input; OKS is their product.

    d is the distance to the nearest place of the cell: what lies within is found, as the decoder looks between cells.
    """
    x = frame.points_to_picture(np.stack([across, np.zeros_like(across)], axis=1))[:, 0]
    y = frame.points_to_picture(np.stack([np.zeros_like(down), down], axis=1))[:, 1]
    found = []
    for axis, places in enumerate((x, y)):
        half = (places[1] - places[0]) / 2 if len(places) > 1 else 0.0
        apart = np.maximum(np.abs(places[None] - points[:, axis, None]) - half, 0.0)
        found.append(torch.from_numpy(np.exp(-(apart**2) / wide[:, None])))
    return found[0], found[1]
