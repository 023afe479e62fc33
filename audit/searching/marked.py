"""Any vision task as a search judges it: by its marks, without gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from audit.data import Sample
from audit.frame import Shape
from audit.task import ClassTask, Judged, Loss, Task
from audit.tasks.classification import Classification
from audit.tasks.vision_task import VisionTask, ask
from camsim.errors import CamsimError


@dataclass(frozen=True)
class MarkedTask:
    """Losses and scores are those of `audit.tasks.mark.Mark`; without labels a score says whether nothing flipped."""

    task: VisionTask[Any]
    samples: Mapping[str, Sample]
    answers: Mapping[str, Any] | None
    """What the model says of each sample under the reference; None: the labels judge."""

    def judge(self, pictures: Sequence[NDArray[np.uint8]], ids: Sequence[str], shape: Shape | None = None) -> Judged:
        losses, scores = np.empty(len(ids)), np.empty(len(ids))
        answers = self.task.predict(pictures) if shape is None else ask(self.task, pictures, shape)
        for place, (name, picture, answer) in enumerate(zip(ids, pictures, answers, strict=True)):
            drawn_on = shape or (picture.shape[0], picture.shape[1])
            truth = None if self.answers is not None else self.task.truth(self.samples[name], drawn_on)
            mark = self.task.mark(answer, answer if self.answers is None else self.answers[name], truth)
            losses[place] = mark.loss
            scores[place] = float(not mark.flip) if mark.score is None else mark.score
        return Judged(losses, scores)

    @property
    def no_gradient(self) -> str | None:
        return f"camsim has no gradients for {self.task.title.lower()}"

    def losses(self, images: Tensor, ids: Sequence[str]) -> Tensor:
        raise CamsimError(f"{self.task.name}: {self.no_gradient}")


def judged_by(
    task: VisionTask[Any], samples: Sequence[Sample], answers: Mapping[str, Any] | None, loss: Loss = "soft_error"
) -> Task:
    """What judges pictures of these samples: the labels, or what the model said under the reference.

    Args:
        task: the model and how answers compare.
        samples: whose pictures will be judged.
        answers: under the reference, by sample; None: the labels judge.
        loss: of a classifier.
    """
    if not isinstance(task, Classification):
        return MarkedTask(task, {sample.id: sample for sample in samples}, answers)
    aims = task.targets(samples) if answers is None else {name: int(row.argmax()) for name, row in answers.items()}
    return ClassTask(task.model, aims, loss=loss)
