"""Random detections and objects of many pictures, and pycocotools' own evaluation of them."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from audit.predictions import Detections
from audit.tasks import matching
from audit.tasks.average_precision import evidence
from audit.tasks.matching import Regions
from tests.audit.tasks.simple import columns

SIDE = 200


@dataclass(frozen=True)
class Picture:
    """What is in it and what was found."""

    corners: NDArray[np.float64]
    labels: NDArray[np.int64]
    crowd: NDArray[np.bool_]
    found: Detections

    def regions(self, kind: str) -> tuple[Regions, Regions]:
        """The detections' and the objects'."""
        if kind == "bbox":
            return matching.boxes(self.found.labels, self.found.corners), matching.boxes(self.labels, self.corners)
        mine, theirs = ([ellipse(box) for box in boxes] for boxes in (self.found.corners, self.corners))
        return matching.masks(self.found.labels, mine), matching.masks(self.labels, theirs)


def ellipse(box: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(SIDE, SIDE) the ellipse in a box; its middle pixel at least."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    (x, y), (a, b) = (box[:2] + box[2:]) / 2, np.maximum(box[2:] - box[:2], 2) / 2
    mask: NDArray[np.bool_] = ((columns - x) / a) ** 2 + ((rows - y) / b) ** 2 <= 1
    mask[min(max(int(y), 0), SIDE - 1), min(max(int(x), 0), SIDE - 1)] = True
    return mask


def picture(rng: np.random.Generator, classes: int, most_objects: int, most_found: int) -> Picture:
    """Objects of sizes on and off COCO's borders, some crowds; detections near them, with ties among their scores."""
    count = int(rng.integers(0, most_objects + 1))
    starts = rng.integers(0, 150, (count, 2)).astype(float)
    corners = np.concatenate([starts, starts + rng.choice([10.0, 31, 32, 60, 96, 110], (count, 2))], axis=1)
    labels = rng.integers(0, classes, count)
    found = int(rng.integers(0, most_found + 1))
    if count:
        near = rng.integers(0, count, found)
        boxes = corners[near] + rng.normal(0, 1, (found, 4)) * rng.choice([0, 2, 10], (found, 1))
        said = np.where(rng.random(found) < 0.8, labels[near], rng.integers(0, classes, found))
    else:
        boxes = rng.uniform(0, 100, (found, 4)) + np.array([0, 0, 60, 60])
        said = rng.integers(0, classes, found)
    boxes = np.concatenate([boxes[:, :2], np.maximum(boxes[:, 2:], boxes[:, :2] + 1)], axis=1)
    scores = np.round(rng.random(found), 1 if rng.random() < 0.5 else 8)
    order = np.argsort(-scores, kind="stable")
    return Picture(corners, labels, rng.random(count) < 0.2, Detections(boxes[order], scores[order], said[order]))


def rows(pictures: Sequence[Picture], kind: str) -> dict[str, NDArray[Any]]:
    """The columns that the tasks keep of these pictures."""
    found = []
    for one in pictures:
        mine, theirs = one.regions(kind)
        found.append(evidence(matching.match(mine, one.found.scores, theirs, one.crowd), theirs, one.crowd))
    return columns(found)


def coco(pictures: Sequence[Picture], classes: int, kind: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """pycocotools' stats (12,) and precisions (T, Q, C, sizes, maxDets)."""
    images, annotations, results = [], [], []
    for number, one in enumerate(pictures, 1):
        images.append({"id": number, "height": SIDE, "width": SIDE})
        mine, theirs = one.regions(kind)
        for label, crowd, area, box, shape in zip(
            one.labels, one.crowd, theirs.areas, one.corners, theirs.shapes, strict=True
        ):
            annotation = {
                "id": len(annotations) + 1,
                "image_id": number,
                "category_id": int(label) + 1,
                "bbox": [*box[:2], *(box[2:] - box[:2])],
                "area": float(area),
                "iscrowd": int(crowd),
            }
            annotations.append(annotation | ({"segmentation": shape} if kind == "segm" else {}))
        for label, score, shape in zip(one.found.labels, one.found.scores, mine.shapes, strict=True):
            result = {"image_id": number, "category_id": int(label) + 1, "score": float(score)}
            results.append(result | ({"segmentation": shape} if kind == "segm" else {"bbox": list(shape)}))
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        categories = [{"id": label + 1} for label in range(classes)]
        truth.dataset = {"info": {}, "images": images, "annotations": annotations, "categories": categories}
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(results), kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation.stats, evaluation.eval["precision"]
