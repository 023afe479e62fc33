"""Multi-label classification: any number of classes for each picture."""

from __future__ import annotations

from functools import partial
from types import MappingProxyType

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audit.data import Dataset, Sample
from audit.data.truth import Labels
from audit.decoders.label_chances import LabelChancesDecoder
from audit.models.network import Network
from audit.predictions import LabelChances
from audit.targets import class_indices
from audit.tasks.decoded import AGREEMENT, DecodedTask, mean_defined, ratio, stacked
from audit.tasks.mark import Mark
from audit.tasks.metric import Columns, Metric
from audit.tasks.ranked_precision import ranked_precision
from camsim.errors import CamsimError


class Multilabel(DecodedTask[LabelChances]):
    """A class is named where its probability reaches the decoder's threshold.

    The score of a sample is the F1 of its named classes against its labels, 1 where both are empty; the agreement is
    that against the classes named under the reference. A flip is another set of classes. The confidence is the mean
    over classes of max(p, 1 - p). The loss is the probability that is missing, averaged over the labels, and that in
    excess, averaged over the other classes, and the mean of both (of one, where the other is empty); without labels,
    sum |p - q| / sum max(p, q) against the reference's probabilities q.

    Classes of the model that the data do not know are left out of everything that is measured against labels. A class
    without a label and never named has no F1, one without a label no average precision: both are left out of the mean.
    """

    key = "multilabel"
    title = "Multi-label classification"
    score_title = "F1 of the classes"
    decoder: LabelChancesDecoder
    columns = MappingProxyType(
        {
            "chances": pa.list_(pa.float64()),
            "named": pa.list_(pa.float64()),
            "present": pa.list_(pa.float64()),
            "exact": pa.float64(),
        }
    )

    def __init__(self, network: Network, decoder: LabelChancesDecoder, data: Dataset) -> None:
        """
        Raises:
            CamsimError: the model cannot run or be read so, or does not know the classes of the data.
        """
        super().__init__(network, decoder, data, "labels")
        count = len(self.first_answer.probabilities)
        if self.classes is not None and len(self.classes) != count:
            raise CamsimError(f"{self.name}: has {count} outputs, but 'classes' lists {len(self.classes)} names")
        found = class_indices(self.classes, data, count) if self.labelled else None
        self._places = {} if found is None else {name: found[name] for name in data.class_names or ()}
        self.known = np.array(list(self._places.values()), dtype=np.intp)
        self.metrics = (
            Metric("f1_macro", "Macro F1", "aggregate", ("named", "present"), aggregate=macro_f1),
            Metric("map", "Mean average precision", "aggregate", ("chances", "present"), aggregate=mean_precision),
            Metric("f1_samples", "F1 per sample", "mean", ("score",)),
            Metric("exact_match", "Exact match", "rate", ("exact",)),
            AGREEMENT,
        )
        self.further = tuple(
            Metric(f"f1/{name}", f"F1 of {name}", "aggregate", ("named", "present"), aggregate=partial(label_f1, place))
            for place, name in enumerate(self._places)
        )

    def parts(self, answer: LabelChances) -> int:
        return len(answer.probabilities)

    def truth(self, sample: Sample, shape: tuple[int, int]) -> NDArray[np.bool_] | None:
        """(C,) which of the data's classes are there."""
        found = sample.load_truth(shape) if self.labelled else None
        if not self.labelled:
            return None
        if not isinstance(found, Labels):
            raise CamsimError(f"{sample.id}: has no labels; label it, leave it out, or audit without labels")
        unknown = sorted(found.names - self._places.keys())
        if unknown:
            raise CamsimError(f"{sample.id}: {unknown[0]!r} is not one of the {len(self._places)} classes of the data")
        return np.array([name in found.names for name in self._places])

    def mark(self, answer: LabelChances, reference: LabelChances, truth: NDArray[np.bool_] | None) -> Mark:
        p, q = answer.probabilities, reference.probabilities
        named, expected = p >= self.decoder.threshold, q >= self.decoder.threshold
        known = self.known
        return Mark(
            score=None if truth is None else f1(named[known], truth),
            agreement=f1(named, expected),
            flip=bool((named != expected).any()),
            confidence=float(np.maximum(p, 1 - p).mean()),
            loss=_apart(p, q) if truth is None else soft_error(p[known], truth),
            own={
                "chances": p.tolist() if truth is None else p[known].tolist(),
                "named": (named if truth is None else named[known]).astype(float).tolist(),
                "present": None if truth is None else truth.astype(float).tolist(),
                "exact": None if truth is None else float((named[known] == truth).all()),
            },
        )

    def say(self, answer: LabelChances) -> str:
        """``car, tree``."""
        named = np.flatnonzero(answer.probabilities >= self.decoder.threshold)
        return ", ".join(self.named(int(place)) for place in named) or "nothing"


def f1(named: NDArray[np.bool_], present: NDArray[np.bool_]) -> float:
    """2 |A and B| / (|A| + |B|) of two sets (C,); 1 where both are empty."""
    total = int(named.sum() + present.sum())
    return 2 * int((named & present).sum()) / total if total else 1.0


def soft_error(p: NDArray[np.float64], present: NDArray[np.bool_]) -> float:
    """Mean of the probability missing at labels and of that in excess elsewhere, each averaged by itself."""
    parts = [part.mean() for part in (1 - p[present], p[~present]) if part.size]
    return float(np.mean(parts))


def macro_f1(columns: Columns, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over classes of each one's F1 over samples."""
    return mean_defined(_label_f1s(columns, weights))


def label_f1(place: int, columns: Columns, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """F1 of one class over samples."""
    return _label_f1s(columns, weights)[:, place]


def mean_precision(columns: Columns, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over classes of the average precision, sum over thresholds of (recall gained) x precision.

    As `sklearn.metrics.average_precision_score`: equal scores are one threshold, nothing is interpolated.
    """
    chances, present = stacked(columns, "chances").T, stacked(columns, "present").T
    order = np.argsort(-chances, axis=1, kind="stable")
    ranked = np.take_along_axis(chances, order, axis=1)
    ends = np.append(ranked[:, 1:] != ranked[:, :-1], np.ones((len(ranked), 1), dtype=np.bool_), axis=1)
    there = np.take_along_axis(present, order, axis=1) > 0
    return mean_defined(ranked_precision(np.ascontiguousarray(weights, dtype=np.float64), order, ends, there))


def _label_f1s(columns: Columns, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    named, present = stacked(columns, "named"), stacked(columns, "present")
    return ratio(2 * (weights @ (named * present)), weights @ (named + present))


def _apart(p: NDArray[np.float64], q: NDArray[np.float64]) -> float:
    most = float(np.maximum(p, q).sum())
    return float(abs(p - q).sum()) / most if most else 0.0
