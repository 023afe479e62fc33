"""The head of YOLOv8, v9 and 11 as Ultralytics exports it: boxes and classes without objectness; masks, and points."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from audit.decoders.detector import Count, Detector, Fraction, candidates, input_size, to_corners
from audit.decoders.masks import map_mask
from audit.decoders.outputs import Outputs, shapes, take_rank
from audit.decoders.points import Sigmas
from audit.frame import Frame
from audit.predictions import Detections
from camsim.errors import CamsimError


class YoloV8Head(Detector):
    """(4 + C, A): centre x and y, width, height, C classes."""

    confidence: Fraction = 0.25
    iou_threshold: Fraction | None = 0.7
    output: str | None = None
    """Name of the output; None: the only one that is a table."""
    coordinates: Literal["pixels", "normalised"] = "pixels"
    """Of the model's input; exports for TensorFlow are normalised."""
    anchors_first: bool = False
    """The output is (A, 4 + C)."""
    multi_label: bool = True
    """An anchor counts for each class that reaches the threshold, as in val; false: for its best class alone."""

    def class_count(self, outputs: Outputs) -> int | None:
        return int(self._table(outputs).shape[1]) - 4 - self._extra(outputs)

    def detect(self, outputs: Outputs, frame: Frame) -> tuple[Detections, NDArray[Any]]:
        """What is found, and the row of the table that each comes from."""
        table = self._table(outputs)
        classes = table.shape[1] - 4 - self._extra(outputs)
        if classes < 1:
            raise CamsimError(f"decoder yolov8: {shapes(outputs)} leaves no classes; is 'anchors_first' right?")
        scores = table[:, 4 : 4 + classes]
        rows, labels = candidates(scores, self.score_threshold, self.multi_label)
        corners = to_corners(table[rows, :4].astype(np.float64), "cxcywh")
        if self.coordinates == "normalised":
            corners = corners * input_size(frame)
        found, places = self.finish(corners, scores[rows, labels], labels, frame)
        return found, table[rows[places]]

    def _table(self, outputs: Outputs) -> NDArray[Any]:
        table = take_rank(outputs, 2, self.output, "output", "boxes with classes")
        return table if self.anchors_first else table.T

    def _extra(self, outputs: Outputs) -> int:
        """Columns after the classes."""
        return 0


class YoloV8(YoloV8Head):
    """(4 + C, A): centre x and y, width, height, C classes. Thresholds are those of Ultralytics' val."""

    kind: Literal["yolov8"] = "yolov8"

    def decode(self, outputs: Outputs, frame: Frame) -> Detections:
        found, _ = self.detect(outputs, frame)
        return found


class YoloV8Pose(YoloV8Head):
    """YOLOv8-pose and its like: after the classes x, y and the chance to be seen of each point, in pixels."""

    kind: Literal["yolov8_pose"] = "yolov8_pose"
    task: ClassVar[str] = "poses"
    points: Annotated[int, Field(ge=1, le=1000)] = 17
    """How many each object has."""
    visibility: bool = True
    """false: a point is x, y alone."""
    sigmas: Sigmas | None = None
    """Of the object keypoint similarity, one for all points, or one for each; None: COCO's for its 17 points of people,
    0.07 for others."""

    def decode(self, outputs: Outputs, frame: Frame) -> Detections:
        found, rows = self.detect(outputs, frame)
        each = 3 if self.visibility else 2
        numbers = rows[:, -self.points * each :].astype(np.float64).reshape(len(rows), self.points, each)
        places = numbers[..., :2]
        if self.coordinates == "normalised":
            places = places * input_size(frame)[:2]
        pictured = frame.points_to_picture(places.reshape(-1, 2)).reshape(places.shape)
        seen = numbers[..., 2] if self.visibility else np.full(places.shape[:2], np.nan)
        if self.visibility and seen.size and not (seen.min() >= -1e-3 and seen.max() <= 1 + 1e-3):
            raise CamsimError(
                f"decoder yolov8_pose: the third number of points reaches from {seen.min():.4g} to {seen.max():.4g}, "
                "where a chance in [0, 1] is wanted; if points are x, y alone, declare 'visibility: false'"
            )
        return Detections(found.corners, found.scores, found.labels, points=pictured, seen=seen.clip(0, 1))

    def _extra(self, outputs: Outputs) -> int:
        return self.points * (3 if self.visibility else 2)


class YoloV8Masks(YoloV8Head):
    """YOLOv8-seg and its like: 32 coefficients after the classes, and a second output of 32 prototypes (32, h, w).

    A mask is where the prototypes, weighted with the coefficients, exceed 0 within the box (Bolya et al., YOLACT, ICCV
    2019).
    """

    kind: Literal["yolov8_masks"] = "yolov8_masks"
    task: ClassVar[str] = "instances"
    max_detections: Count = 100
    prototypes: str | None = None
    """Name of the output with the prototypes; None: the only one of 3 axes."""

    def decode(self, outputs: Outputs, frame: Frame) -> Detections:
        found, rows = self.detect(outputs, frame)
        prototypes = self._prototypes(outputs)
        count, height, width = prototypes.shape
        weights = rows[:, -count:].astype(np.float32)
        maps = (weights @ prototypes.reshape(count, -1).astype(np.float32)).reshape(-1, height, width)
        masks = tuple(map_mask(one, box, frame, 0.0) for one, box in zip(maps, found.corners, strict=True))
        return Detections(found.corners, found.scores, found.labels, masks)

    def _extra(self, outputs: Outputs) -> int:
        return len(self._prototypes(outputs))

    def _prototypes(self, outputs: Outputs) -> NDArray[Any]:
        return take_rank(outputs, 3, self.prototypes, "prototypes", "the prototypes of masks")
