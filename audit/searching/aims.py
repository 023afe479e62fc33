"""What a model should say of each sample: what its labels say, or what it says itself of the reference's picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from audit.camera import Camera
from audit.data import Sample
from audit.search.certificate import Measure
from audit.searching.marked import judged_by
from audit.task import DisagreementTask, Task
from audit.tasks.classification import Classification
from audit.tasks.smooth import losses_of
from audit.tasks.vision_task import VisionTask, ask
from camsim.errors import CamsimError

LossName = Literal["soft_error", "cross_entropy", "disagreement"]
"""What a search may raise. ``soft_error`` is the task's own loss (see `audit.tasks.smooth`), ``cross_entropy`` that of
classes, of pictures or pixels; ``disagreement`` is how far the answer strays from that under the reference, whatever
the labels say: of a classifier the Jensen-Shannon divergence, else the task's own loss against that answer."""


class Aims:
    """Makes the tasks of a search: on which samples, with which noise."""

    def __init__(self, task: VisionTask[Any], reference: Camera, loss: LossName) -> None:
        """State what is raised.

        Args:
            task: the model, its data and how answers compare.
            reference: the camera whose pictures answer where labels do not.
            loss: ``disagreement`` needs no labels, and does not look at them.

        Raises:
            CamsimError: a loss that the task does not have.
        """
        if not isinstance(task, Classification) and loss not in (*losses_of(task), "disagreement"):
            raise CamsimError(f"loss {loss}: is of classes; for {task.title.lower()} leave it out")
        self.subject, self.reference = task, reference
        self.loss: LossName = loss

    @property
    def measure(self) -> Measure:
        """A drop of the score with labels; else flips."""
        return "drop" if self.subject.labelled and self.loss != "disagreement" else "flips"

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
        answers = None if self.measure == "drop" else self.answers(samples, seed, step)
        if self.loss == "disagreement" and isinstance(self.subject, Classification) and answers is not None:
            return DisagreementTask(self.subject.model, answers)
        return judged_by(self.subject, samples, answers, "soft_error" if self.loss == "disagreement" else self.loss)

    def answers(
        self, samples: Sequence[Sample], seed: int, step: Callable[[int], None] = lambda pictures: None
    ) -> dict[str, Any]:
        """What the model says of each sample under the reference."""
        found: dict[str, Any] = {}
        for sample in samples:
            scene = sample.load()
            picture = self.reference.shoot(scene, seed, sample.id)
            (found[sample.id],) = ask(self.subject, [picture], (scene.shape[1], scene.shape[2]))
            step(1)
        return found
