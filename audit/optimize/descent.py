"""Tune along the gradient of the true pipeline."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from audit.optimize.box import Box
from audit.optimize.camera import TunableCamera
from audit.optimize.fit import Course, Plan, batch_of, fit
from audit.optimize.judge import judge
from audit.optimize.outcome import Outcome, training_noise, validation_noise
from audit.optimize.parts import Parts
from audit.optimize.state import load_state, save_state
from audit.progress import Progress
from audit.search.scenes import Scenes
from audit.task import Task


def descend(
    task: Task,
    box: Box,
    name: str,
    parts: Parts,
    plan: Plan,
    seed: int,
    state: Path | None,
    kept: dict[str, Tensor],
    show: Progress,
) -> Outcome:
    """Adam on the coordinates of the box, in small batches with new noise each epoch.

    Args:
        task: must have gradients.
        box: knobs, limits and the camera as it is.
        name: of the learned profile.
        parts: of the samples; the held-out part is not touched.
        plan: how long.
        seed: of batches and noise.
        state: file that an interrupted tuning goes on from.
        kept: scenes in memory.
        show: told of each step.

    Raises:
        CamsimError: the model fails, its gradient is NaN or infinite, or the state is damaged.
    """
    why = f"tuned from {box.profile.name} by gradient descent on {len(parts.train)} samples, {box.limits} limits"
    tuned = TunableCamera(box, name, why)
    optimizer = torch.optim.Adam([{"params": [tuned.coordinates], "initial_lr": plan.rate}])
    known = None if state is None else load_state(state, tuned.coordinates, optimizer)
    if known is not None:
        tuned.camera = tuned.compiled()
    validation = Scenes(parts.validation, validation_noise(seed), kept)
    show.start(f"Tuning {name}", plan.steps)
    show.advance(0 if known is None else known.step)

    def gradient(step: int) -> float:
        chosen, epoch = batch_of(len(parts.train), plan.batch, step, seed)
        scenes = Scenes([parts.train[index] for index in chosen], training_noise(seed, epoch), kept)
        total = 0.0

        def objective(images: Tensor, ids: tuple[str, ...]) -> Tensor:
            nonlocal total
            losses = task.losses(images, ids)
            total += float(losses.detach().sum())
            return losses.sum() / len(chosen)

        tuned.add_gradient(scenes, objective)
        show.advance(1)
        return total / len(chosen)

    def check() -> tuple[float, float] | None:
        try:
            tuned.camera = tuned.compiled()
        except ValueError:  # physical limits allow a black level above white
            return None
        found = judge(tuned.camera, task, validation)
        return float(found.losses.mean()), float(found.scores.mean())

    def save(course: Course[Tensor]) -> None:
        if state is not None:
            save_state(state, course, tuned.coordinates, optimizer)

    course = fit(
        optimizer,
        plan,
        known or Course(tuned.coordinates.detach().clone()),
        gradient=gradient,
        project=tuned.project,
        check=check,
        snapshot=lambda: tuned.coordinates.detach().clone(),
        after_check=save,
    )
    assert course.stopped is not None
    learned = box.profile_at(course.best, name, why)
    return Outcome("gradient descent", None, learned, tuple(course.checks), course.best_check, course.stopped)
