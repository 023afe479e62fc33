"""COCO's average precision over samples, each with a weight: from columns of samples.parquet, without inference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audit.tasks.decoded import ratio
from audit.tasks.matching import IOUS, SIZES, Matches, Regions, Size, size_bits
from audit.tasks.metric import Columns
from audit.tasks.precision_kernel import average_precision

RECALLS = np.linspace(0.0, 1.0, 101)
MAX_DETECTIONS = 100
"""The surest of a class in a picture; others do not count for average precision."""

COLUMNS: dict[str, pa.DataType] = {
    "detected_class": pa.list_(pa.int32()),
    "detected_score": pa.list_(pa.float32()),
    "detected_right": pa.list_(pa.int64()),
    "detected_ignored": pa.list_(pa.int64()),
    "object_class": pa.list_(pa.int32()),
    "object_size": pa.list_(pa.int32()),
}
"""One number a detection (an object). ``detected_right`` and ``detected_ignored``: bit 10 s + t for size s of `SIZES`
and threshold t of `IOUS`; ``object_size``: bit s. Crowds are not among the objects."""

_T = len(IOUS)


def evidence(
    matches: Matches, objects: Regions, crowd: NDArray[np.bool_], most: int = MAX_DETECTIONS
) -> dict[str, object]:
    """What is kept of one sample, as `COLUMNS` declares it.

    Args:
        matches: for all of `SIZES` and `IOUS`.
        objects: of the truth.
        crowd: (G,).
        most: detections of a class that count, the surest.
    """
    # Detections are sorted by class: the first of each class begins its ranks.
    ranks = np.arange(len(matches.labels)) - np.searchsorted(matches.labels, matches.labels)
    kept = ranks < most
    single = ~crowd
    return {
        "detected_class": matches.labels[kept].tolist(),
        "detected_score": matches.scores[kept].tolist(),
        "detected_right": _bits(matches.found[:, :, kept]).tolist(),
        "detected_ignored": _bits(matches.ignored[:, :, kept]).tolist(),
        "object_class": objects.labels[single].tolist(),
        "object_size": size_bits(objects.areas[single]).tolist(),
    }


@dataclass(frozen=True)
class AveragePrecision:
    """An `audit.tasks.metric.Aggregate`: the mean average precision over classes, in [0, 1].

    The same as pycocotools' accumulate and summarize of the drawn samples, each as often as its weight says, in their
    order. Classes without an object among those drawn are left out; NaN where all are.
    """

    thresholds: tuple[int, ...] = tuple(range(_T))
    """Places in `IOUS` over which it is averaged, one after the other."""
    size: Size = "all"
    label: int | None = None
    """Of one class alone; None: the mean over all."""

    def __call__(self, columns: Columns, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """See `audit.tasks.metric.Aggregate`; columns as in `COLUMNS`, weights (R, N) -> (R,)."""
        place = list(SIZES).index(self.size)
        objects, of_object = _flat(columns["object_class"], np.int64)
        sizes, _ = _flat(columns["object_size"], np.int64)
        detected, of_detected = _flat(columns["detected_class"], np.int64)
        scores, _ = _flat(columns["detected_score"], np.float64)
        right, ignored = (
            self._chosen(_flat(columns[key], np.int64)[0] >> (_T * place))
            for key in ("detected_right", "detected_ignored")
        )
        by_sample = np.ascontiguousarray(weights.T, dtype=np.float64)
        counted = ((sizes >> place) & 1).astype(np.bool_)
        total, classes = np.zeros(len(weights)), np.zeros(len(weights))
        for label in np.unique(objects[counted]) if self.label is None else [self.label]:
            wanted = np.bincount(of_object[counted & (objects == label)], minlength=weights.shape[1])
            mine = np.flatnonzero(detected == label)
            mine = mine[np.argsort(-scores[mine], kind="stable")]
            turns = _turns(of_detected[mine], scores[mine], right[mine] | ignored[mine] << _T)
            # What comes after the last that is right changes no precision that counts.
            last = int(np.flatnonzero(right[mine]).max(initial=-1))
            count = 0 if last < 0 else last + int(turns[last])
            mine, turns = mine[:count], turns[:count]
            objects_drawn = wanted @ by_sample
            flags = right[mine], ignored[mine]
            found = average_precision(
                by_sample, objects_drawn, of_detected[mine], turns, *flags, len(self.thresholds), RECALLS
            )
            defined = ~np.isnan(found)
            total += np.where(defined, found, 0.0)
            classes += defined
        return ratio(total, classes)

    def _chosen(self, bits: NDArray[np.int64]) -> NDArray[np.int64]:
        """The bits of the chosen thresholds, moved together."""
        parts = [((bits >> t) & 1) << place for place, t in enumerate(self.thresholds)]
        return np.asarray(np.bitwise_or.reduce(parts), dtype=np.int64)


def _bits(flags: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(S, T, K) -> (K,)."""
    sizes, thresholds, _ = flags.shape
    places = np.arange(sizes * thresholds).reshape(sizes, thresholds, 1)
    return np.asarray((flags.astype(np.int64) << places).sum(axis=(0, 1)), dtype=np.int64)


def _turns(sample: NDArray[np.int64], scores: NDArray[np.float64], flags: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each of D sorted detections, how many from it on take turns: of the same sample and score, and not all alike.

    Of those that take turns, the first has their number, the next one less, and so on; all others have 1.
    """
    count = len(sample)
    turns = np.ones(count, dtype=np.int64)
    same = (np.diff(sample) == 0) & (np.diff(scores) == 0)
    starts = np.flatnonzero(np.concatenate([[True], ~same])) if count else np.zeros(0, dtype=np.intp)
    lengths = np.diff(np.append(starts, count))
    for start, length in zip(starts[lengths > 1], lengths[lengths > 1], strict=True):
        if len(np.unique(flags[start : start + length])) > 1:
            turns[start : start + length] = np.arange(length, 0, -1)
    return turns


def _flat(lists: NDArray[np.object_], kind: type) -> tuple[NDArray, NDArray[np.int64]]:  # type: ignore[type-arg]
    """The numbers of all samples one after the other, and the sample of each."""
    lengths = [len(numbers) for numbers in lists]
    flat = np.concatenate([np.asarray(numbers, dtype=kind) for numbers in lists]) if lengths else np.zeros(0, kind)
    return flat, np.repeat(np.arange(len(lengths)), lengths)
