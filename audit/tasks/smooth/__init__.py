"""Smooth losses of tasks in torch, for searches and tunings; one task a file, and this is the readable list of them."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from audit.decoders import (
    Boxes,
    ClassMapDecoder,
    CoordinatesDecoder,
    CtcDecoder,
    DepthDecoder,
    Detr,
    EmbeddingDecoder,
    HeatmapsDecoder,
    LabelChancesDecoder,
    SimccDecoder,
    ValuesDecoder,
    YoloV5,
    YoloV8,
    YoloX,
)
from audit.decoders.reading import pick
from audit.task import Loss
from audit.tasks.decoded import DecodedTask
from audit.tasks.depth import DepthTask
from audit.tasks.detection import Detection
from audit.tasks.keypoints import KeypointsTask, extent
from audit.tasks.multilabel import Multilabel
from audit.tasks.regression import Regression
from audit.tasks.retrieval import Retrieval
from audit.tasks.segmentation import Segmentation
from audit.tasks.smooth.candidates import of_detr, of_score_table, of_yolov5, of_yolov8, of_yolox
from audit.tasks.smooth.depth import DepthLoss
from audit.tasks.smooth.embedding import EmbeddingLoss
from audit.tasks.smooth.label_chances import LabelLoss
from audit.tasks.smooth.loss import SmoothLoss
from audit.tasks.smooth.numbers import NumberLoss
from audit.tasks.smooth.objects import ObjectLoss
from audit.tasks.smooth.pixels import PixelLoss
from audit.tasks.smooth.points import PointLoss
from audit.tasks.smooth.reading import ReadingLoss
from audit.tasks.text import TextTask
from audit.tasks.vision_task import VisionTask

__all__ = ["SmoothLoss", "losses_of", "smooth_loss"]


def losses_of(task: VisionTask[Any]) -> tuple[Loss, ...]:
    """What a task other than classification lets one raise or lower, its default first."""
    return ("soft_error", "cross_entropy") if isinstance(smooth_loss(task), PixelLoss) else ("soft_error",)


def smooth_loss(task: VisionTask[Any], loss: Loss = "soft_error") -> SmoothLoss | str:
    """A task's loss as a function of its network's raw outputs; or why there is none, in one line.

    Args:
        task: any but classification, which has its own (`audit.task.ClassTask`).
        loss: one of `losses_of`.
    """
    none = f"camsim has no gradients for {task.title.lower()}"
    if not isinstance(task, DecodedTask):
        return none
    decoder = task.decoder
    match task, decoder:
        case Segmentation(), ClassMapDecoder():
            if decoder.holds == "indices":
                return f"{none} by a model that gives class indices: they have no slope"
            return PixelLoss(decoder, _output(task), loss)
        case Multilabel(), LabelChancesDecoder():
            return LabelLoss(_output(task), decoder.holds or "logits", task.known)
        case Regression(), ValuesDecoder():
            return NumberLoss(decoder, _output(task), task.scale)
        case DepthTask(), DepthDecoder():
            return DepthLoss(decoder, _output(task))
        case KeypointsTask(), HeatmapsDecoder() | CoordinatesDecoder() | SimccDecoder():
            sigmas = np.array(np.broadcast_to(decoder.sigmas, task.count), dtype=np.float64)
            if not isinstance(decoder, SimccDecoder):
                return PointLoss(decoder, (_output(task),), sigmas, extent)
            first, second = list(task.first_outputs)[:2]
            return PointLoss(decoder, (decoder.x or first, decoder.y or second), sigmas, extent)
        case Retrieval(), EmbeddingDecoder():
            return EmbeddingLoss(_output(task), decoder.pool, lambda: task.gallery)
        case TextTask(), CtcDecoder():
            name = _output(task)
            return ReadingLoss(decoder, name, decoder.alphabet(name, task.first_outputs[name].shape[-1]))
        case Detection(), _:
            return _objects(task) or f"{none} that a decoder of kind {_kind(task)!r} reads"
    return f"{none} that a decoder of kind {_kind(task)!r} reads"


def _objects(task: Detection) -> ObjectLoss | None:
    decoder = task.decoder
    match decoder:
        case YoloV8():
            name = _table(task, decoder.output)
            return ObjectLoss(decoder, (name,), partial(of_yolov8, decoder, name), task.regions)
        case YoloV5():
            name = _table(task, decoder.output)
            return ObjectLoss(decoder, (name,), partial(of_yolov5, decoder, name), task.regions)
        case YoloX():
            name = _table(task, decoder.output)
            return ObjectLoss(decoder, (name,), partial(of_yolox, decoder, name), task.regions)
        case Detr():
            return ObjectLoss(decoder, (decoder.logits, decoder.boxes), partial(of_detr, decoder), task.regions)
        case Boxes() if decoder.boxes and decoder.scores and not (decoder.labels or decoder.count):
            return ObjectLoss(decoder, (decoder.boxes, decoder.scores), partial(of_score_table, decoder), task.regions)
    return None


def _table(task: Detection, declared: str | None) -> str:
    """The output (A, N) of a YOLO head."""
    return declared or next(key for key, array in task.first_outputs.items() if array.ndim == 2)


def _output(task: DecodedTask[Any]) -> str:
    """The output that the decoder reads."""
    return pick(task.first_outputs, getattr(task.decoder, "output", None))[0]


def _kind(task: DecodedTask[Any]) -> str:
    return str(getattr(task.decoder, "kind", type(task.decoder).__name__))
