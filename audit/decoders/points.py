"""Keypoints of one object: heatmaps, coordinates, or a distribution along each axis (SimCC). One decoder each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, Strict
from scipy.special import expit

from audit.decoders.decoder import Decoder
from audit.decoders.reading import pick, shape_error
from audit.frame import Frame
from audit.predictions import Points
from camsim.errors import CamsimError

Sigmas = Annotated[tuple[Annotated[float, Field(gt=0)], ...], Strict(False), Field(min_length=1)]
"""COCO's per-point constants of the object keypoint similarity; one for all points, or one for each."""

SURE = 0.3
"""Points of a lower score are not called moved: the usual limit for drawing them."""


class _Points(Decoder):
    task: ClassVar[str] = "keypoints"

    sigmas: Sigmas = (0.07,)
    """Of the object keypoint similarity, as fractions of the object's size; 0.07 is about the mean of COCO's 17."""


class HeatmapsDecoder(_Points):
    """(K, h, w) or (h, w, K) heatmaps: the highest cell, moved by a quarter cell towards its higher neighbour.

    The quarter offset is that of Newell et al. (Stacked Hourglass, ECCV 2016) and HRNet; no other refinement. A tie
    goes to the first cell, row by row. The score is the height of the peak, cut to [0, 1].
    """

    kind: Literal["heatmaps"] = "heatmaps"
    output: str | None = None
    """Name of the output; needed where the model has several."""
    channels: Literal["first", "last"] = "first"
    """Where the points stand: *first* is (K, h, w), *last* (h, w, K)."""
    holds: Literal["logits", "scores"] = "scores"
    """*logits* pass a sigmoid."""
    cell: Literal["centre", "corner"] = "centre"
    """Where in the input cell (i, j) lies: at its centre, (j + 1/2) times the stride; or, as HRNet and mmpose train, on
    the pixel j times the stride, which is half a stride less half a pixel further left."""

    def decode(self, outputs: Mapping[str, NDArray[Any]], frame: Frame) -> Points:
        name, values = pick(outputs, self.output)
        if values.ndim != 3 or values.size == 0:
            raise shape_error(name, values, "heatmaps (K, h, w) or (h, w, K)")
        maps = np.asarray(np.moveaxis(values, -1, 0) if self.channels == "last" else values, dtype=np.float64)
        cells, peaks = peak(maps)
        stride = [frame.fed[1] / maps.shape[2], frame.fed[0] / maps.shape[1]]
        inside = (cells + 0.5) * stride if self.cell == "centre" else cells * stride + 0.5
        scores = expit(peaks) if self.holds == "logits" else np.clip(peaks, 0.0, 1.0)
        return Points(frame.points_to_picture(inside), scores, frame.shape)


class CoordinatesDecoder(_Points):
    """Numbers that are the points: (K, n), or one after the other (K n,)."""

    kind: Literal["coordinates"] = "coordinates"
    output: str | None = None
    """Name of the output; needed where the model has several."""
    numbers: Literal["xy", "yx", "xys", "yxs", "xyz"] = "xy"
    """Of each point: x, y, its score s in [0, 1]; z is not used."""
    unit: Literal["pixels", "fraction", "signed"] = "pixels"
    """*pixels* of the model's input, *fraction* of its width and height, or *signed*: -1..1 across it."""

    def decode(self, outputs: Mapping[str, NDArray[Any]], frame: Frame) -> Points:
        name, values = pick(outputs, self.output)
        each = len(self.numbers)
        if values.size == 0 or values.size % each:
            raise shape_error(name, values, f"{each} numbers ({self.numbers}) for each point")
        if values.ndim > 1 and values.shape[-1] != each and values.size != max(values.shape):
            raise shape_error(name, values, f"points (K, {each}), each {self.numbers}")
        rows = np.asarray(values, dtype=np.float64).reshape(-1, each)
        points = rows[:, [self.numbers.index("x"), self.numbers.index("y")]]
        size = np.array([frame.fed[1], frame.fed[0]], dtype=np.float64)
        if self.unit == "fraction":
            points = points * size
        elif self.unit == "signed":
            points = (points + 1) / 2 * size
        scores = np.full(len(rows), np.nan)
        if "s" in self.numbers:
            scores = rows[:, 2]
            if scores.min() < 0 or scores.max() > 1:
                raise CamsimError(
                    f"output {name!r}: scores must lie in [0, 1], got {scores.min():.4g}..{scores.max():.4g}; "
                    "is the third number of each point a score?"
                )
        return Points(frame.points_to_picture(points), scores, frame.shape)


class SimccDecoder(_Points):
    """A distribution of each point along x, (K, W'), and along y, (K, H'): the highest bin of each.

    Li et al. (SimCC, ECCV 2022), as RTMPose exports it: bin i is the pixel i / split. The score is the lower of the
    two peaks, cut to [0, 1]. A tie goes to the first bin.
    """

    kind: Literal["simcc"] = "simcc"
    x: str | None = None
    """Name of the output along x; None: the first."""
    y: str | None = None
    """Name of the output along y; None: the second."""
    split: Annotated[float, Field(gt=0)] = 2.0
    """Bins a pixel of the model's input."""

    def decode(self, outputs: Mapping[str, NDArray[Any]], frame: Frame) -> Points:
        names = list(outputs)
        if len(names) < 2:
            raise CamsimError(f"a SimCC model has two outputs, x and y; this one has {', '.join(map(repr, names))}")
        axes = [pick(outputs, self.x or names[0], "x"), pick(outputs, self.y or names[1], "y")]
        for (name, values), side in zip(axes, (frame.fed[1], frame.fed[0]), strict=True):
            if values.ndim != 2 or values.shape[1] != round(side * self.split):
                raise shape_error(name, values, f"(K, {round(side * self.split)}): {self.split:g} bins for {side} px")
        bins = np.stack([values.argmax(axis=1) for _, values in axes], axis=1)
        peaks = np.min([values.max(axis=1) for _, values in axes], axis=0)
        inside = bins / self.split + 0.5
        scores = np.clip(peaks.astype(np.float64), 0.0, 1.0)
        return Points(frame.points_to_picture(inside), scores, frame.shape)


def peak(maps: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Places (K, 2), x and y in cells, and heights (K,) of the highest cells of (K, h, w), moved by a quarter cell."""
    count, height, width = maps.shape
    places = maps.reshape(count, -1).argmax(axis=1)
    rows, columns = np.divmod(places, width)
    each = np.arange(count)
    # At the border there is no neighbour on one side: no move, as in HRNet.
    across = np.sign(
        maps[each, rows, np.minimum(columns + 1, width - 1)] - maps[each, rows, np.maximum(columns - 1, 0)]
    )
    down = np.sign(maps[each, np.minimum(rows + 1, height - 1), columns] - maps[each, np.maximum(rows - 1, 0), columns])
    across = np.where((columns > 0) & (columns < width - 1), across, 0)
    down = np.where((rows > 0) & (rows < height - 1), down, 0)
    cells = np.stack([columns + across / 4, rows + down / 4], axis=1)
    return cells, maps.reshape(count, -1)[each, places]
