"""From a network's raw outputs to answers; one decoder a file, and this is the readable list of them.

A decoder is a frozen pydantic model with a literal ``kind``, so that a sidecar can declare it; its ``decode`` is pure.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from audit.decoders.anchors import Anchors
from audit.decoders.boxes import Boxes
from audit.decoders.class_map import ClassMapDecoder
from audit.decoders.ctc import CtcDecoder
from audit.decoders.decoder import Decoder
from audit.decoders.depth import DepthDecoder
from audit.decoders.detector import Detector
from audit.decoders.detr import Detr
from audit.decoders.embedding import EmbeddingDecoder
from audit.decoders.infer import infer
from audit.decoders.label_chances import LabelChancesDecoder
from audit.decoders.maskrcnn import MaskRcnn
from audit.decoders.points import CoordinatesDecoder, HeatmapsDecoder, SimccDecoder
from audit.decoders.text_map import TextMapDecoder
from audit.decoders.values import ValuesDecoder
from audit.decoders.yolov5 import YoloV5
from audit.decoders.yolov8 import YoloV8, YoloV8Masks, YoloV8Pose
from audit.decoders.yolox import YoloX

AnyDecoder = Annotated[
    Anchors
    | Boxes
    | YoloV5
    | YoloV8
    | YoloV8Masks
    | YoloV8Pose
    | YoloX
    | Detr
    | MaskRcnn
    | CtcDecoder
    | ClassMapDecoder
    | DepthDecoder
    | EmbeddingDecoder
    | LabelChancesDecoder
    | CoordinatesDecoder
    | HeatmapsDecoder
    | SimccDecoder
    | TextMapDecoder
    | ValuesDecoder,
    Field(discriminator="kind"),
]

__all__ = [
    "Anchors",
    "AnyDecoder",
    "Boxes",
    "ClassMapDecoder",
    "CoordinatesDecoder",
    "CtcDecoder",
    "Decoder",
    "DepthDecoder",
    "Detector",
    "Detr",
    "EmbeddingDecoder",
    "HeatmapsDecoder",
    "LabelChancesDecoder",
    "MaskRcnn",
    "SimccDecoder",
    "TextMapDecoder",
    "ValuesDecoder",
    "YoloV5",
    "YoloV8",
    "YoloV8Masks",
    "YoloV8Pose",
    "YoloX",
    "infer",
]
