"""Tune without the model's gradients, by the search for the worst case turned round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from audit.camera import open_camera
from audit.frame import Shape
from audit.optimize.box import Box
from audit.optimize.fit import Check, Plan, best_of
from audit.optimize.judge import judge
from audit.optimize.outcome import Outcome, training_noise, validation_noise
from audit.optimize.parts import Parts
from audit.progress import Progress
from audit.search.evaluation import Evaluation
from audit.search.problem import Problem
from audit.search.scenes import Scenes
from audit.search.worst import search_worst
from audit.task import Judged, Task, judge_shot
from camsim.errors import CamsimError

CHECKS = 20
"""Improvements that the validation part chooses from."""


def search(
    task: Task,
    box: Box,
    name: str,
    parts: Parts,
    plan: Plan,
    seed: int,
    state: Path | None,
    key: str,
    kept: dict[str, Tensor],
    show: Progress,
) -> Outcome:
    """Finite differences and pattern search (`audit.search.strategies.default` without gradients) on the tuning part.

    Args: as `audit.optimize.descent.descend`; one of the plan's steps is one pass over the tuning part.
        key: what else decides the outcome, such as the hashes of model and data.

    Raises:
        CamsimError: the box has physical limits, too far apart for a search; or the model fails.
    """
    if box.limits != "plausible":
        raise CamsimError(
            "physical limits are too far apart to search without gradients; tune within the plausible ones. There are "
            f"no gradients: {task.no_gradient}"
        )
    why = f"tuned from {box.profile.name} by pattern search on {len(parts.train)} samples, {box.limits} limits"
    ranges = {knob: box.plausible[knob] for knob in box.own}
    problem = Problem(
        # Not validated anew: a range may reach beyond its knob's bounds, where it is cut.
        box.profile.model_copy(update={"search": ranges}),
        _Turned(task),
        Scenes(parts.train, training_noise(seed, 0), kept),
        budget=plan.steps,
        seed=training_noise(seed, 0),
        discrete=False,
        ledger=state,
        key=key,
        step=lambda pictures: show.advance(round(pictures / len(parts.train))),
    )
    show.start(f"Tuning {name}", plan.steps)
    search_worst(problem, seed=seed)
    space = problem.space.space(())
    validation = Scenes(parts.validation, validation_noise(seed), kept)
    checks, profiles = [], []
    for done in _improvements(problem.trace):
        profiles.append(box.profile_with(space.knobs_at(done.setting.point), name, why))
        found = judge(open_camera(profiles[-1]), task, validation)
        checks.append(Check(round(done.spent), -done.loss, float(found.losses.mean()), float(found.scores.mean())))
    best = best_of(checks)
    learned = profiles[checks.index(best)]
    return Outcome("pattern search", task.no_gradient, learned, tuple(checks), best, f"{plan.steps} passes done")


def _improvements(trace: Sequence[Evaluation]) -> list[Evaluation]:
    """The start and what was better than all before it; of many an even choice, first and last among them."""
    better: list[Evaluation] = []
    for done in trace:
        if np.isfinite(done.value) and (not better or done.value > better[-1].value):
            better.append(done)
    places = np.unique(np.linspace(0, len(better) - 1, min(CHECKS, len(better))).round().astype(int))
    return [better[place] for place in places]


@dataclass(frozen=True)
class _Turned:
    """A task whose loss is the better the higher."""

    task: Task

    def judge(self, pictures: Sequence[NDArray[np.uint8]], ids: Sequence[str], shape: Shape | None = None) -> Judged:
        judged = self.task.judge(pictures, ids) if shape is None else judge_shot(self.task, pictures, ids, shape)
        return Judged(-judged.losses, judged.scores)

    @property
    def no_gradient(self) -> str | None:
        return self.task.no_gradient

    def losses(self, images: Tensor, ids: Sequence[str]) -> Tensor:
        return -self.task.losses(images, ids)
