"""From a model's raw output to log-probabilities, refusing what cannot be read as it was declared."""

from __future__ import annotations

import math
import reprlib

import numpy as np
from numpy.typing import NDArray

from audit.models.graph import ClassOutput
from audit.models.sidecar import OutputKind
from camsim.errors import CamsimError

SMALLEST = 1e-30
"""Probabilities below it are raised to it: softmax in float32 rounds to 0, whose logarithm no metric can use."""

_LEAST = math.log(SMALLEST)
_TOLERANCE = {"float16": 1e-2, "float32": 1e-3, "float64": 1e-3}
"""How far the probabilities of an image may sum from 1."""
_ALIKE_ROWS = 8
_ALIKE_TOLERANCE = 1e-3
_KINDS = "'output_kind: logits', 'probabilities' or 'log_probabilities'"


class ClassScores:
    """Reads one output of one model; every image is read on its own, so grouping does not change a bit.

    Args:
        output: what the graph states.
        declared: what the output holds, as the sidecar or the command line says; None: as the graph shows, or logits.
        classes: class names, to be as many as the output has classes.
        where: the model's name, for messages.

    Raises:
        CamsimError: the class names are not as many as the classes, or the graph shows no single distribution.
    """

    def __init__(
        self, output: ClassOutput, declared: OutputKind | None, classes: tuple[str, ...] | None, where: str
    ) -> None:
        self._what = f"{where}: output {reprlib.repr(output.name)}"
        self.output = output
        self._classes = classes
        if declared is None and output.independent:
            raise CamsimError(
                f"{self._what} ends in a sigmoid: a score for each class on its own, where camsim audits classifiers "
                f"with one class an image. If the highest score is the class, declare 'output_kind: logits'"
            )
        self.kind: OutputKind = declared or output.kind or "logits"
        self.assumed = () if declared or output.kind else ("output_kind logits",)
        self.count: int | None = None
        """How many classes; None until the model has run, where the graph does not state it."""
        self._alike_rows: int | None = 0 if self.assumed else None
        """Rows of assumed logits that all looked like probabilities; None: settled that they are logits."""
        if output.shape is not None and output.shape[1] is not None:
            self._set_count(output.shape[1])

    def rows(self, scores: NDArray[np.floating], images: int) -> NDArray[np.float64]:
        """Scores (images, C) as float64 from what the model gave for a batch: (images, C) or (images, C, 1, 1)."""
        if scores.ndim not in (2, 4) or scores.shape[2:] not in ((), (1, 1)):
            raise CamsimError(f"{self._what} gave {scores.shape}; camsim audits classifiers: (N, C) or (N, C, 1, 1)")
        if scores.shape[0] != images:
            raise CamsimError(f"{self._what} gave {scores.shape[0]} rows for {images} images, (N, C) is wanted")
        self._set_count(scores.shape[1])
        return scores.reshape(scores.shape[:2]).astype(np.float64)

    def log_probabilities(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Natural-log probabilities (N, C), each at least log(SMALLEST), of scores (N, C).

        Raises:
            CamsimError: NaN or infinity, or numbers that are not what they were declared or taken to be.
        """
        bad = np.isnan(rows) | np.isposinf(rows)
        if self.kind != "log_probabilities":
            bad |= np.isneginf(rows)
        (images,) = np.nonzero(bad.any(axis=1))
        if images.size:
            raise CamsimError(
                f"{self._what} holds NaN or infinity for {images.size} of {len(rows)} images "
                f"(first: number {images[0] + 1} of those given); the model cannot be judged on them"
            )
        self._check_kind(rows)
        if self.kind == "probabilities":
            rows = np.log(np.maximum(rows, SMALLEST))
        # scipy's log_softmax, to the bit, without its ways for other kinds of arrays. Along rows that lie in memory one
        # after the other NumPy sums each as if it were alone.
        below = np.ascontiguousarray(rows - rows.max(axis=1, keepdims=True))
        result: NDArray[np.float64] = np.maximum(below - np.log(np.exp(below).sum(axis=1, keepdims=True)), _LEAST)
        return result

    def _check_kind(self, rows: NDArray[np.float64]) -> None:
        if self.kind == "logits":
            self._check_not_probabilities(rows)
            return
        with np.errstate(over="ignore"):
            chances = rows if self.kind == "probabilities" else np.exp(rows)
        sums = chances.sum(axis=1)
        # Rounding to a step takes up to half of it from each class.
        allowed = _TOLERANCE[self.output.dtype] + rows.shape[1] * self.output.step / 2
        wrong = (abs(sums - 1) > allowed) | (sums <= 0) | (chances.min(axis=1) < -allowed)
        if wrong.any():
            (first, *_) = np.nonzero(wrong)[0]
            raise CamsimError(
                f"{self._what} was read as {self.kind}, but for {wrong.sum()} of {len(rows)} images they are no "
                f"probabilities that sum to 1 (sum {sums[first]:.6g}, least {chances[first].min():.6g}); "
                f"declare what it holds: {_KINDS}"
            )

    def _check_not_probabilities(self, rows: NDArray[np.float64]) -> None:
        """Assumed logits that are always non-negative and sum to 1 are probabilities after all."""
        if self._alike_rows is None:
            return
        alike = (rows >= 0).all(axis=1) & (abs(rows.sum(axis=1) - 1) <= _ALIKE_TOLERANCE)
        self._alike_rows = self._alike_rows + len(rows) if alike.all() else None
        if self._alike_rows is not None and self._alike_rows >= _ALIKE_ROWS:
            raise CamsimError(
                f"{self._what} was taken for logits, as no softmax was found at its end, but for all of "
                f"{self._alike_rows} images its numbers are non-negative and sum to 1; declare what it holds: {_KINDS}"
            )

    def _set_count(self, count: int) -> None:
        if self.count is None:
            if count < 2:
                raise CamsimError(f"{self._what} has {count} class; camsim needs at least 2 classes")
            if self._classes is not None and len(self._classes) != count:
                raise CamsimError(f"{self._what} has {count} classes, but 'classes' lists {len(self._classes)} names")
            self.count = count
        elif count != self.count:
            raise CamsimError(f"{self._what} gave {count} classes for one image and {self.count} for another")
