"""Poses: any number of objects, each with its named points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.data import Dataset, Sample
from audit.data.coco import COVERED
from audit.data.truth import Boxes, Poses
from audit.decoders.yolov8 import YoloV8Pose
from audit.models.network import Network
from audit.predictions import Detections
from audit.tasks.matching import Regions, boxes
from audit.tasks.objects import Objects, ObjectTask
from camsim.errors import CamsimError

COCO_SIGMAS = tuple(sigma / 1000 for sigma in (26, 25, 25, 35, 35, 79, 79, 72, 72, 62, 62, 107, 107, 87, 87, 89, 89))
"""Of nose, eyes, ears, shoulders, elbows, wrists, hips, knees and ankles (cocodataset.org, keypoints evaluation)."""
USUAL_SIGMA = 0.07
"""About their mean."""


@dataclass(frozen=True)
class Skeletons(Regions):
    """K objects with P points; ``shapes`` are their boxes, ``areas`` what tells their size."""

    points: NDArray[np.float64]
    """(K, P, 2)."""
    visible: NDArray[np.bool_]
    """(K, P): of the truth, what is labelled."""
    scales: NDArray[np.float64]
    """(K,) square pixels: s^2 of the similarity."""
    sigmas: NDArray[np.float64]
    """(P,)."""

    def at(self, places: NDArray[np.intp]) -> Skeletons:
        shapes = np.asarray(self.shapes)[places]
        each = (self.points[places], self.visible[places], self.scales[places])
        return Skeletons(self.labels[places], shapes, self.areas[places], *each, self.sigmas)

    def compared(self, objects: Regions, crowd: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Object keypoint similarity (K, G), as pycocotools' computeOks has it, crowd or not."""
        assert isinstance(objects, Skeletons)
        found = np.empty((len(self), len(objects)))
        widths = (2 * objects.sigmas) ** 2
        for place in range(len(objects)):
            seen = objects.visible[place]
            if seen.any():
                apart = self.points - objects.points[place]
            else:  # how far outside a box of three times the size
                left, top, width, height = np.asarray(objects.shapes)[place]
                low, high = np.array([left - width, top - height]), np.array([left + 2 * width, top + 2 * height])
                apart = np.maximum(0, low - self.points) + np.maximum(0, self.points - high)
                seen = np.ones_like(seen)
            squares = (apart**2).sum(axis=2) / widths / (objects.scales[place] + np.spacing(1)) / 2
            found[:, place] = np.exp(-squares[:, seen]).sum(axis=1) / np.count_nonzero(seen)
        return found


class PosesTask(ObjectTask):
    """As `audit.tasks.detection.Detection`, with COCO's object keypoint similarity (OKS) in place of boxes' overlap.

    OKS is the mean over the labelled points of exp(-d^2 / (2 s^2 k^2)), k = 2 sigma and s^2 the object's area: the
    file's, or else 0.53 of its box; of an answer under the reference, 0.53 of its box. mAP is that of pycocotools: the
    20 surest of a class in a picture count, an object without labelled points counts neither as found nor as missed,
    and the size of an answer is that of the box around its points.
    """

    key = "poses"
    title = "Poses"
    score_title = "F1 at OKS 0.5"
    kind = "poses"
    sizes = ("medium", "large")
    most = 20
    decoder: YoloV8Pose

    def __init__(self, network: Network, decoder: YoloV8Pose, data: Dataset) -> None:
        """
        Raises:
            CamsimError: the model cannot run or be read so, does not know the classes of the data, or has another
                number of points than ``sigmas``.
        """
        self.check_decoder(network, decoder)
        count = decoder.points
        sigmas = decoder.sigmas or (COCO_SIGMAS if count == len(COCO_SIGMAS) else (USUAL_SIGMA,))
        if len(sigmas) not in (1, count):
            raise CamsimError(f"{network.name}: gives {count} points, but 'sigmas' lists {len(sigmas)}")
        self._sigmas = np.broadcast_to(np.array(sigmas), count)
        super().__init__(network, decoder, data)

    def assumed(self) -> list[str]:
        usual = self.decoder.sigmas is None and self.decoder.points != len(COCO_SIGMAS)
        return [*super().assumed(), *([f"sigmas {USUAL_SIGMA}"] if usual else [])]

    def regions(self, answer: Detections) -> Regions:
        assert answer.points is not None  # decoders of this task give them
        own = boxes(answer.labels, answer.corners)
        spans = np.ptp(answer.points, axis=1).prod(axis=1) if len(answer.points) else np.zeros(0)
        visible = np.ones(answer.points.shape[:2], dtype=np.bool_)
        return Skeletons(own.labels, own.shapes, spans, answer.points, visible, COVERED * own.areas, self._sigmas)

    def truth_regions(self, sample: Sample, found: Boxes, labels: NDArray[np.int64]) -> Regions:
        if not isinstance(found, Poses):
            raise CamsimError(f"{sample.id}: has boxes, but no keypoints; give data with keypoints")
        count = self.decoder.points
        if len(labels) and found.points.shape[1] != count:
            raise CamsimError(f"{sample.id}: is labelled with {found.points.shape[1]} points, the model gives {count}")
        own = boxes(labels, np.asarray(found.corners, dtype=np.float64).reshape(-1, 4))
        points, visible = found.points.reshape(len(labels), count, 2), found.visible.reshape(len(labels), count)
        return Skeletons(own.labels, own.shapes, found.areas, points, visible, found.areas, self._sigmas)

    def truth(self, sample: Sample, shape: tuple[int, int]) -> Objects | None:
        """What is in the sample; what has no labelled point, or none that the model is shown, is spared."""
        found = super().truth(sample, shape)
        if found is None:
            return None
        assert isinstance(found.regions, Skeletons)
        return Objects(found.regions, found.crowd | ~found.regions.visible.any(axis=1), many=found.crowd)
