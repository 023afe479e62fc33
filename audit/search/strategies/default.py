"""The default: gradients as far as there are any, other stages, and the true pipeline without gradients at the end.

With gradients: L-BFGS-B from the device as it is; every single change of a stage or an order, polished, until none
helps; L-BFGS-B from random settings; the last 30 % of the budget is pattern search around the best. Without: a step
along the signs of finite differences, stages, then pattern search.
"""

from __future__ import annotations

import numpy as np

from audit.search.evaluation import Evaluation, GradientError
from audit.search.mixed import Setting
from audit.search.problem import Problem
from audit.search.strategies.finite_difference import estimate, sign_step
from audit.search.strategies.flips import try_flips
from audit.search.strategies.gradient import climb
from audit.search.strategies.pattern import FIRST_STEP, refine
from audit.search.strategies.sampling import random_choice, spread, uniform

GRADIENT_SHARE = 0.7
"""Of the budget, for everything with gradients."""
_FIRST_CLIMB, _POLISH, _RESTART = 8, 6, 8
"""Evaluations of L-BFGS-B from the start, after another stage, and from a random setting."""
_PROMISING = 0.03
"""How far below the best a random setting may be after its first steps to be followed any further."""


def search(problem: Problem, seed: int) -> None:
    """Search with gradients where there are any; what stands in the way is noted in the problem."""
    rng = np.random.default_rng(seed)
    reason = problem.no_gradient
    if reason is None:
        try:
            _with_gradient(problem, rng)
        except GradientError as error:
            reason = str(error).split(";")[0]
    if reason is not None:
        problem.note(f"searched without gradients, by finite differences and pattern search: {reason}")
        _without_gradient(problem, rng)
    for setting in uniform(problem.space, rng):
        refine(problem, problem.evaluate(setting), rng)


def _with_gradient(problem: Problem, rng: np.random.Generator) -> None:
    space, begin, budget = problem.space, problem.spent, problem.left
    share = GRADIENT_SHARE * budget
    with problem.up_to(begin + share):
        # Where stages may change, half is kept for them.
        with problem.up_to(begin + share / (2 if space.slots else 1)):
            climb(problem, space.start(), _FIRST_CLIMB)
        _retract(problem)
        while (flipped := try_flips(problem, problem.top)) is not None:
            climb(problem, flipped.setting, _POLISH)
            _retract(problem)
        # Half of them under the best choice of stages, half under any.
        best = problem.top.setting.choice
        restarts = spread(space, best, rng)
        while True:
            climb(problem, next(restarts), _RESTART, promising=problem.top.value - _PROMISING)
            _retract(problem)
            if space.slots:
                other = next(spread(space, random_choice(space, rng), rng))
                climb(problem, other, _RESTART, promising=problem.top.value - _PROMISING)
                _retract(problem)
            elif not space.space(best).size:
                break
    top = _retract(problem)
    slope = None
    if problem.has_slope(top.setting):
        _, slope = problem.value_and_gradient(top.setting)
    refine(problem, top, rng, slope, step=FIRST_STEP / 2)


def _without_gradient(problem: Problem, rng: np.random.Generator) -> None:
    at = problem.evaluate(problem.space.start())
    slope, best = estimate(problem, at, rng, most=max(1, int(problem.left / 2)))
    if slope.any():
        best = sign_step(problem, at, slope, best)
    _retract(problem)
    best = max(best, problem.top, key=lambda done: done.value)
    same = best.setting.choice == at.setting.choice
    refine(problem, best, rng, slope if same and slope.any() else None, step=FIRST_STEP / 2)


def _retract(problem: Problem) -> Evaluation:
    """The best setting so far; where it breaks a bound, also what is left of it within."""
    top = problem.top
    if not top.feasible:
        back: Setting | None = problem.retract(top.setting)
        if back is not None:
            return problem.evaluate(back)
    return top
