"""The readable list: the pictures of each task, its network, what that is trained on, what is declared about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from torch import nn

from benchmarks.tasks import data, losses
from benchmarks.tasks.losses import Aim
from benchmarks.tasks.networks import Grid, Map, Reader, Vector
from benchmarks.tasks.scenes import COLORS, DIGITS, KINDS, LINE, SIDE

INPUT: Mapping[str, object] = MappingProxyType(
    {"color": "RGB", "scale": 1 / 255, "mean": [0.5], "std": [0.25], "resize": "stretch", "filter": "bilinear"}
)
"""What all networks take."""


@dataclass(frozen=True)
class Case:
    """One task with its model."""

    task: str
    pictures: str
    """For people: what is shown and asked."""
    data: data.Make
    network: Callable[[], nn.Module]
    aim: Aim
    decoder: Mapping[str, object] | None
    classes: tuple[str, ...] | None = None
    size: tuple[int, int] = (SIDE, SIDE)
    """Of a picture: height, width."""
    outputs: tuple[str, ...] = ("output",)
    steps: int = 300
    training: int = 768
    judged: int = 120
    """Samples."""
    dynamo: bool = False
    """Exported by torch's newer exporter rather than the older one."""

    @property
    def declared(self) -> dict[str, object]:
        """A sidecar's keys."""
        found: dict[str, object] = {**INPUT, "input_size": list(self.size), "task": self.task}
        if self.decoder is not None:
            found["decoder"] = dict(self.decoder)
        if self.classes is not None:
            found["classes"] = list(self.classes)
        return found | ({"output_kind": "logits"} if self.task == "classification" else {})


COLOR_NAMES = tuple(COLORS)
SIGMA = 0.07
"""Of the object keypoint similarity, for each corner."""

CASES: Mapping[str, Case] = MappingProxyType(
    {
        "classification": Case(
            "classification",
            "one shape: disc, square or triangle",
            data.classification,
            lambda: Vector(len(KINDS)),
            losses.one_class(KINDS),
            None,
            KINDS,
        ),
        "multilabel": Case(
            "multilabel",
            "up to four shapes: which of four colours",
            data.multilabel,
            lambda: Vector(len(COLORS)),
            losses.many_classes(COLOR_NAMES),
            {"kind": "label_chances", "holds": "logits"},
            COLOR_NAMES,
        ),
        "detection": Case(
            "detection",
            "one to four shapes of three classes",
            data.boxes,
            lambda: Grid(len(KINDS), SIDE),
            losses.boxes(KINDS, SIDE, 4),
            {"kind": "yolov8", "iou_threshold": 0.5},
            KINDS,
            steps=500,
        ),
        "trees": Case(
            "detection",
            "aerial photographs: tree crowns",
            data.tree_crowns,
            lambda: Grid(1, data.TILE, 8),
            losses.boxes(("tree",), data.TILE, 8),
            {"kind": "yolov8", "iou_threshold": 0.4, "confidence": 0.3},
            ("tree",),
            size=(data.TILE, data.TILE),
            steps=800,
            judged=100,
        ),
        "instances": Case(
            "instances",
            "one to four shapes of three classes, with outlines",
            data.masks,
            lambda: Grid(len(KINDS), SIDE, masks=True),
            losses.boxes(KINDS, SIDE, 4, masks=True),
            {"kind": "yolov8_masks", "iou_threshold": 0.5},
            KINDS,
            outputs=("table", "prototypes"),
            steps=500,
        ),
        "segmentation": Case(
            "segmentation",
            "one to four shapes: the class of each pixel",
            data.class_maps,
            lambda: Map(1 + len(KINDS)),
            losses.class_map(),
            {"kind": "class_map", "holds": "logits"},
            ("ground", *KINDS),
            dynamo=True,
        ),
        "regression": Case(
            "regression",
            "up to four shapes: how many, and % covered",
            data.numbers,
            lambda: Vector(2),
            losses.numbers((2.0, 11.0), (1.4, 8.0)),
            {"kind": "values", "mean": [2.0, 11.0], "std": [1.4, 8.0], "scale": [1.0, 5.0]},
            data.NUMBERS,
        ),
        "keypoints": Case(
            "keypoints",
            "one triangle: its three corners",
            data.keypoints,
            lambda: Map(3),
            losses.heatmaps(SIDE, SIDE // 4),
            {"kind": "heatmaps", "holds": "logits", "sigmas": [SIGMA]},
        ),
        "poses": Case(
            "poses",
            "one to four triangles: the three corners of each",
            data.poses,
            lambda: Grid(1, SIDE, points=3),
            losses.poses(KINDS[2:], SIDE, 4, SIGMA),
            {"kind": "yolov8_pose", "iou_threshold": 0.5, "points": 3, "sigmas": [SIGMA]},
            KINDS[2:],
            steps=500,
        ),
        "depth": Case(
            "depth",
            "a floor with boxes, lit from the camera: metres",
            data.depth,
            lambda: Map(1, positive=True),
            losses.depth(),
            {"kind": "depth"},
        ),
        "retrieval": Case(
            "retrieval",
            "one shape: others of its colour and kind",
            data.retrieval,
            lambda: Vector(16),
            losses.alike(data.SHAPED),
            {"kind": "embedding"},
        ),
        "text": Case(
            "text",
            "three to six written digits",
            data.text,
            lambda: Reader(len(DIGITS)),
            losses.text(DIGITS),
            {"kind": "ctc", "holds": "logits", "characters": list(DIGITS)},
            size=LINE,
            steps=400,
            dynamo=True,
        ),
    }
)
