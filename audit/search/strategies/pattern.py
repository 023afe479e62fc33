"""Pattern search: one knob at a time, up or down by a step that shrinks when nothing helps; no gradient.

Hooke and Jeeves, J. ACM 8 (1961) 212-229, with the knobs in random order and the last improving directions first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audit.search.evaluation import Evaluation
from audit.search.mixed import Setting
from audit.search.problem import Problem
from audit.search.strategies.flips import try_flips
from audit.search.strategies.sampling import uniform

FIRST_STEP = 0.5
LAST_STEP = 1 / 128


def search(problem: Problem, seed: int) -> None:
    """From the device as it is, then from the best choice of stages; then from random settings."""
    rng = np.random.default_rng(seed)
    refine(problem, problem.evaluate(problem.start), rng)
    for setting in uniform(problem.space, rng):
        refine(problem, problem.evaluate(setting), rng)


def refine(
    problem: Problem,
    at: Evaluation,
    rng: np.random.Generator,
    slope: NDArray[np.float64] | None = None,
    step: float = FIRST_STEP,
) -> None:
    """Improve a setting until neither a step of the least size nor another stage helps.

    Args:
        problem: what is searched.
        at: where it begins.
        rng: decides the order of the knobs.
        slope: a gradient (D,) there, or an estimate, to try the most promising moves first.
        step: the first one, as a fraction of each range.

    Raises:
        Spent: the budget is used up.
    """
    while True:
        at = poll(problem, at, rng, slope, step)
        flipped = try_flips(problem, at)
        if flipped is None:
            return
        at, slope, step = flipped, None, step / 2


def poll(
    problem: Problem, at: Evaluation, rng: np.random.Generator, slope: NDArray[np.float64] | None, step: float
) -> Evaluation:
    """The continuous part of `refine`: the best setting reached.

    Raises:
        Spent: the budget is used up.
    """
    size = at.setting.point.size
    order = rng.permutation(size)
    signs = rng.choice([-1.0, 1.0], size)
    if slope is not None:
        order, signs = np.argsort(-np.abs(slope), kind="stable"), np.where(slope >= 0, 1.0, -1.0)
    while size and step >= LAST_STEP:
        improved: list[int] = []
        before = at.setting.point.copy()
        for axis in order:
            for sign in (signs[axis], -signs[axis]):
                tried = _moved(problem, at, axis, sign * step)
                if tried is not None and tried.value > at.value:
                    at, signs[axis] = tried, sign
                    improved.append(int(axis))
                    break
        if len(improved) > 1:  # once more along all that helped
            point = (2 * at.setting.point - before).clip(0, 1)
            if not np.array_equal(point, at.setting.point):
                tried = problem.evaluate(Setting(at.setting.choice, point))
                at = tried if tried.value > at.value else at
        if not improved:
            step /= 2
        rest = [axis for axis in rng.permutation(size) if int(axis) not in improved]
        order = np.array([*improved, *rest])
    return at


def _moved(problem: Problem, at: Evaluation, axis: int, by: float) -> Evaluation | None:
    """The setting with one knob moved; None where it is at its limit already."""
    point = at.setting.point.copy()
    point[axis] = np.clip(point[axis] + by, 0, 1)
    if point[axis] == at.setting.point[axis]:
        return None
    return problem.evaluate(Setting(at.setting.choice, point))
