"""Gradients for whatever a search judges, opened and checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from audit.images import as_images
from audit.models.gradient import GradientModel, NoGradient, open_gradient
from audit.models.output_gradient import OutputGradient, open_outputs
from audit.searching.marked import MarkedTask
from audit.task import ClassTask, DisagreementTask, Task, judge_shot
from audit.tasks.decoded import DecodedTask

T = TypeVar("T", bound=Task)

Gradient = GradientModel | OutputGradient | NoGradient
"""Of a classifier, of other tasks, or why there is none."""

SAME_LOSS = 1e-4
"""How far the loss of a probe picture in torch may be from that of the model itself; see also `PARITY`."""


def open_gradients(task: Task, pictures: Sequence[NDArray[np.uint8]], ids: Sequence[str]) -> Gradient:
    """The gradients of a task's model, checked on a few pictures: see `audit.models.gradient` and `output_gradient`.

    Of tasks other than classification the loss itself is compared, too, so that the decoder in torch is held against
    the decoder as well as the network.

    Args:
        task: as yet without.
        pictures: (H, W, 3) each, such as the model will be shown.
        ids: whose pictures they are.

    Raises:
        CamsimError: no picture, or the model cannot be run on them.
    """
    if isinstance(task, ClassTask | DisagreementTask):
        return open_gradient(task.model, pictures)
    if not isinstance(task, MarkedTask):
        return NoGradient(task.no_gradient or "the task has gradients of its own")
    if task.smooth is None or isinstance(task.smooth, str):
        return NoGradient(str(task.smooth))
    assert isinstance(task.task, DecodedTask)  # others have no smooth loss
    gradient = open_outputs(task.task.network, task.smooth.names, pictures)
    if isinstance(gradient, NoGradient):
        return gradient
    opened = replace(task, gradient=gradient)
    for picture, name in zip(pictures, ids, strict=True):
        wanted = float(judge_shot(opened, [picture], [name], opened.shape_of(name)).losses[0])
        with torch.no_grad():
            got = float(opened.losses(as_images([picture]), [name])[0])
        if not abs(got - wanted) <= max(SAME_LOSS, gradient.allowed):
            return NoGradient(
                f"parity check: the loss of {name!r} is {got:.6g} in torch, {wanted:.6g} of the model's own outputs"
            )
    return gradient


def with_gradient(task: T, gradient: Gradient) -> T:
    """The same task with other gradients; one that has none anyway stays as it is."""
    return replace(task, gradient=gradient) if isinstance(task, ClassTask | DisagreementTask | MarkedTask) else task  # type: ignore[arg-type]
