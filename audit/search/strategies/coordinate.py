"""Coordinate search: each knob in turn to the best of a few places in its range, ever finer; no gradient."""

from __future__ import annotations

import numpy as np

from audit.search.evaluation import Evaluation
from audit.search.mixed import Setting
from audit.search.problem import Problem
from audit.search.strategies.flips import try_flips
from audit.search.strategies.sampling import uniform

FINEST = 1 / 64


def search(problem: Problem, seed: int) -> None:
    """From the device as it is, stages too; then from random settings."""
    rng = np.random.default_rng(seed)
    _improve(problem, problem.evaluate(problem.start), rng)
    for setting in uniform(problem.space, rng):
        _improve(problem, problem.evaluate(setting), rng)


def _improve(problem: Problem, at: Evaluation, rng: np.random.Generator) -> None:
    step = 0.0  # first both ends of each range
    while step == 0 or step >= FINEST:
        before = at.value
        for axis in rng.permutation(at.setting.point.size):
            here = at.setting.point[axis]
            places = {0.0, 1.0} if step == 0 else {max(here - step, 0.0), min(here + step, 1.0)}
            for place in sorted(places - {here}):
                point = at.setting.point.copy()
                point[axis] = place
                tried = problem.evaluate(Setting(at.setting.choice, point))
                at = max(at, tried, key=lambda done: done.value)
        at = try_flips(problem, at) or at
        if step == 0 or at.value <= before:
            step = 0.25 if step == 0 else step / 2
