"""What detectors' heads give, as candidates with a slope: the first half of their decoders, in torch."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from audit.decoders.boxes import Boxes
from audit.decoders.detector import BoxFormat, candidates
from audit.decoders.detr import Detr
from audit.decoders.yolov5 import YoloV5
from audit.decoders.yolov8 import YoloV8
from audit.decoders.yolox import YoloX, cells
from audit.frame import Frame

Candidates = tuple[Tensor, Tensor, Tensor]
"""Corners (K, 4) in pixels of the model's input, scores (K,), labels (K,)."""


def of_yolov8(decoder: YoloV8, name: str, outputs: Mapping[str, Tensor], frame: Frame) -> Candidates:
    """(4 + C, A), or (A, 4 + C)."""
    table = outputs[name] if decoder.anchors_first else outputs[name].T
    rows, labels = _chosen(table[:, 4:], decoder.score_threshold, decoder.multi_label)
    corners = _corners(table[rows, :4].to(torch.float64), "cxcywh")
    if decoder.coordinates == "normalised":
        corners = corners * _size(frame)
    return corners, table[rows, 4 + labels], labels


def of_yolov5(decoder: YoloV5, name: str, outputs: Mapping[str, Tensor], frame: Frame) -> Candidates:
    """(A, 5 + C)."""
    table = outputs[name].to(torch.float64)
    table = table[table[:, 4] >= decoder.score_threshold]
    scores = table[:, 5:] * table[:, 4:5]
    rows, labels = _chosen(scores, decoder.score_threshold, decoder.multi_label)
    corners = _corners(table[rows, :4], "cxcywh")
    if decoder.coordinates == "normalised":
        corners = corners * _size(frame)
    return corners, scores[rows, labels], labels


def of_yolox(decoder: YoloX, name: str, outputs: Mapping[str, Tensor], frame: Frame) -> Candidates:
    """(A, 5 + C) of offsets from a grid."""
    table, grid = outputs[name].to(torch.float64), torch.from_numpy(cells(decoder.strides, frame.fed))
    likely = table[:, 4] >= decoder.score_threshold
    table, grid = table[likely], grid[likely]
    scores = table[:, 5:] * table[:, 4:5]
    rows, labels = _chosen(scores, decoder.score_threshold, decoder.multi_label)
    stride = grid[rows, 2:]
    boxes = torch.cat([(table[rows, :2] + grid[rows, :2]) * stride, table[rows, 2:4].exp() * stride], dim=1)
    return _corners(boxes, "cxcywh"), scores[rows, labels], labels


def of_detr(decoder: Detr, outputs: Mapping[str, Tensor], frame: Frame) -> Candidates:
    """Logits (Q, C) and boxes (Q, 4)."""
    logits, boxes = (outputs[name].to(torch.float64) for name in (decoder.logits, decoder.boxes))
    scores = logits.sigmoid() if decoder.scoring == "sigmoid" else logits.softmax(dim=1)[:, :-1]
    rows, labels = _chosen(scores, decoder.score_threshold, decoder.scoring == "sigmoid")
    corners = _corners(boxes[rows], decoder.format)
    if decoder.coordinates == "normalised":
        corners = corners * _size(frame)
    return corners, scores[rows, labels], labels


def of_score_table(decoder: Boxes, outputs: Mapping[str, Tensor], frame: Frame) -> Candidates:
    """Boxes (N, 4) and scores (N, C) or, of one class, (N,), as outputs of their own."""
    assert decoder.boxes is not None
    assert decoder.scores is not None
    boxes = outputs[decoder.boxes].reshape(-1, 4).to(torch.float64)
    scores = outputs[decoder.scores].reshape(len(boxes), -1).to(torch.float64)
    scores = scores[:, decoder.first_label if scores.shape[1] > 1 else 0 :]
    rows, labels = _chosen(scores, decoder.score_threshold, multi_label=True)
    if decoder.order == "yx":
        boxes = boxes[:, [1, 0, 3, 2]]
    corners = _corners(boxes[rows], decoder.format)
    if decoder.coordinates == "normalised":
        corners = corners * _size(frame)
    return corners, scores[rows, labels], labels


def _chosen(scores: Tensor, threshold: float, multi_label: bool) -> tuple[Tensor, Tensor]:
    rows, labels = candidates(scores.detach().numpy(), threshold, multi_label)
    return torch.from_numpy(rows.astype(np.int64)), torch.from_numpy(labels.astype(np.int64))


def _corners(boxes: Tensor, form: BoxFormat) -> Tensor:
    if form == "xyxy":
        return boxes
    start, size = boxes[:, :2], boxes[:, 2:]
    if form == "cxcywh":
        start = start - size / 2
    return torch.cat([start, start + size], dim=1)


def _size(frame: Frame) -> Tensor:
    height, width = frame.fed
    return torch.tensor([width, height, width, height], dtype=torch.float64)
