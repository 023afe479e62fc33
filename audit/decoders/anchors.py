"""Detectors whose boxes are offsets from anchors: SSD, RetinaNet, RetinaFace, BlazeFace, SCRFD and others."""

from __future__ import annotations

from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, Strict, field_validator, model_validator

from audit.decoders.detector import Detector, Fraction, candidates, from_logits, to_corners
from audit.decoders.outputs import Outputs, shapes, take
from audit.frame import Frame
from audit.predictions import Detections
from camsim.errors import CamsimError
from camsim.spec import Model

_LARGEST_LOG_SIZE = float(np.log(1000 / 16))
"""Sizes are cut here before exp, as torchvision's BoxCoder does."""

Names = Annotated[tuple[str, ...], Strict(False), Field(min_length=1)]
Positive = Annotated[float, Field(gt=0)]
Size = Annotated[tuple[Positive, Positive], Strict(False)]


class Level(Model):
    """Anchors of one feature map: the same in each of its cells, row by row, all of a cell before the next."""

    stride: Annotated[int, Field(ge=1)]
    """Pixels of the model's input from cell to cell."""
    sizes: Annotated[tuple[Size, ...], Strict(False)] | None = None
    """Width and height of each anchor, in pixels of the model's input."""
    count: Annotated[int, Field(ge=1)] | None = None
    """How many there are, for codings that need no sizes."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.sizes is None) == (self.count is None) or self.sizes == ():
            raise ValueError("needs either 'sizes', [width, height] of each anchor, or 'count', their number")
        return self

    def anchors(self, size: tuple[int, int], offset: float) -> NDArray[np.float64]:
        """(A, 5): centre x, centre y, width, height, stride of each, for an input of ``size`` (height, width)."""
        height, width = -(-size[0] // self.stride), -(-size[1] // self.stride)
        shapes = np.array(self.sizes if self.sizes is not None else [(1.0, 1.0)] * (self.count or 0))
        rows, columns, which = np.mgrid[:height, :width, : len(shapes)].reshape(3, -1)
        centres = (np.stack([columns, rows], axis=1) + offset) * self.stride
        return np.concatenate([centres, shapes[which], np.full((len(which), 1), float(self.stride))], axis=1)


class Anchors(Detector):
    """Offsets (A, 4) and scores (A, C) of all anchors, in one output each or in one for every feature map.

    With an anchor's centre c, size s and the offsets t in the order x, y, width, height:
    *ssd* centre = c + v0 t s, size = s exp(v1 t) (Liu et al., SSD, ECCV 2016);
    *pixels* centre = c + t, size = t, in pixels of the model's input (BlazeFace, arXiv:1907.05047);
    *distances* left, top, right, bottom = c -+ stride t (FCOS, SCRFD).
    """

    kind: Literal["anchors"] = "anchors"
    iou_threshold: Fraction | None = 0.45
    boxes: Names
    """Names of the outputs with (A, 4 or more) numbers; what follows the first 4, such as landmarks, is not read."""
    scores: Names
    """Names of the outputs with (A, C), in the same order."""
    levels: Annotated[tuple[Level, ...], Strict(False)]
    """The feature maps, in the order of the anchors."""
    coding: Literal["ssd", "pixels", "distances"] = "ssd"
    variances: Annotated[tuple[Positive, Positive], Strict(False)] = (0.1, 0.2)
    """v0 and v1 of ``ssd``; 1 and 1 for RetinaNet."""
    centre: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Where in its cell an anchor stands: 0.5, its middle, or 0, its corner (SCRFD)."""
    order: Literal["xy", "yx"] = "xy"
    """``yx`` for TensorFlow: y before x, height before width."""
    scoring: Literal["sigmoid", "softmax", "probabilities"] = "sigmoid"
    background: bool = False
    """Column 0 of the scores is the background."""

    @field_validator("levels")
    @classmethod
    def _some(cls, levels: tuple[Level, ...]) -> tuple[Level, ...]:
        if not levels:
            raise ValueError("needs at least one feature map")
        return levels

    def class_count(self, outputs: Outputs) -> int | None:
        return int(self._scores(outputs).shape[1]) - self.background

    def decode(self, outputs: Outputs, frame: Frame) -> Detections:
        scores = self._scores(outputs)
        offsets = np.concatenate([_table(take(outputs, name, "boxes"), name)[:, :4] for name in self.boxes])
        anchors = np.concatenate([level.anchors(frame.fed, self.centre) for level in self.levels])
        if not len(anchors) == len(offsets) == len(scores) or offsets.shape[1] != 4:
            raise CamsimError(
                f"decoder anchors: 'levels' make {len(anchors)} anchors for an input of {frame.fed[0]}x{frame.fed[1]} "
                f"px, but the model gives offsets {offsets.shape} and scores {scores.shape}"
            )
        likely = self._chances(scores)[:, self.background :]
        rows, labels = candidates(likely, self.score_threshold, multi_label=True)
        corners = self._corners(offsets[rows].astype(np.float64), anchors[rows])
        found, _ = self.finish(corners, likely[rows, labels], labels, frame)
        return found

    def _scores(self, outputs: Outputs) -> NDArray[np.float64]:
        parts = [_table(take(outputs, name, "scores"), name) for name in self.scores]
        if len({part.shape[1] for part in parts}) != 1 or parts[0].shape[1] <= self.background:
            raise CamsimError(f"decoder anchors: the scores must be (A, C) with one C, got {shapes(outputs)}")
        return np.concatenate(parts).astype(np.float64)

    def _chances(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.scoring == "probabilities":
            return scores
        return from_logits(scores, self.scoring, "declare 'scoring: probabilities'")

    def _corners(self, offsets: NDArray[np.float64], anchors: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.order == "yx":
            offsets = offsets[:, [1, 0, 3, 2]]
        centres, sizes = anchors[:, :2], anchors[:, 2:4]
        if self.coding == "distances":
            reach = offsets * anchors[:, 4:]
            return np.concatenate([centres - reach[:, :2], centres + reach[:, 2:]], axis=1)
        if self.coding == "pixels":
            boxes = np.concatenate([centres + offsets[:, :2], offsets[:, 2:]], axis=1)
        else:
            near, far = self.variances
            logs = np.minimum(offsets[:, 2:] * far, _LARGEST_LOG_SIZE)
            boxes = np.concatenate([centres + offsets[:, :2] * near * sizes, sizes * np.exp(logs)], axis=1)
        return np.asarray(to_corners(boxes, "cxcywh"), dtype=np.float64)


def _table(array: NDArray[np.generic], name: str) -> NDArray[np.generic]:
    """(A, n) from (A, n), (A,) as (A, 1), or a map (h, w, a * n) that is refused: its n is not known."""
    if array.ndim == 1:
        return array[:, None]
    if array.ndim != 2:
        raise CamsimError(f"decoder anchors: output {name!r} is {tuple(array.shape)}, where (A, n) is wanted")
    return array
