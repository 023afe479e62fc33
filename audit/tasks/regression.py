"""Regression: numbers."""

from __future__ import annotations

from functools import partial
from types import MappingProxyType

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audit.data import Dataset, Sample
from audit.data.truth import Values
from audit.decoders.values import ValuesDecoder
from audit.evenly import evenly
from audit.models.network import Network
from audit.predictions import Numbers
from audit.tasks.decoded import AGREEMENT, DecodedTask, mean_defined, ratio, stacked
from audit.tasks.mark import Mark
from audit.tasks.metric import Columns, Metric
from camsim.errors import CamsimError

MAX_READ = 1000
"""Truths that the scale is taken from: evenly spaced samples."""

ANY_SHAPE = (1, 1)
"""Numbers do not depend on the picture's size."""

SAID = 4
"""Numbers that an answer shows in words."""

BOTH = ("numbers", "truth")


class Regression(DecodedTask[Numbers]):
    """D numbers, each with a scale: the error at which an answer is worth nothing.

    The scale is declared with the decoder, or else the standard deviation of the truths (of at most 1000 evenly spaced
    samples); without labels it is the decoder's ``std``, and has to be declared where that is 1.

    The score of a sample is max(0, 1 - |error| / scale), averaged over its numbers; the agreement is that against the
    numbers under the reference. A flip: a number differs from that under the reference by more than half its scale.
    The loss is |error| / (|error| + scale), averaged, against the truth or else the reference; it has a slope also
    where the score is 0. There is no confidence.

    MAE is a mean over samples and numbers, RMSE the root of such a mean, R2 is averaged over the numbers (of each by
    itself: 1 - residual variance / variance of the truths; left out where all truths drawn are equal).
    """

    key = "regression"
    title = "Regression"
    score_title = "1 - error / scale"
    decoder: ValuesDecoder
    columns = MappingProxyType(
        {"numbers": pa.list_(pa.float64()), "truth": pa.list_(pa.float64()), "absolute_error": pa.float64()}
    )

    def __init__(self, network: Network, decoder: ValuesDecoder, data: Dataset) -> None:
        """
        Raises:
            CamsimError: the model cannot run or be read so, the truths are other than it gives, or there is no scale.
        """
        super().__init__(network, decoder, data, "values")
        self.count = self.first_answer.numbers.size
        if self.classes is not None and len(self.classes) != self.count:
            raise CamsimError(f"{self.name}: gives {self.count} numbers, but 'classes' lists {len(self.classes)} names")
        self.scale, self._scale_source = self._find_scale()
        self.settle({"scale": self.scale.tolist(), "scale_source": self._scale_source})
        self.metrics = (
            Metric("mae", "Mean absolute error", "mean", ("absolute_error",), "", 3, "lower"),
            Metric("rmse", "RMSE", "aggregate", BOTH, "", 3, "lower", aggregate=rmse),
            Metric("r2", "R2", "aggregate", BOTH, "", 3, aggregate=r2),
            Metric("score", "Score", "mean", ("score",)),
            AGREEMENT,
        )
        names = self.classes or tuple(str(place) for place in range(self.count))
        self.further = tuple(
            Metric(f"mae/{name}", f"MAE of {name}", "aggregate", BOTH, "", 3, "lower", aggregate=partial(mae_of, place))
            for place, name in enumerate(names if self.labelled and self.count > 1 else ())
        )

    def assumed(self) -> list[str]:
        return [] if self.decoder.scale is not None else [f"scale {self._scale_source}"]

    def parts(self, answer: Numbers) -> int:
        return answer.numbers.size

    def truth(self, sample: Sample, shape: tuple[int, int]) -> NDArray[np.float64] | None:
        """(D,)."""
        if not self.labelled:
            return None
        found = sample.load_truth(shape)
        if not isinstance(found, Values):
            raise CamsimError(f"{sample.id}: has no numbers; label it, leave it out, or audit without labels")
        if found.numbers.shape != (self.count,):
            raise CamsimError(f"{sample.id}: has {found.numbers.size} numbers, the model gives {self.count}")
        if not np.isfinite(found.numbers).all():
            raise CamsimError(f"{sample.id}: its truth holds NaN or infinity")
        return found.numbers

    def mark(self, answer: Numbers, reference: Numbers, truth: NDArray[np.float64] | None) -> Mark:
        apart = abs(answer.numbers - reference.numbers) / self.scale
        error = None if truth is None else abs(answer.numbers - truth)
        aim = apart if error is None else error / self.scale
        return Mark(
            score=None if error is None else _worth(error / self.scale),
            agreement=_worth(apart),
            flip=bool((apart > 0.5).any()),
            confidence=None,
            loss=float((aim / (1 + aim)).mean()),
            own={
                "numbers": answer.numbers.tolist(),
                "truth": None if truth is None else truth.tolist(),
                "absolute_error": None if error is None else float(error.mean()),
            },
        )

    def say(self, answer: Numbers) -> str:
        """``3.21, -0.5``, or ``temperature 3.21, humidity -0.5``: the first four."""
        names = [""] * SAID if self.classes is None else [f"{name} " for name in self.classes]
        shown = [f"{name}{number:.4g}" for name, number in zip(names, answer.numbers[:SAID], strict=False)]
        return ", ".join(shown) + (" ..." if answer.numbers.size > SAID else "")

    def _find_scale(self) -> tuple[NDArray[np.float64], str]:
        if self.decoder.scale is not None:
            return np.broadcast_to(self.decoder.scale, self.count).astype(np.float64), "declared"
        if self.labelled:
            samples = evenly(self.data.samples, MAX_READ)
            truths = np.stack([truth for sample in samples if (truth := self.truth(sample, ANY_SHAPE)) is not None])
            spread = truths.std(axis=0)
            if (spread == 0).any():
                raise CamsimError(f"{self.data.name}: all truths are equal; declare 'scale' in the decoder")
            return spread, f"standard deviation of {len(truths)} truths"
        if self.decoder.std == (1.0,):
            raise CamsimError(
                f"{self.name}: without labels nothing says which change of its numbers is large; declare 'scale' in "
                "the decoder: {kind: values, scale: NUMBER}"
            )
        return np.broadcast_to(self.decoder.std, self.count).astype(np.float64), "the decoder's std"


def rmse(columns: Columns, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Root of the mean squared error over samples and numbers."""
    errors = stacked(columns, "numbers") - stacked(columns, "truth")
    return np.sqrt(ratio(weights @ (errors**2).mean(axis=1), weights.sum(axis=1)))


def r2(columns: Columns, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Coefficient of determination, averaged over the numbers."""
    answers, truths = stacked(columns, "numbers"), stacked(columns, "truth")
    centred = truths - truths.mean(axis=0)
    total = weights.sum(axis=1, keepdims=True)
    spread = weights @ centred**2 - ratio((weights @ centred) ** 2, total)
    # What is left of equal truths by rounding is no spread.
    spread[spread <= 1e-12 * (weights @ truths**2)] = 0.0
    return mean_defined(1 - ratio(weights @ (answers - truths) ** 2, spread))


def mae_of(place: int, columns: Columns, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean absolute error of one of the numbers."""
    errors = abs(stacked(columns, "numbers")[:, place] - stacked(columns, "truth")[:, place])
    return ratio(weights @ errors, weights.sum(axis=1))


def _worth(error: NDArray[np.float64]) -> float:
    return float(np.maximum(0.0, 1 - error).mean())
