"""Any vision task but classification as a search judges it: scores by its marks, losses smooth where they can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from audit.data import Sample
from audit.frame import Shape
from audit.models.gradient import NoGradient
from audit.models.output_gradient import OutputGradient
from audit.task import NOT_OPENED, ClassTask, Judged, Loss, Task
from audit.tasks.classification import Classification
from audit.tasks.decoded import DecodedTask
from audit.tasks.smooth import SmoothLoss, losses_of, smooth_loss
from audit.tasks.vision_task import VisionTask, ask
from camsim.errors import CamsimError


@dataclass(frozen=True)
class MarkedTask:
    """Scores are those of `audit.tasks.mark.Mark`; without labels a score says whether nothing flipped.

    Losses are those of `audit.tasks.smooth`, the same number with and without gradients: of the model's own raw outputs
    where it is judged, of those of its form in torch for the slope. Where a task or a decoder has no such loss, they
    are those of the marks, and there are no gradients.
    """

    task: VisionTask[Any]
    samples: Mapping[str, Sample]
    answers: Mapping[str, Any] | None
    """What the model says of each sample under the reference; None: the labels judge."""
    smooth: SmoothLoss | str | None = None
    """Or why there is none. None: that of the task."""
    gradient: OutputGradient | NoGradient | None = None
    shapes: dict[str, Shape] = field(default_factory=dict, repr=False, compare=False)
    """(height, width) of the scenes that were seen so far."""

    def __post_init__(self) -> None:
        if self.smooth is None:
            object.__setattr__(self, "smooth", smooth_loss(self.task))

    def judge(self, pictures: Sequence[NDArray[np.uint8]], ids: Sequence[str], shape: Shape | None = None) -> Judged:
        losses, scores = np.empty(len(ids)), np.empty(len(ids))
        for place, (name, picture) in enumerate(zip(ids, pictures, strict=True)):
            drawn_on = self.shapes[name] = shape or (picture.shape[0], picture.shape[1])
            truth = None if self.answers is not None else self.task.truth(self.samples[name], drawn_on)
            answer, loss = self._answered(picture, name, drawn_on, truth)
            mark = self.task.mark(answer, answer if self.answers is None else self.answers[name], truth)
            losses[place] = mark.loss if loss is None else loss
            scores[place] = float(not mark.flip) if mark.score is None else mark.score
        return Judged(losses, scores)

    @property
    def no_gradient(self) -> str | None:
        if isinstance(self.smooth, str):
            return self.smooth
        if self.gradient is None:
            return NOT_OPENED
        return self.gradient.reason if isinstance(self.gradient, NoGradient) else None

    def losses(self, images: Tensor, ids: Sequence[str]) -> Tensor:
        if isinstance(self.smooth, str) or self.gradient is None or isinstance(self.gradient, NoGradient):
            raise CamsimError(f"{self.task.name}: there are no gradients: {self.no_gradient}")
        found = []
        for image, name in zip(images, ids, strict=True):
            shape = self.shape_of(name)
            truth = None if self.answers is not None else self.task.truth(self.samples[name], shape)
            outputs = self.gradient.outputs(image[None])
            found.append(self._loss(outputs, name, (image.shape[1], image.shape[2]), shape, truth))
        return torch.stack(found)

    def shape_of(self, name: str) -> Shape:
        """(height, width) of a sample's scene."""
        if name not in self.shapes:
            scene = self.samples[name].load()
            self.shapes[name] = (scene.shape[1], scene.shape[2])
        return self.shapes[name]

    def _answered(self, picture: NDArray[np.uint8], name: str, shape: Shape, truth: Any) -> tuple[Any, float | None]:
        """The answer to a picture of a scene of ``shape``, and its smooth loss where there is one."""
        if self.smooth is None or isinstance(self.smooth, str):
            (answer,) = ask(self.task, [picture], shape)
            return answer, None
        assert isinstance(self.task, DecodedTask)
        size = (picture.shape[0], picture.shape[1])
        (outputs,) = self.task.outputs([picture])
        answer = self.task.read(outputs, size, None if size == shape else shape)
        tensors = {key: torch.from_numpy(np.array(outputs[key])) for key in self.smooth.names}
        with torch.no_grad():
            return answer, float(self._loss(tensors, name, size, shape, truth))

    def _loss(self, outputs: Mapping[str, Tensor], name: str, size: Shape, shape: Shape, truth: Any) -> Tensor:
        """The smooth loss of a picture of ``size`` of a scene of ``shape``."""
        assert isinstance(self.task, DecodedTask)
        assert self.smooth is not None
        assert not isinstance(self.smooth, str)
        frame = self.task.network.frame(size)
        reference = None if self.answers is None else self.answers[name]
        return self.smooth(outputs, frame if size == shape else frame.of_scene(shape), truth, reference)


def judged_by(
    task: VisionTask[Any], samples: Sequence[Sample], answers: Mapping[str, Any] | None, loss: Loss = "soft_error"
) -> Task:
    """What judges pictures of these samples: the labels, or what the model said under the reference.

    Args:
        task: the model and how answers compare.
        samples: whose pictures will be judged.
        answers: under the reference, by sample; None: the labels judge.
        loss: one that the task has.

    Raises:
        CamsimError: it has no such loss.
    """
    if not isinstance(task, Classification):
        if loss not in losses_of(task):
            known = ", ".join(losses_of(task))
            raise CamsimError(f"loss {loss}: {task.title.lower()} has none such; take {known}")
        return MarkedTask(task, {sample.id: sample for sample in samples}, answers, smooth_loss(task, loss))
    aims = task.targets(samples) if answers is None else {name: int(row.argmax()) for name, row in answers.items()}
    return ClassTask(task.model, aims, loss=loss)
