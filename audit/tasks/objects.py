"""What detection and instance segmentation share: everything but what is compared, boxes or masks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audit.data import Dataset, Sample
from audit.data.truth import Boxes, Poses, TruthKind
from audit.decoders.detector import Detector
from audit.frame import Shape
from audit.models.network import Network
from audit.predictions import Detections
from audit.sketch import Sketch, sketch_answer
from audit.targets import class_indices
from audit.tasks.average_precision import COLUMNS, MAX_DETECTIONS, AveragePrecision, evidence
from audit.tasks.decoded import AGREEMENT, DecodedTask
from audit.tasks.mark import Mark
from audit.tasks.matching import IOUS, Matches, Regions, Size, boxes, match
from audit.tasks.metric import Metric
from audit.tasks.soft_f1 import soft_f1
from camsim.errors import CamsimError

_AP_COLUMNS = tuple(COLUMNS)


@dataclass(frozen=True)
class Objects:
    """What is in a picture, in the model's classes."""

    regions: Regions
    crowd: NDArray[np.bool_]
    """(G,): counts neither as found nor as missed."""
    many: NDArray[np.bool_] | None = None
    """(G,): of those, what any number of detections may lie on; None: all."""


class ObjectTask(DecodedTask[Detections]):
    """Everything compares detections and objects of the same class only, by COCO's rules.

    Subclasses give ``key``, ``title`` and ``score_title``, and `regions` and `truth_regions`.
    """

    columns: Mapping[str, pa.DataType] = MappingProxyType(COLUMNS)
    kind: TruthKind = "boxes"
    sizes: tuple[Size, ...] = ("small", "medium", "large")
    most = MAX_DETECTIONS
    """The surest of a class in a picture that count for average precision."""

    def __init__(self, network: Network, decoder: Detector, data: Dataset) -> None:
        """
        Raises:
            CamsimError: the model cannot run or be read so, or does not know the classes of the data.
        """
        super().__init__(network, decoder, data, self.kind)
        self.confidence = decoder.confidence
        count = decoder.class_count(self.first_outputs)
        if count is not None and self.classes is not None and len(self.classes) != count:
            raise CamsimError(f"{self.name}: has {count} classes, but 'classes' lists {len(self.classes)} names")
        self._indices = self._class_indices(data, count) if self.labelled else {}
        self.metrics = (
            Metric("map", "mAP 50:95", "aggregate", _AP_COLUMNS, aggregate=AveragePrecision(), short="mAP"),
            Metric("map50", "mAP 50", "aggregate", _AP_COLUMNS, aggregate=AveragePrecision((0,))),
            *(_of_size(size) for size in self.sizes),
            Metric("f1", f"{self.score_title} per image", "mean", ("score",)),
            AGREEMENT,
        )
        self.further = tuple(
            Metric(f"ap/{name}", f"AP of {name}", "aggregate", _AP_COLUMNS, aggregate=AveragePrecision(label=index))
            for name, index in self._indices.items()
        )

    def regions(self, answer: Detections) -> Regions:
        """What is compared of an answer."""
        raise NotImplementedError

    def truth_regions(self, sample: Sample, found: Boxes, labels: NDArray[np.int64]) -> Regions:
        """What is compared of the truth. CamsimError: it is not there."""
        raise NotImplementedError

    def truth(self, sample: Sample, shape: tuple[int, int]) -> Objects | None:
        """What is in the sample, as far as the model is shown it, but for objects without a single pixel.

        Of an object that a crop cuts, the rest counts; as a crowd where less than half of it is left.
        """
        if not self.labelled:
            return None
        found = sample.load_truth(shape)
        if not isinstance(found, Boxes):
            raise CamsimError(f"{sample.id}: has no boxes; label it, leave it out, or audit without labels")
        unknown = [name for name in found.names if name not in self._indices]
        if unknown:
            raise CamsimError(f"{sample.id}: holds an object of class {unknown[0]!r}, which the data do not list")
        labels = np.array([self._indices[name] for name in found.names], dtype=np.int64)
        regions = self.truth_regions(sample, found, labels)
        crowd = np.asarray(found.crowd, dtype=np.bool_)
        left, top, right, bottom = self._shown(shape)
        if (left, top, right, bottom) != (0, 0, shape[1], shape[0]):
            whole, regions = regions, self.truth_regions(sample, cut(found, (left, top, right, bottom)), labels)
            crowd = crowd | (regions.areas < whole.areas / 2)
        real = regions.areas > 0
        return Objects(regions.where(real), crowd[real])

    def mark(self, answer: Detections, reference: Detections, truth: Objects | None) -> Mark:
        mine, theirs = self.regions(answer), self.regions(reference)
        sure, expected = answer.scores >= self.confidence, theirs.where(reference.scores >= self.confidence)
        alone = np.zeros(len(expected), dtype=np.bool_)
        against = match(mine.where(sure), answer.scores[sure], expected, alone, IOUS[:1], ("all",))
        own: dict[str, object] = dict.fromkeys(self.columns)
        score, aims = None, Objects(expected, alone)
        if truth is not None:
            aims = truth
            matches = match(mine, answer.scores, truth.regions, truth.crowd, many=truth.many)
            own = evidence(matches, truth.regions, truth.crowd, self.most)
            score = f1(matches, self.confidence, int((~truth.crowd).sum()))
        shown = answer.scores[sure]
        return Mark(
            score=score,
            agreement=f1(against, self.confidence, len(expected)),
            flip=not len(expected) == len(shown) == against.found.sum(),
            confidence=float(shown.mean()) if len(shown) else None,
            loss=1 - soft_f1(mine, answer.scores, aims.regions, aims.crowd, self.confidence),
            own=own,
        )

    def assumed(self) -> list[str]:
        return ["classes in the order of the data"] if self.labelled and self.classes is None else []

    def say(self, answer: Detections) -> str:
        """``3 objects: 2 car, 1 person``."""
        labels = answer.labels[answer.scores >= self.confidence].tolist()
        if not labels:
            return "nothing"
        parts = [f"{count} {self.named(label)}" for label, count in Counter(labels).most_common()]
        return f"{len(labels)} object{'s' if len(labels) > 1 else ''}: {', '.join(parts)}"

    def sketch(self, answer: Detections, shape: Shape) -> Sketch | None:
        return sketch_answer(answer, shape, self.named, self.confidence)

    def _shown(self, shape: Shape, scene: Shape | None = None) -> tuple[float, float, float, float]:
        """The part of a picture that its preprocessing leaves the model: left, top, right, bottom in its pixels, or in
        those of the scene that it shows."""
        frame = self.network.frame(shape)
        fed = np.array([[0.0, 0.0, frame.fed[1], frame.fed[0]]])
        left, top, right, bottom = frame.of_scene(scene or shape).boxes_to_picture(fed)[0].tolist()
        return left, top, right, bottom

    def _check_shown(self, shape: Shape, scene: Shape) -> None:
        """Refuse a crop that shows the model another part of the scene than of a picture of the scene's own size, to
        which the truth is cut."""
        whole, part = np.array(self._shown(scene)), np.array(self._shown(shape, scene))
        # A pixel of the smaller of both, for what resizing rounds.
        if np.abs(whole - part).max() > max(1.0, *(np.array(scene) / shape)):
            raise CamsimError(
                f"{self.name}: its preprocessing cuts another part out of a picture of {shape[1]}x{shape[0]} than of "
                f"the scene's {scene[1]}x{scene[0]}, so that their objects cannot be compared; declare a resize before "
                "the crop, or leave out the camera that changes the size"
            )

    def _decode(self, outputs: Mapping[str, NDArray[Any]], shape: Shape, scene: Shape | None = None) -> Detections:
        if scene is not None:
            self._check_shown(shape, scene)
        answer = super()._decode(outputs, shape, scene)
        if self.classes is not None and answer.labels.max(initial=-1) >= len(self.classes):
            raise CamsimError(
                f"{self.name}: gives the label {answer.labels.max()}, but 'classes' lists {len(self.classes)} names, "
                "0 being the first; correct 'classes', or 'first_label' in decoder"
            )
        return answer

    def _class_indices(self, data: Dataset, count: int | None) -> dict[str, int]:
        if self.classes is None and count is None:
            raise CamsimError(
                f"{self.name}: its outputs do not say which classes it has; name them, in the model's order, with "
                "--classes FILE or 'classes' in its sidecar, or use --labels none"
            )
        found = class_indices(self.classes, data, count or 0)
        if found is None:
            raise CamsimError(f"{data.name}: has boxes, but names no classes")
        return found


def cut(objects: Boxes, window: tuple[float, float, float, float]) -> Boxes:
    """What lies within a window (left, top, right, bottom), of boxes to the fraction, of masks to the pixel; points
    outside are no longer labelled."""
    left, top, right, bottom = window
    corners = np.clip(objects.corners, [left, top, left, top], [right, bottom, right, bottom])
    if isinstance(objects, Poses):
        x, y = objects.points[..., 0], objects.points[..., 1]
        shown = (x >= left) & (x < right) & (y >= top) & (y < bottom)
        whole, part = (boxes(np.zeros(len(one), np.int64), one).areas for one in (objects.corners, corners))
        areas = objects.areas * np.divide(part, whole, out=np.zeros_like(whole), where=whole > 0)
        return replace(objects, corners=corners, visible=objects.visible & shown, areas=areas)
    if objects.masks is None:
        return replace(objects, corners=corners)
    rows, columns = (np.arange(side) + 0.5 for side in objects.shape)
    inside = ((rows >= top) & (rows < bottom))[:, None] & ((columns >= left) & (columns < right))
    return replace(objects, corners=corners, masks=tuple(mask & inside for mask in objects.masks))


def f1(matches: Matches, confidence: float, objects: int) -> float:
    """2 right / (objects + detections) of those from a confidence on, at the first size and threshold of the matches.

    1 where there is neither an object nor a detection. What is ignored does not count.
    """
    sure = matches.scores >= confidence
    right = int((matches.found[0, 0] & sure).sum())
    claimed = int((~matches.ignored[0, 0] & sure).sum())
    return 2 * right / (objects + claimed) if objects + claimed else 1.0


def _of_size(size: Size) -> Metric:
    return Metric(
        f"map_{size}",
        f"mAP 50:95 of {size} objects",
        "aggregate",
        _AP_COLUMNS,
        aggregate=AveragePrecision(size=size),
        short=f"mAP {size}",
    )
