"""YOLOv5's head, which v3, v6, v7 and others share: boxes in pixels, an objectness, and classes given an object."""

from __future__ import annotations

from typing import Literal

import numpy as np

from audit.decoders.detector import Detector, Fraction, candidates, input_size, to_corners
from audit.decoders.outputs import Outputs, take_rank
from audit.frame import Frame
from audit.predictions import Detections
from camsim.errors import CamsimError


class YoloV5(Detector):
    """(A, 5 + C): centre x and y, width, height, objectness, C classes. A score is objectness times class.

    Thresholds are those of YOLOv5's val.py.
    """

    kind: Literal["yolov5"] = "yolov5"
    confidence: Fraction = 0.25
    iou_threshold: Fraction | None = 0.6
    output: str | None = None
    """Name of the output; None: the only one that is a table."""
    coordinates: Literal["pixels", "normalised"] = "pixels"
    """Of the model's input; exports for TensorFlow are normalised."""
    multi_label: bool = True
    """An anchor counts for each class that reaches the threshold, as in val.py; false: for its best class alone."""

    def class_count(self, outputs: Outputs) -> int | None:
        return self._table(outputs).shape[1] - 5

    def decode(self, outputs: Outputs, frame: Frame) -> Detections:
        table = self._table(outputs)
        # Classes are at most 1: what has no objectness has no score, and most anchors have none.
        table = table[table[:, 4] >= self.score_threshold].astype(np.float64)
        scores = table[:, 5:] * table[:, 4:5]
        rows, labels = candidates(scores, self.score_threshold, self.multi_label)
        corners = to_corners(table[rows, :4], "cxcywh")
        if self.coordinates == "normalised":
            corners = corners * input_size(frame)
        found, _ = self.finish(corners, scores[rows, labels], labels, frame)
        return found

    def _table(self, outputs: Outputs) -> np.ndarray[tuple[int, ...], np.dtype[np.floating]]:
        table = take_rank(outputs, 2, self.output, "output", "boxes with objectness and classes")
        if table.shape[1] < 6:
            raise CamsimError(f"decoder yolov5: wants (A, 5 + C), got {tuple(table.shape)}")
        return table
