"""The default: gradients as far as there are any, other stages, and the true pipeline without gradients at the end.

With gradients: steps along their signs from the device as it is; other stages and orders, and steps along the signs
again, until none helps; L-BFGS-B from there and from random settings; the last 30 % of the budget is pattern search
around the best. Where the budget does not reach for that: one whole step along the signs, all other stages, then
pattern search. Without: a step along the signs of finite differences, other stages, then pattern search.
"""

from __future__ import annotations

import numpy as np

from audit.search.evaluation import Evaluation, GradientError
from audit.search.mixed import Setting
from audit.search.problem import Problem
from audit.search.strategies.finite_difference import estimate, sign_step
from audit.search.strategies.flips import try_flips
from audit.search.strategies.gradient import SIGN_STEPS, climb, step_along_signs
from audit.search.strategies.pattern import FIRST_STEP, refine
from audit.search.strategies.sampling import random_choice, spread, uniform

GRADIENT_SHARE = 0.7
"""Of the budget, for everything with gradients."""
_WHOLE_STEP = (sum(SIGN_STEPS),)
"""What the steps come to, in one."""
_FIRST_CLIMB, _RESTART = 8, 8
"""Evaluations of L-BFGS-B from the best setting after the choice of stages, and from a random one."""
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
    choices = sum(1 for _ in space.choices())
    if share < 2 * (choices + len(SIGN_STEPS) * problem.gradient_cost):  # other stages, steps, and once more
        return _sparing(problem, rng)
    with problem.up_to(begin + share):
        # First what is cheaper, the choice of stages or the steps; the other way may lead to another summit.
        stages_first = choices < len(SIGN_STEPS) * problem.gradient_cost
        for first in (stages_first, not stages_first) if space.slots else (False,):
            _ascend(problem, stages_first=first)
            _retract(problem)
        climb(problem, problem.top.setting, _FIRST_CLIMB)
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
    _polish(problem, rng)


def _sparing(problem: Problem, rng: np.random.Generator) -> None:
    """For a budget that holds few gradients: to the corner at once, where other stages matter most."""
    with problem.up_to(problem.spent + GRADIENT_SHARE * problem.left):
        _, reached, _ = step_along_signs(problem, problem.start, _WHOLE_STEP)
        at = problem.evaluate(reached)
        others = [choice for choice in problem.space.choices() if choice != reached.choice]
        if len(others) > problem.left:
            at = try_flips(problem, at) or at
        else:
            tried = [problem.evaluate(problem.space.carry(reached, choice)) for choice in others]
            at = max([at, *tried], key=lambda done: done.value)
        step_along_signs(problem, at.setting, _WHOLE_STEP)
    _polish(problem, rng)


def _polish(problem: Problem, rng: np.random.Generator) -> None:
    """Pattern search around the best, along its gradient where that is known."""
    top = _retract(problem)
    slope = None
    if problem.has_slope(top.setting):
        _, slope = problem.value_and_gradient(top.setting)
    refine(problem, top, rng, slope, step=FIRST_STEP / 2)


def _ascend(problem: Problem, *, stages_first: bool) -> None:
    """From the device as it is, steps along the gradient's signs and changes of stages in turn, until none helps."""
    at: Evaluation | None = problem.evaluate(problem.start)
    if stages_first and at is not None:
        at = _change_stages(problem, at) or at
    while at is not None:
        _, reached, _ = step_along_signs(problem, at.setting)
        # Stages before the polish: under the wrong ones it is in vain.
        at = _change_stages(problem, problem.evaluate(reached))


def _change_stages(problem: Problem, at: Evaluation) -> Evaluation | None:
    """The best setting with other stages and the same knobs; None where it is no better.

    All choices of stages are tried where that takes less than 0.4 of what is left, else every single change.
    """
    choices = [choice for choice in problem.space.choices() if choice != at.setting.choice]
    if len(choices) > 0.4 * problem.left:
        return try_flips(problem, at)
    tried = [problem.evaluate(problem.space.carry(at.setting, choice)) for choice in choices]
    best = max(tried, key=lambda done: done.value, default=at)
    return best if best.value > at.value else None


def _without_gradient(problem: Problem, rng: np.random.Generator) -> None:
    at, slope = problem.evaluate(problem.start), np.zeros(0)
    with problem.up_to(problem.spent + problem.left / 2):
        while True:
            slope, best = estimate(problem, at, rng, most=max(1, int(problem.left / 2)))
            if slope.any():
                sign_step(problem, at, slope, best)
            _retract(problem)
            changed = _change_stages(problem, problem.top)
            if changed is None:
                break
            at, slope = changed, np.zeros(0)  # the next estimate may not fit into the budget
    top = _retract(problem)
    known = slope.any() and top.setting.choice == at.setting.choice
    refine(problem, top, rng, slope if known else None, step=FIRST_STEP / 2)


def _retract(problem: Problem) -> Evaluation:
    """The best setting so far; where it breaks a bound, also what is left of it within."""
    top = problem.top
    if not top.feasible:
        back: Setting | None = problem.retract(top.setting)
        if back is not None:
            return problem.evaluate(back)
    return top
