"""Classification: one class for each picture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import expit

from audit.data import Dataset, Sample
from audit.metrics import MARGIN_SCALE, divergence
from audit.models.model import Model
from audit.stats.calibration import brier_scores, expected_calibration_error, negative_log_likelihoods
from audit.targets import class_indices, output_size
from audit.tasks.mark import Mark
from audit.tasks.metric import Metric
from camsim.errors import CamsimError

ACCURACY = Metric("accuracy", "Accuracy", "rate", ("score",))
JSD = Metric(
    "jsd",
    "Jensen-Shannon divergence",
    "mean",
    ("jsd",),
    "bits",
    3,
    "lower",
    needs_labels=False,
    against_reference=True,
    short="JSD",
)
ECE = Metric(
    "ece",
    "Calibration error",
    "aggregate",
    ("confidence", "score"),
    better="lower",
    aggregate=expected_calibration_error,
    short="ECE",
)
BRIER = Metric("brier", "Brier score", "mean", ("brier",), "", 3, "lower", most=2.0, short="Brier")
NLL = Metric("nll", "Negative log-likelihood", "mean", ("nll",), "nats", 3, "lower", short="NLL")
CONFIDENCE = Metric("confidence", "Mean confidence", "mean", ("confidence",), needs_labels=False, short="Confidence")

LogP = NDArray[np.float64]
"""(C,) natural-log class probabilities."""


class Classification:
    """A classifier and the classes that its samples have.

    The score is a hit. A flip is another most probable class than under the reference. The loss is the soft error
    sigmoid(-margin / 1.5) of the true class (without labels: of the reference's class).
    """

    key: ClassVar[str] = "classification"
    title: ClassVar[str] = "Classification"
    score_title: ClassVar[str] = "accuracy"
    columns: ClassVar[Mapping[str, pa.DataType]] = {
        "target": pa.int32(),
        "prediction": pa.int32(),
        "margin": pa.float64(),
        "jsd": pa.float64(),
        "brier": pa.float64(),
        "nll": pa.float64(),
    }

    def __init__(self, model: Model, data: Dataset) -> None:
        """
        Raises:
            CamsimError: the model cannot run, or does not know the classes of the data.
        """
        self.model = model
        self.name, self.sha256, self.classes = model.name, model.sha256, model.classes
        self.count = output_size(model)
        self._indices = class_indices(model.classes, data, self.count)
        self.labelled = self._indices is not None
        self.metrics: tuple[Metric, ...] = (ACCURACY, ECE, BRIER, NLL, CONFIDENCE, JSD)
        self.further: tuple[Metric, ...] = ()

    def predict(self, pictures: Sequence[NDArray[np.uint8]], shape: tuple[int, int] | None = None) -> list[LogP]:
        return list(self.model.log_probabilities(pictures))

    def truth(self, sample: Sample, shape: tuple[int, int]) -> int | None:
        """Index of the sample's class in the model's output."""
        if self._indices is None:
            return None
        if sample.target is None:
            raise CamsimError(f"{sample.id}: has no class; label it, leave it out, or audit without labels")
        return self._indices[sample.target]

    def targets(self, samples: Sequence[Sample]) -> dict[str, int]:
        """Class of each sample, as an index into the model's output. CamsimError: one has none."""
        found = {sample.id: self.truth(sample, (0, 0)) for sample in samples}
        return {name: index for name, index in found.items() if index is not None}

    def mark(self, answer: LogP, reference: LogP, truth: int | None) -> Mark:
        prediction, expected = int(answer.argmax()), int(reference.argmax())
        aim = expected if truth is None else truth
        others = answer.copy()
        others[aim] = -np.inf
        margin = float(answer[aim] - others.max())
        return Mark(
            score=None if truth is None else float(prediction == truth),
            agreement=float(prediction == expected),
            flip=prediction != expected,
            confidence=min(1.0, math.exp(answer[prediction])),
            loss=float(expit(-margin / MARGIN_SCALE)),
            own={
                "target": truth,
                "prediction": prediction,
                "margin": margin,
                "jsd": float(divergence(np.exp(answer), np.exp(reference))),
                "brier": None if truth is None else float(brier_scores(answer[None], np.array([truth]))[0]),
                "nll": None if truth is None else float(negative_log_likelihoods(answer[None], np.array([truth]))[0]),
            },
        )

    def say(self, answer: LogP) -> str:
        return self._name(int(answer.argmax()))

    def say_again(self, own: Mapping[str, Any]) -> str:
        return self._name(own["prediction"])

    def _name(self, index: int) -> str:
        return self.classes[index] if self.classes else f"class {index}"

    def describe(self) -> dict[str, object]:
        return self.model.describe()
