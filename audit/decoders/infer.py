"""Which decoder reads a model, guessed from the names and shapes of its outputs: common exports of detectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from audit.decoders.anchors import Anchors, Level
from audit.decoders.boxes import Boxes
from audit.decoders.decoder import Decoder
from audit.decoders.detr import Detr
from audit.decoders.maskrcnn import MaskRcnn
from audit.decoders.yolov5 import YoloV5
from audit.decoders.yolov8 import YoloV8, YoloV8Masks
from audit.decoders.yolox import YoloX, cells

Shapes = Mapping[str, tuple[int, ...]]

_FINISHED = 1000
"""Models give at most so many finished detections."""
_STRIDES = ((8, 16, 32), (8, 16, 32, 64), (4, 8, 16, 32), (16, 32))
"""Of the feature maps of YOLO's families."""
_FACES = (16 * 16 * 2, 8 * 8 * 6)
"""Anchors of BlazeFace: of 16 x 16 and of 8 x 8 cells, whether its input is 128 or 256 pixels wide."""


def infer(
    shapes: Shapes, metadata: Mapping[str, str], size: tuple[int, int] | None = None, classes: int | None = None
) -> Decoder | None:
    """A decoder for these outputs; None: they look like no detector known here.

    It is a guess: what it gives has to be reported as assumed, every field of it.

    Args:
        shapes: of each output for one picture, without the batch axis, in the model's order.
        metadata: what the file says of itself, such as Ultralytics' ``task``.
        size: height and width of the model's input, for which the shapes are.
        classes: how many classes the model is known to have.
    """
    if metadata.get("task", "detect") not in ("detect", "segment"):  # Ultralytics: pose, obb, classify
        return None
    rules: tuple[Callable[[], Decoder | None], ...] = (
        lambda: _by_name(shapes, classes),
        lambda: _faces(shapes, size),
        lambda: _one_table(shapes, size, classes),
    )
    return next((found for rule in rules if (found := rule()) is not None), None)


def _by_name(shapes: Shapes, classes: int | None) -> Decoder | None:
    # TensorFlow appends ":0".
    names = {name.lower().removesuffix(":0"): name for name in shapes}
    rank = {short: len(shapes[name]) for short, name in names.items()}

    def have(*wanted: str) -> bool:
        return all(short in names for short in wanted)

    if have("detection_boxes", "detection_scores", "detection_classes"):
        return Boxes(
            boxes=names["detection_boxes"],
            scores=names["detection_scores"],
            labels=names["detection_classes"],
            count=names.get("num_detections"),
            order="yx",
            coordinates="normalised",
            first_label=1,
        )
    if have("num_dets", "det_boxes", "det_scores", "det_classes"):  # TensorRT's EfficientNMS
        return Boxes(
            boxes=names["det_boxes"], scores=names["det_scores"], labels=names["det_classes"], count=names["num_dets"]
        )
    if have("bboxes", "labels", "scores"):  # the ONNX zoo's SSD
        boxes, scores, labels = names["bboxes"], names["scores"], names["labels"]
        return Boxes(boxes=boxes, scores=scores, labels=labels, coordinates="normalised", first_label=1)
    if have("boxes", "labels", "scores"):  # torchvision, which pastes the masks itself
        boxes, scores, labels = names["boxes"], names["scores"], names["labels"]
        if "masks" not in names:
            return Boxes(boxes=boxes, scores=scores, labels=labels, first_label=1)
        extent: Literal["box", "input"] = "input" if max(shapes[names["masks"]][-2:], default=0) > 56 else "box"
        return MaskRcnn(
            boxes=boxes, scores=scores, labels=labels, first_label=1, masks=names["masks"], mask_extent=extent
        )
    if have("logits", "pred_boxes") and rank["logits"] == rank["pred_boxes"] == 2:
        return _detr(names["logits"], names["pred_boxes"], shapes, classes)
    if have("dets", "labels") and rank["labels"] == 2:  # RF-DETR
        return Detr(logits=names["labels"], boxes=names["dets"], scoring="sigmoid")
    if have("dets", "labels") and shapes[names["dets"]][-1:] == (5,):  # MMDetection
        return Boxes(detections=names["dets"], labels=names["labels"], columns="box,score")
    return None


def _detr(logits: str, boxes: str, shapes: Shapes, classes: int | None) -> Detr:
    queries, columns = shapes[logits][-2:]
    # DETR itself has 100 queries and a class for "no object"; its successors 300 or more, and none.
    no_object = columns == classes + 1 if classes is not None else queries <= 100
    return Detr(logits=logits, boxes=boxes, scoring="softmax" if no_object else "sigmoid")


def _faces(shapes: Shapes, size: tuple[int, int] | None) -> Decoder | None:
    """Face detectors: BlazeFace, and SCRFD as InsightFace exports it."""
    tables = {name: shape for name, shape in shapes.items() if len(shape) == 2}
    of_width = {
        width: sorted((name for name in tables if tables[name][1] == width), key=lambda name: -tables[name][0])
        for width in (1, 4, 16)
    }
    scores, boxes = of_width[1], of_width[16]
    rows = [[tables[name][0] for name in names] for names in (scores, boxes)]
    if len(shapes) == len(scores) + len(boxes) and rows in ([[sum(_FACES)]] * 2, [list(_FACES)] * 2):
        stride = 8 if size is None else size[0] // 16
        return Anchors(
            boxes=tuple(boxes),
            scores=tuple(scores),
            levels=(Level(stride=stride, count=2), Level(stride=2 * stride, count=6)),
            coding="pixels",
            iou_threshold=0.3,
        )
    boxes = of_width[4]
    if size is None or not len(scores) == len(boxes) == 3:
        return None
    levels = tuple(Level(stride=stride, count=2) for stride in (8, 16, 32))
    expected = [len(level.anchors(size, 0.0)) for level in levels]
    if [tables[name][0] for name in scores] != expected or [tables[name][0] for name in boxes] != expected:
        return None
    return Anchors(
        boxes=tuple(boxes),
        scores=tuple(scores),
        levels=levels,
        coding="distances",
        centre=0.0,
        scoring="probabilities",
        iou_threshold=0.4,
    )


def _one_table(shapes: Shapes, size: tuple[int, int] | None, classes: int | None) -> Decoder | None:
    """YOLO's families; they may give feature maps, which have 3 or 4 axes, beside the table."""
    tables = {name: shape for name, shape in shapes.items() if len(shape) == 2}
    if len(tables) != 1:
        return None
    ((name, (rows, columns)),) = tables.items()
    if rows <= _FINISHED and columns in (6, 7):
        return Boxes(detections=name, columns="box,score,label" if columns == 6 else "batch,box,label,score")
    anchors = () if size is None else tuple(len(cells(strides, size)) for strides in _STRIDES)
    if columns in anchors and rows > 4:
        prototypes = [shape for shape in shapes.values() if len(shape) == 3 and shape[0] < rows - 4]
        more = None if classes is None else rows - 4 - classes
        if len(prototypes) == 1 and len(shapes) == 2 and more in (None, prototypes[0][0]):
            return YoloV8Masks(output=name)
        return YoloV8(output=name) if more in (None, 0) else None
    if columns > 5 and classes in (None, columns - 5):
        if rows in anchors:
            return YoloX(output=name, strides=_STRIDES[anchors.index(rows)])
        if rows in [3 * count for count in anchors]:
            return YoloV5(output=name)
    return None
