"""Keypoints of one object."""

from __future__ import annotations

import math
from types import MappingProxyType

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audit.data import Dataset, Sample
from audit.data.truth import Keypoints
from audit.decoders.points import SURE, CoordinatesDecoder, HeatmapsDecoder, SimccDecoder
from audit.models.network import Network
from audit.predictions import Points
from audit.tasks.decoded import AGREEMENT, DecodedTask, or_none
from audit.tasks.mark import Mark
from audit.tasks.metric import Metric
from camsim.errors import CamsimError

NEAR, CLOSE = 0.2, 0.05
"""Of the object's extent: PCK@0.2 and PCK@0.05."""

LEAST_EXTENT = 0.25
"""Of the picture's diagonal: how small the points of an answer may say that the object is."""


class KeypointsTask(DecodedTask[Points]):
    """Distances are divided by the object's extent, the diagonal of its box; points that are not labelled do not count.

    The score of a sample is PCK@0.2, the share of its points within 0.2 extents. The agreement is that against the
    points under the reference, all of them, with the extent that the truth states, or else of the box around them (at
    least a quarter of the picture's diagonal). A flip: a point that the reference gives with a score of at least 0.3,
    or without any, moves by more than 0.2 extents. The confidence is the mean score of the points. The loss is 1 - OKS,
    against the truth or else the reference; searches raise that of whole heatmaps, `audit.tasks.smooth.points`.

    OKS is COCO's object keypoint similarity, mean of exp(-d^2 / (2 s^2 k^2)) with k = 2 sigma and, as the object's
    area is not known, s^2 = extent^2 / 2, the area of a square with that diagonal.
    """

    key = "keypoints"
    title = "Keypoints"
    score_title = "PCK@0.2"
    decoder: HeatmapsDecoder | CoordinatesDecoder | SimccDecoder
    columns = MappingProxyType(
        {
            "distances": pa.list_(pa.float64()),
            "pck_05": pa.float64(),
            "oks": pa.float64(),
            "normalised_error": pa.float64(),
        }
    )

    def __init__(
        self, network: Network, decoder: HeatmapsDecoder | CoordinatesDecoder | SimccDecoder, data: Dataset
    ) -> None:
        """
        Raises:
            CamsimError: the model cannot run or be read so, or has another number of points than ``sigmas``.
        """
        super().__init__(network, decoder, data, "keypoints")
        self.count = len(self.first_answer.points)
        if len(decoder.sigmas) not in (1, self.count):
            raise CamsimError(f"{self.name}: gives {self.count} points, but 'sigmas' lists {len(decoder.sigmas)}")
        self._sigmas = np.broadcast_to(decoder.sigmas, self.count)
        self.metrics = (
            Metric("pck_20", "PCK@0.2", "mean", ("score",)),
            Metric("pck_05", "PCK@0.05", "mean", ("pck_05",)),
            Metric("oks", "OKS", "mean", ("oks",)),
            Metric("nme", "Normalised mean error", "mean", ("normalised_error",), better="lower"),
            AGREEMENT,
        )

    def parts(self, answer: Points) -> int:
        return len(answer.points)

    def truth(self, sample: Sample, shape: tuple[int, int]) -> Keypoints | None:
        """In pixels of a picture of ``shape``."""
        if not self.labelled:
            return None
        found = sample.load_truth(shape)
        if not isinstance(found, Keypoints):
            raise CamsimError(f"{sample.id}: has no keypoints; label it, leave it out, or audit without labels")
        if len(found.points) != self.count:
            raise CamsimError(f"{sample.id}: is labelled with {len(found.points)} points, the model gives {self.count}")
        if not found.visible.any():
            raise CamsimError(f"{sample.id}: none of its keypoints is labelled")
        if not (np.isfinite(found.points[found.visible]).all() and 0 < found.extent < math.inf):
            raise CamsimError(f"{sample.id}: its keypoints hold NaN or infinity, or its object has no extent")
        return found

    def mark(self, answer: Points, reference: Points, truth: Keypoints | None) -> Mark:
        moved = distances(answer.points, reference.points, truth.extent if truth else extent(reference))
        sure = ~(reference.scores < SURE)  # also where there are no scores
        own: dict[str, object] = dict.fromkeys(self.columns)
        score, loss = None, 1 - similarity(moved, self._sigmas)
        if truth is not None:
            far = distances(answer.points, truth.points, truth.extent)[truth.visible]
            score, oks = float((far <= NEAR).mean()), similarity(far, self._sigmas[truth.visible])
            own = {
                "distances": far.tolist(),
                "pck_05": float((far <= CLOSE).mean()),
                "oks": oks,
                "normalised_error": float(far.mean()),
            }
            loss = 1 - oks
        return Mark(
            score=score,
            agreement=float((moved <= NEAR).mean()),
            flip=bool((moved[sure] > NEAR).any()),
            confidence=or_none(float(answer.scores.mean())),
            loss=loss,
            own=own,
        )

    def say(self, answer: Points) -> str:
        """``17 points around (120, 84)``."""
        x, y = answer.points.mean(axis=0)
        return f"{len(answer.points)} point{'s' if len(answer.points) > 1 else ''} around ({x:.0f}, {y:.0f})"


def distances(points: NDArray[np.float64], others: NDArray[np.float64], size: float) -> NDArray[np.float64]:
    """(K,) distances between points (K, 2), in object extents."""
    apart: NDArray[np.float64] = np.hypot(*(points - others).T) / size
    return apart


def similarity(apart: NDArray[np.float64], sigmas: NDArray[np.float64]) -> float:
    """Object keypoint similarity of distances (K,) in extents: exp(-d^2 / (2 (1/2) (2 sigma)^2)), averaged."""
    return float(np.exp(-((apart / (2 * sigmas)) ** 2)).mean())


def extent(found: Points) -> float:
    """Diagonal of the box around the points, at least a quarter of the picture's."""
    return max(math.hypot(*np.ptp(found.points, axis=0)), LEAST_EXTENT * math.hypot(*found.shape))
