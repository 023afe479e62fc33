"""YOLOX's head as it is exported: offsets from a grid, an objectness, and classes given an object."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, Strict

from audit.decoders.detector import Detector, Fraction, candidates, to_corners
from audit.decoders.outputs import Outputs, take_rank
from audit.frame import Frame
from audit.predictions import Detections
from camsim.errors import CamsimError


class YoloX(Detector):
    """(A, 5 + C): x, y, log width, log height in cells, objectness, C classes; of all cells of all strides, row by row.

    centre = (offset + cell) stride, size = exp(log size) stride (Ge et al., arXiv:2107.08430, and its demo_utils.py).
    """

    kind: Literal["yolox"] = "yolox"
    confidence: Fraction = 0.3
    iou_threshold: Fraction | None = 0.65
    output: str | None = None
    """Name of the output; None: the only one that is a table."""
    strides: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Strict(False), Field(min_length=1)] = (8, 16, 32)
    """Pixels of the model's input from cell to cell."""
    multi_label: bool = False
    """An anchor counts for its best class alone, as in YOLOX's postprocess; true: for each above the threshold."""

    def class_count(self, outputs: Outputs) -> int | None:
        return self._table(outputs).shape[1] - 5

    def decode(self, outputs: Outputs, frame: Frame) -> Detections:
        table = self._table(outputs)
        grid = cells(self.strides, frame.fed)
        if len(grid) != len(table):
            raise CamsimError(
                f"decoder yolox: {len(table)} anchors, but an input of {frame.fed[0]}x{frame.fed[1]} px has "
                f"{len(grid)} cells at strides {', '.join(map(str, self.strides))}; declare the model's 'strides'"
            )
        likely = table[:, 4] >= self.score_threshold
        table, grid = table[likely].astype(np.float64), grid[likely]
        scores = table[:, 5:] * table[:, 4:5]
        rows, labels = candidates(scores, self.score_threshold, self.multi_label)
        stride = grid[rows, 2:]
        with np.errstate(over="ignore"):
            sizes = np.exp(table[rows, 2:4]) * stride
        if not np.isfinite(sizes).all():
            raise CamsimError("decoder yolox: sizes overflow; are these outputs decoded already (decoder yolov5)?")
        boxes = np.concatenate([(table[rows, :2] + grid[rows, :2]) * stride, sizes], axis=1)
        found, _ = self.finish(to_corners(boxes, "cxcywh"), scores[rows, labels], labels, frame)
        return found

    def _table(self, outputs: Outputs) -> np.ndarray[tuple[int, ...], np.dtype[np.floating]]:
        table = take_rank(outputs, 2, self.output, "output", "boxes with objectness and classes")
        if table.shape[1] < 6:
            raise CamsimError(f"decoder yolox: wants (A, 5 + C), got {tuple(table.shape)}")
        return table


def cells(strides: tuple[int, ...], size: tuple[int, int]) -> NDArray[np.float64]:
    """(A, 3): column, row and stride of each cell of an input of ``size`` (height, width), stride by stride."""
    parts = []
    for stride in strides:
        height, width = -(-size[0] // stride), -(-size[1] // stride)
        rows, columns = np.mgrid[:height, :width]
        parts.append(np.stack([columns.ravel(), rows.ravel(), np.full(height * width, stride)], axis=1))
    return np.concatenate(parts).astype(np.float64)
