"""Semantic segmentation: a class for every pixel."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audit.data import Dataset, Sample
from audit.data.truth import ClassMap
from audit.decoders.class_map import ClassMapDecoder
from audit.decoders.text_map import TextMapDecoder
from audit.frame import Shape
from audit.models.network import Network
from audit.predictions import PixelClasses
from audit.targets import class_indices
from audit.tasks.decoded import AGREEMENT, DecodedTask, mean_defined, or_none, ratio, stacked
from audit.tasks.mark import Mark
from audit.tasks.metric import Columns, Metric
from camsim.errors import CamsimError

Counts = NDArray[np.int64]

LEAST_SHARE = 0.01
"""Of the picture that a class covers, in one answer or the other, before it can make a flip."""

IOU_COLUMNS = ("intersections", "unions")


class Segmentation(DecodedTask[PixelClasses]):
    """Pixels that the truth marks -1, and those that a crop kept from the model, do not count.

    The score of a sample is the mean IoU over the classes that its truth or its answer holds: a class that neither
    holds is left out, one that only the answer holds counts 0. The agreement is that against the answer under the
    reference. A flip: a class that covers at least 1 % of the picture in one of both answers overlaps by less than half
    (IoU < 0.5). The confidence is the mean over pixels of the best class's probability. The loss is 1 - score, or
    without labels 1 - agreement; searches raise a smoother one, `audit.tasks.smooth.pixels`.

    Over samples, mIoU is that of the summed intersections and unions (the usual one; not a mean over samples), over the
    classes of the data that are in the truths or answers drawn; classes of the model that the data do not know cost
    their pixels, but are not averaged over.
    """

    key = "segmentation"
    title = "Semantic segmentation"
    score_title = "mean IoU"
    columns = MappingProxyType(
        {
            "intersections": pa.list_(pa.int32()),
            "unions": pa.list_(pa.int32()),
            "pixels": pa.int32(),
            "right": pa.int32(),
        }
    )

    def __init__(self, network: Network, decoder: ClassMapDecoder | TextMapDecoder, data: Dataset) -> None:
        """
        Raises:
            CamsimError: the model cannot run or be read so, or does not know the classes of the data.
        """
        super().__init__(network, decoder, data, "class_map")
        if isinstance(decoder, TextMapDecoder):
            self.classes = decoder.classes
        count = decoder.count(self.first_outputs)
        if count is not None and self.classes is not None and len(self.classes) != count:
            raise CamsimError(f"{self.name}: has {count} classes, but 'classes' lists {len(self.classes)} names")
        if self.labelled and count is None and self.classes is None:
            raise CamsimError(f"{self.name}: gives class indices, which do not say how many classes it has; name them")
        found = class_indices(self.classes, data, count or 0) if self.labelled else None
        names = () if found is None else data.class_names or ()
        self._indices = np.array([found[name] for name in names] if found else [], dtype=np.int32)
        self.metrics = (
            Metric("miou", "mIoU", "aggregate", IOU_COLUMNS, aggregate=mean_iou),
            Metric("dice", "Mean Dice", "aggregate", IOU_COLUMNS, aggregate=mean_dice),
            Metric("miou_samples", "IoU per image", "mean", ("score",)),
            Metric("pixel_accuracy", "Pixel accuracy", "aggregate", ("right", "pixels"), aggregate=pixel_accuracy),
            AGREEMENT,
        )
        self.further = tuple(
            Metric(f"iou/{name}", f"IoU of {name}", "aggregate", IOU_COLUMNS, aggregate=partial(class_iou, place))
            for place, name in enumerate(names)
        )

    def truth(self, sample: Sample, shape: tuple[int, int]) -> NDArray[np.int32] | None:
        """(H, W) indices into the model's classes; -1: does not count."""
        if not self.labelled:
            return None
        found = sample.load_truth(shape)
        if not isinstance(found, ClassMap):
            raise CamsimError(f"{sample.id}: has no class map; label it, leave it out, or audit without labels")
        indices = found.indices
        if indices.min() < -1 or indices.max() >= len(self._indices):
            raise CamsimError(
                f"{sample.id}: its class map holds {indices.min()}..{indices.max()}; allowed are the indices of the "
                f"{len(self._indices)} classes of the data, and -1 for pixels that do not count"
            )
        if indices.max() == -1:
            raise CamsimError(f"{sample.id}: no pixel of its class map counts (all are -1)")
        return np.where(indices < 0, np.int32(-1), self._indices[np.maximum(indices, 0)])

    def _decode(self, outputs: Mapping[str, NDArray[Any]], shape: Shape, scene: Shape | None = None) -> PixelClasses:
        answer = super()._decode(outputs, shape, scene)
        if self.classes is not None and answer.indices.max() >= len(self.classes):
            raise CamsimError(
                f"{self.name}: gives the class {answer.indices.max()}, but 'classes' lists {len(self.classes)} names"
            )
        return answer

    def mark(self, answer: PixelClasses, reference: PixelClasses, truth: NDArray[np.int32] | None) -> Mark:
        both, either = overlaps(answer.indices, reference.indices)
        agreement = mean_ratio(both, either)
        own: dict[str, object] = dict.fromkeys(self.columns)
        score = None
        if truth is not None:
            hits, unions = overlaps(answer.indices, truth)
            _check_some(unions)
            size = max(len(hits), int(self._indices.max()) + 1)
            hits, unions = (np.pad(counts, (0, size - len(counts)))[self._indices] for counts in (hits, unions))
            score = mean_ratio(hits, unions)
            counted = (truth >= 0) & (answer.indices >= 0)
            own = {
                "intersections": hits.tolist(),
                "unions": unions.tolist(),
                "pixels": int(counted.sum()),
                "right": int(hits.sum()),
            }
        return Mark(
            score=score,
            agreement=agreement,
            flip=_moved(answer.indices, reference.indices, both, either),
            confidence=or_none(answer.confidence),
            loss=1 - (agreement if score is None else score),
            own=own,
        )

    def say(self, answer: PixelClasses) -> str:
        """``road 61%, sky 30%, tree 9%``: the three largest."""
        sizes = np.bincount(answer.indices[answer.indices >= 0])
        if not sizes.any():
            return "nothing"
        largest = [place for place in np.argsort(-sizes, kind="stable")[:3].tolist() if sizes[place]]
        return ", ".join(f"{self.named(place)} {sizes[place] / sizes.sum():.0%}" for place in largest)


def overlaps(answer: NDArray[np.int32], truth: NDArray[np.int32]) -> tuple[Counts, Counts]:
    """Pixels (C,) that both give to each class, and that either does, where neither says -1.

    Raises:
        CamsimError: maps of different sizes.
    """
    if answer.shape != truth.shape:
        raise CamsimError(f"the answer is of {answer.shape} pixels, what it is compared with of {truth.shape}")
    counted = (answer >= 0) & (truth >= 0)
    mine, wanted = answer[counted], truth[counted]
    size = 1 + max(int(mine.max(initial=-1)), int(wanted.max(initial=-1)))
    both = np.bincount(mine[mine == wanted], minlength=size)
    return both, np.bincount(mine, minlength=size) + np.bincount(wanted, minlength=size) - both


def mean_ratio(both: Counts, either: Counts) -> float:
    """Mean IoU over the classes that either holds; 1 where no pixel counts."""
    there = either > 0
    return float((both[there] / either[there]).mean()) if there.any() else 1.0


def mean_iou(columns: Columns, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over classes of summed intersections over summed unions."""
    return mean_defined(_class_ious(columns, weights))


def mean_dice(columns: Columns, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over classes of 2 IoU / (1 + IoU), which is 2 |A and B| / (|A| + |B|)."""
    iou = _class_ious(columns, weights)
    return mean_defined(2 * iou / (1 + iou))


def class_iou(place: int, columns: Columns, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """IoU of one of the data's classes."""
    return _class_ious(columns, weights)[:, place]


def pixel_accuracy(columns: Columns, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of all pixels that have their class."""
    right, pixels = (np.asarray(columns[key], dtype=np.float64) for key in ("right", "pixels"))
    return ratio(weights @ right, weights @ pixels)


def _class_ious(columns: Columns, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    return ratio(weights @ stacked(columns, "intersections"), weights @ stacked(columns, "unions"))


def _check_some(unions: Counts) -> None:
    if not unions.any():
        raise CamsimError("no pixel that counts was given to the model: its preprocessing crops them away")


def _moved(answer: NDArray[np.int32], reference: NDArray[np.int32], both: Counts, either: Counts) -> bool:
    counted = (answer >= 0) & (reference >= 0)
    least = LEAST_SHARE * counted.sum()
    sizes = (np.bincount(labels[counted], minlength=len(both)) for labels in (answer, reference))
    large = np.maximum(*sizes) >= least
    return bool((2 * both[large] < either[large]).any())
