"""Sign steps on a gradient from finite differences of the true pipeline: for models that give none."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audit.search.evaluation import Evaluation
from audit.search.mixed import Setting
from audit.search.problem import Problem
from audit.search.strategies.flips import try_flips
from audit.search.strategies.sampling import uniform

WIDTH = 0.2
"""Of the differences, as a fraction of each range: wide enough to stand above the rounding to 8 bits."""

STEPS = (1.0, 0.5, 0.25)
"""Tried along the signs, as a fraction of each range."""


def search(problem: Problem, seed: int) -> None:
    """From the device as it is until nothing helps, trying other stages; then from random settings."""
    rng = np.random.default_rng(seed)
    _climb(problem, problem.evaluate(problem.start), rng)
    for setting in uniform(problem.space, rng):
        _climb(problem, problem.evaluate(setting), rng)


def estimate(
    problem: Problem, at: Evaluation, rng: np.random.Generator, most: int | None = None
) -> tuple[NDArray[np.float64], Evaluation]:
    """A gradient (D,) by one-sided differences, 0 for knobs that were not tried, and the best setting on the way.

    Args:
        problem: what is searched.
        at: where.
        rng: chooses the knobs, where not all are tried.
        most: knobs to try.

    Raises:
        Spent: the budget is used up.
    """
    setting, best = at.setting, at
    slope = np.zeros_like(setting.point)
    for axis in rng.permutation(slope.size)[:most]:
        # Towards the side with more room.
        width = WIDTH if setting.point[axis] <= 0.5 else -WIDTH
        point = setting.point.copy()
        point[axis] += width
        tried = problem.evaluate(Setting(setting.choice, point))
        if np.isfinite(tried.value):
            slope[axis] = (tried.value - at.value) / width
        best = max(best, tried, key=lambda done: done.value)
    return slope, best


def sign_step(problem: Problem, at: Evaluation, slope: NDArray[np.float64], best: Evaluation) -> Evaluation:
    """The best of `best` and of steps along the signs of a gradient.

    Raises:
        Spent: the budget is used up.
    """
    for step in STEPS:
        point = (at.setting.point + step * np.sign(slope)).clip(0, 1)
        best = max(best, problem.evaluate(Setting(at.setting.choice, point)), key=lambda done: done.value)
    return best


def _climb(problem: Problem, at: Evaluation, rng: np.random.Generator) -> None:
    while True:
        slope, best = estimate(problem, at, rng)
        if slope.any():
            best = sign_step(problem, at, slope, best)
        flipped = try_flips(problem, best)
        reached = flipped or best
        if reached.value <= at.value:
            return
        at = reached
