"""What a classifier should say of each sample: its label, or what it says of the reference's picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from audit.camera import Camera
from audit.data import Sample
from audit.models import Model
from audit.models.gradient import GradientModel, NoGradient
from audit.search.certificate import Measure
from audit.task import ClassTask, DisagreementTask, Task

LossName = Literal["soft_error", "cross_entropy", "disagreement"]
"""What a search may raise."""

AT_A_TIME = 8


class Aims:
    """Makes the tasks of a search: on which samples, with which noise."""

    def __init__(self, model: Model, targets: Mapping[str, int] | None, reference: Camera, loss: LossName) -> None:
        """State what is raised.

        Args:
            model: the classifier.
            targets: class of each sample, as an index into the output; None without labels.
            reference: the camera whose pictures answer where labels do not.
            loss: ``disagreement`` needs no labels, and does not look at them.
        """
        self.model, self.targets, self.reference, self.loss = model, targets, reference, loss

    @property
    def measure(self) -> Measure:
        """A drop of accuracy with labels; else flips."""
        return "flips" if self.targets is None or self.loss == "disagreement" else "drop"

    def task(
        self,
        samples: Sequence[Sample],
        seed: int,
        step: Callable[[int], None] = lambda pictures: None,
    ) -> Task:
        """The task on these samples; without labels, against the reference with the noise of ``seed``.

        Raises:
            CamsimError: the model fails on a picture of the reference.
        """
        if self.targets is not None and self.loss != "disagreement":
            return ClassTask(self.model, self.targets, loss=self.loss)
        answers = self.answers(samples, seed, step)
        if self.loss == "disagreement":
            return DisagreementTask(self.model, answers)
        return ClassTask(self.model, {name: int(row.argmax()) for name, row in answers.items()}, loss=self.loss)

    @staticmethod
    def with_gradient(task: Task, gradient: GradientModel | NoGradient) -> Task:
        """The same task with other gradients."""
        if not isinstance(task, ClassTask | DisagreementTask):
            raise TypeError(f"a task of this class has no gradient to change: {type(task).__name__}")
        return replace(task, gradient=gradient)

    def answers(
        self, samples: Sequence[Sample], seed: int, step: Callable[[int], None] = lambda pictures: None
    ) -> dict[str, NDArray[np.float64]]:
        """Log-probabilities (C,) of each sample under the reference."""
        found: dict[str, NDArray[np.float64]] = {}
        for start in range(0, len(samples), AT_A_TIME):
            some = samples[start : start + AT_A_TIME]
            pictures = [self.reference.shoot(sample.load(), seed, sample.id) for sample in some]
            found |= zip((sample.id for sample in some), self.model.log_probabilities(pictures), strict=True)
            step(len(some))
        return found
