"""DETR's head and its successors': queries with class logits and a box, mostly without suppression."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from audit.decoders.detector import (
    BoxFormat,
    Count,
    Detector,
    Fraction,
    candidates,
    from_logits,
    input_size,
    to_corners,
)
from audit.decoders.outputs import Outputs, take
from audit.frame import Frame
from audit.predictions import Detections
from camsim.errors import CamsimError


class Detr(Detector):
    """Logits (Q, C) and boxes (Q, 4), normalised over the model's input.

    *softmax*, DETR's own: the last class is "no object", a query has one class. *sigmoid*, of deformable DETR, DINO and
    RT-DETR: a query counts for each class by itself.
    """

    kind: Literal["detr"] = "detr"
    max_detections: Count = 100
    confidence: Fraction = 0.5
    logits: str = "logits"
    """Name of the output with (Q, C)."""
    boxes: str = "pred_boxes"
    """Name of the output with (Q, 4)."""
    scoring: Literal["softmax", "sigmoid"] = "softmax"
    format: BoxFormat = "cxcywh"
    coordinates: Literal["normalised", "pixels"] = "normalised"

    def class_count(self, outputs: Outputs) -> int | None:
        return int(self._logits(outputs).shape[1]) - (self.scoring == "softmax")

    def decode(self, outputs: Outputs, frame: Frame) -> Detections:
        logits, boxes = self._logits(outputs), take(outputs, self.boxes, "boxes")
        if boxes.shape != (len(logits), 4):
            raise CamsimError(
                f"decoder detr: boxes are {tuple(boxes.shape)} for logits {tuple(logits.shape)}; (Q, 4) and (Q, C) are "
                "wanted"
            )
        scores = from_logits(logits, self.scoring, "read them with 'kind: boxes'")
        if self.scoring == "softmax":
            scores = scores[:, :-1]
        rows, labels = candidates(scores, self.score_threshold, multi_label=self.scoring == "sigmoid")
        corners = to_corners(boxes[rows].astype(np.float64), self.format)
        if self.coordinates == "normalised":
            corners = corners * input_size(frame)
        found, _ = self.finish(corners, scores[rows, labels], labels, frame)
        return found

    def _logits(self, outputs: Outputs) -> NDArray[np.float64]:
        logits = take(outputs, self.logits, "logits")
        if logits.ndim != 2 or logits.shape[1] < (2 if self.scoring == "softmax" else 1):
            raise CamsimError(f"decoder detr: logits (Q, C) are wanted, got {tuple(logits.shape)}")
        return logits.astype(np.float64)
