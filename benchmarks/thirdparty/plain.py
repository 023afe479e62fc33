"""Plain readings of models whose makers bring none in Python: written from their sources, number by number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy.special import softmax

from audit.demo import efficientnet
from audit.models import open_network
from audit.models.preprocess import preprocess
from audit.models.session import open_session
from benchmarks.thirdparty.case import Pictures


def efficientnet_torch(pictures: Pictures, model: Path) -> Sequence[Any]:
    """The makers' module in PyTorch: the pixels of the usual centre crop, (x - 127) / 128; class and probability."""
    network = efficientnet()
    answers = []
    for picture in pictures:
        image = Image.fromarray(np.ascontiguousarray(picture))
        ratio = 256 / min(image.size)
        size = tuple(int(side * ratio + 1e-9) for side in image.size)
        image = image.resize(size, Image.Resampling.BICUBIC)  # type: ignore[arg-type]
        left, top = (round((side - 224) / 2.0) for side in size)
        values = (np.asarray(image.crop((left, top, left + 224, top + 224)), dtype=np.float32) - 127) / 128
        with torch.no_grad():
            chances = network(torch.from_numpy(values.transpose(2, 0, 1))[None])[0].softmax(0)
        answers.append([int(chances.argmax()), float(chances.max())])
    return answers


def unfused(pictures: Pictures, model: Path) -> Sequence[Any]:
    """A quantised classifier as its graph says it, every operator by itself in float: class and probability."""
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    prepared = open_network(model).prepared  # type: ignore[union-attr]
    name = session.get_inputs()[0].name
    answers = []
    for picture in pictures:
        (logits,) = session.run(None, {name: preprocess(picture, prepared)[None]})[0]
        chances = softmax(logits.astype(np.float64))
        answers.append([int(chances.argmax()), float(chances.max())])
    return answers


def blazeface(pictures: Pictures, model: Path) -> Sequence[Any]:
    """BlazeFaceBarracuda's shaders, anchor by anchor (Postprocess1Kernel.hlsl), with its threshold of 0.75.

    Of overlapping faces the surest is kept; the shaders average them.
    """
    session = open_session(model, 1)
    side = session.get_inputs()[0].shape[1]
    answers = []
    for picture in pictures:
        square, scale, left, top = _letterbox(picture, side, 0)
        fed = square.astype(np.float32)[None] / 127.5 - 1
        scores1, scores2, boxes1, boxes2 = session.run(None, {session.get_inputs()[0].name: fed})
        found = []
        for scores, boxes, cells, anchors in ((scores1, boxes1, 16, 2), (scores2, boxes2, 8, 6)):
            for index in range(cells * cells * anchors):
                row, column = divmod(index // anchors, cells)
                sure = 1 / (1 + math.exp(-max(float(scores[0, index, 0]), -100.0)))
                if sure <= 0.75:
                    continue
                x, y, width, height = (float(number) for number in boxes[0, index, :4])
                x, y = (column + 0.5) / cells * side + x, (row + 0.5) / cells * side + y
                corners = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
                found.append((sure, _to_picture(corners, scale, left, top, picture)))
        answers.append(_surest(found, 0.3))
    return answers


def yolov8(pictures: Pictures, model: Path) -> Sequence[Any]:
    """Ultralytics' letterbox (OpenCV, 114) and head, with its thresholds for prediction, 0.25 and 0.7."""
    session = open_session(model, 1)
    answers = []
    for picture in pictures:
        square, scale, left, top = _letterbox(picture, 320, 114, opencv=True)
        fed = square.transpose(2, 0, 1)[None].astype(np.float32) / 255
        found: dict[int, list[tuple[float, list[float]]]] = {}
        for column in session.run(None, {"images": fed})[0][0].T:
            x, y, width, height, *scores = (float(number) for number in column)
            corners = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
            for label, sure in enumerate(scores):
                if sure >= 0.25:
                    found.setdefault(label, []).append((sure, _to_picture(corners, scale, left, top, picture)))
        answers.append([box for candidates in found.values() for box in _surest(candidates, 0.7)])
    return answers


def _letterbox(
    picture: NDArray[np.uint8], side: int, value: int, opencv: bool = False
) -> tuple[NDArray[np.uint8], float, int, int]:
    """The picture in the middle of a square, its scale, and where it begins."""
    height, width = picture.shape[:2]
    scale = min(side / height, side / width)
    new = (round(width * scale), round(height * scale))
    if opencv:
        import cv2

        small = cv2.resize(np.ascontiguousarray(picture), new, interpolation=cv2.INTER_LINEAR)
    else:
        small = np.asarray(Image.fromarray(np.ascontiguousarray(picture)).resize(new, Image.Resampling.BILINEAR))
    square = np.full((side, side, 3), value, dtype=np.uint8)
    left, top = (side - new[0]) // 2, (side - new[1]) // 2
    square[top : top + new[1], left : left + new[0]] = small
    return square, scale, left, top


def _to_picture(corners: Sequence[float], scale: float, left: int, top: int, picture: NDArray[np.uint8]) -> list[float]:
    height, width = picture.shape[:2]
    limits = (width, height, width, height)
    return [
        min(max((side - start) / scale, 0.0), limit)
        for side, start, limit in zip(corners, (left, top, left, top), limits, strict=True)
    ]


def _surest(found: Sequence[tuple[float, list[float]]], overlap: float) -> list[list[float]]:
    kept: list[list[float]] = []
    for _, box in sorted(found, key=lambda one: -one[0]):
        if all(_iou(box, other) <= overlap for other in kept):
            kept.append(box)
    return kept


def _iou(one: Sequence[float], two: Sequence[float]) -> float:
    across = min(one[2], two[2]) - max(one[0], two[0])
    down = min(one[3], two[3]) - max(one[1], two[1])
    shared = max(across, 0.0) * max(down, 0.0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, two)]
    return shared / (areas[0] + areas[1] - shared)
