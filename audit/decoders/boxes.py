"""Detectors that give boxes, scores and labels ready made."""

from __future__ import annotations

import math
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from audit.decoders.detector import BoxFormat, Detector, candidates, input_size, to_corners
from audit.decoders.outputs import Outputs, shapes, take
from audit.frame import Frame
from audit.predictions import Detections
from camsim.errors import CamsimError

Columns = Literal["box,score,label", "box,label,score", "box,score", "batch,box,label,score", "batch,label,score,box"]
"""What a row of a single output holds: the first is YOLO's end to end, the third MMDetection's, with labels in an
output of their own; the fourth YOLOv7's, the fifth SSD's in Caffe and OpenVINO. A row with a negative batch is
padding."""

_WIDTHS: dict[Columns, int] = {
    "box,score,label": 6,
    "box,label,score": 6,
    "box,score": 5,
    "batch,box,label,score": 7,
    "batch,label,score,box": 7,
}


Candidates = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], NDArray[np.intp]]
"""Corners (K, 4), scores (K,), labels (K,), and the place (K,) of each in the outputs."""


class BoxOutputs(Detector):
    """Boxes, scores and labels as outputs of their own, or as the columns of one.

    Boxes are (N, 4). Scores are (N,) with labels (N,) beside them, or without labels, of one class; or (N, C), one for
    each class, then without labels. Declare the outputs that are there; ``detections`` alone if there is only one.
    """

    boxes: str | None = None
    """Name of the output with boxes (N, 4)."""
    scores: str | None = None
    """Name of the output with scores, (N,) or (N, C), in [0, 1]."""
    labels: str | None = None
    """Name of the output with the class of each box, (N,); None: of the columns, or there is one class."""
    count: str | None = None
    """Name of the output that says how many of the N are meant; the others are padding."""
    detections: str | None = None
    """Name of a single output that holds all, (N, 5), (N, 6) or (N, 7)."""
    columns: Columns = "box,score,label"
    """What its columns are."""
    format: BoxFormat = "xyxy"
    order: Literal["xy", "yx"] = "xy"
    """``yx`` for TensorFlow, which gives top, left, bottom, right."""
    coordinates: Literal["pixels", "normalised"] = "pixels"
    """Of the model's input; normalised: 0 to 1 over its width and height."""
    first_label: Literal[0, 1] = 0
    """Number of the first class; 1 where 0 is the background (of (N, C) scores, too)."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.detections is None:
            missing = [name for name in ("boxes", "scores") if getattr(self, name) is None]
            if missing:
                raise ValueError(
                    f"needs the name of the output with {' and that with '.join(missing)} (or of one output that holds "
                    "both, as 'detections')"
                )
        elif self.boxes or self.scores or self.count:
            raise ValueError("takes 'detections', one output that holds all, or 'boxes' and 'scores', not both")
        elif self.labels and self.columns != "box,score":
            raise ValueError(f"'columns: {self.columns}' has labels of its own; leave 'labels' out")
        return self

    def class_count(self, outputs: Outputs) -> int | None:
        if self.labels is not None:
            return None
        if self.detections is not None:
            return 1 if self.columns == "box,score" else None
        assert self.boxes is not None
        assert self.scores is not None
        columns = _rows(take(outputs, self.scores, "scores"), len(self._corners(outputs, self.boxes))).shape[1]
        return 1 if columns == 1 else columns - self.first_label

    def read(self, outputs: Outputs, frame: Frame) -> Candidates:
        """All candidates, whatever their scores, in pixels of the model's input."""
        corners, scores, labels, places = self._read(outputs)
        if self.coordinates == "normalised":
            corners = corners * input_size(frame)
        return corners, scores, labels, places

    def _read(self, outputs: Outputs) -> Candidates:
        if self.detections is not None:
            return self._columns(outputs, take(outputs, self.detections, "detections"))
        assert self.boxes is not None
        assert self.scores is not None
        corners = self._corners(outputs, self.boxes)
        scores = _rows(take(outputs, self.scores, "scores"), len(corners)).astype(np.float64)
        if self.labels is not None:
            if scores.shape[1] != 1:
                raise CamsimError(f"{_what(outputs)} has labels, so that scores must be (N,): one for each box")
            labels = _whole(take(outputs, self.labels, "labels"), "labels") - self.first_label
            if labels.size != len(corners):
                raise CamsimError(f"{_what(outputs)} must have as many labels as boxes")
            rows, labels = np.arange(len(corners)), labels.reshape(-1)
        else:
            first = self.first_label if scores.shape[1] > 1 else 0
            scores = scores[:, first:]
            rows, labels = candidates(scores, self.score_threshold, multi_label=True)
            scores = scores[rows, labels][:, None]
        if self.count is not None:
            meant = _whole(take(outputs, self.count, "count"), "the number of detections")
            if meant.size != 1 or not 0 <= meant.item() <= len(corners):
                raise CamsimError(f"output {self.count!r} must be one number of detections, from 0 to {len(corners)}")
            inside = rows < meant.item()
            rows, labels, scores = rows[inside], labels[inside], scores[inside]
        return corners[rows], scores[:, 0], labels.astype(np.int64), rows

    def _corners(self, outputs: Outputs, name: str) -> NDArray[np.float64]:
        boxes = take(outputs, name, "boxes")
        if boxes.ndim == 0 or boxes.shape[-1] != 4 or math.prod(boxes.shape[:-2]) != 1:
            raise CamsimError(f"{_what(outputs)} wants boxes (N, 4)")
        return self._to_corners(boxes.reshape(-1, 4).astype(np.float64))

    def _to_corners(self, boxes: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.order == "yx":
            boxes = boxes[:, [1, 0, 3, 2]]
        return np.asarray(to_corners(boxes, self.format), dtype=np.float64)

    def _columns(self, outputs: Outputs, rows: NDArray[np.generic]) -> Candidates:
        width = _WIDTHS[self.columns]
        if rows.ndim == 0 or rows.shape[-1] != width or math.prod(rows.shape[:-2]) != 1:
            raise CamsimError(
                f"output {self.detections!r} is {tuple(rows.shape)}, where the decoder's 'columns: {self.columns}' "
                f"wants (N, {width})"
            )
        table = rows.reshape(-1, width).astype(np.float64)
        places = np.arange(len(table))
        if self.columns.startswith("batch"):
            places = places[table[:, 0] >= 0]
            table = table[places, 1:]
        match self.columns:
            case "box,score,label":
                boxes, scores, labels = table[:, :4], table[:, 4], table[:, 5]
            case "box,label,score" | "batch,box,label,score":
                boxes, labels, scores = table[:, :4], table[:, 4], table[:, 5]
            case "batch,label,score,box":
                labels, scores, boxes = table[:, 0], table[:, 1], table[:, 2:]
            case "box,score":
                boxes, scores = table[:, :4], table[:, 4]
                labels = np.full(len(table), float(self.first_label))
                if self.labels is not None:
                    labels = take(outputs, self.labels, "labels").reshape(-1).astype(np.float64)
                    if len(labels) != len(table):
                        raise CamsimError(f"{_what(outputs)} must have as many labels as boxes")
        # Padding has any label, and no score.
        real = scores > 0
        numbers = _whole(labels[real], "labels") - self.first_label
        return self._to_corners(boxes[real]), scores[real], numbers, places[real]


def _what(outputs: Outputs) -> str:
    return f"the model gives {shapes(outputs)}, but the decoder"


def _rows(scores: NDArray[np.generic], boxes: int) -> NDArray[np.floating]:
    """Scores as (N, C): from (N,), (N, C), or either with axes of length 1 around it."""
    if scores.size == 0 and boxes == 0:
        return np.zeros((0, scores.shape[-1] if scores.ndim >= 2 else 1))
    classes = scores.size // boxes if boxes else 0
    if classes * boxes != scores.size or (classes > 1 and scores.shape[-2:] != (boxes, classes)):
        raise CamsimError(
            f"the decoder wants scores (N,) or (N, C) for N = {boxes} boxes, but they are {tuple(scores.shape)}"
        )
    return np.asarray(scores.reshape(boxes, classes), dtype=np.float64)


def _whole(values: NDArray[np.generic], what: str) -> NDArray[np.int64]:
    numbers = np.asarray(values, dtype=np.float64)
    whole = np.rint(numbers)
    if (np.abs(numbers - whole) > 1e-3).any():
        raise CamsimError(f"the decoder: {what} must be whole numbers, got {numbers.flat[0]:g} ...")
    return whole.astype(np.int64)


class Boxes(BoxOutputs):
    """Ready-made detections: torchvision, TensorFlow, the ONNX zoo's SSD, YOLO exported with its suppression."""

    kind: Literal["boxes"] = "boxes"

    def decode(self, outputs: Outputs, frame: Frame) -> Detections:
        corners, scores, labels, _ = self.read(outputs, frame)
        found, _ = self.finish(corners, scores, labels, frame)
        return found
