"""What the strategies with gradients share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from audit.search.mixed import Setting
from audit.search.problem import Problem
from audit.search.strategies.flips import try_flips
from audit.search.strategies.sampling import uniform
from camsim.errors import CamsimError

SIGN_STEPS = (0.4, 0.3, 0.2)
"""As fractions of each range."""

_WALL = 1e3
"""Stands for the value of what is no valid profile, which a line search cannot take as infinite."""


def require_gradient(problem: Problem, strategy: str) -> None:
    """Refuse a problem that has no gradients.

    Raises:
        CamsimError: why there are none, and what to take instead.
    """
    if problem.no_gradient is not None:
        raise CamsimError(
            f"the strategy {strategy!r} needs gradients, and there are none: {problem.no_gradient}; take 'default', "
            "which does without where it must, or 'finite_difference', 'pattern' or 'cma'"
        )


def with_restarts(problem: Problem, seed: int, strategy: str, ascend: Callable[[Problem, Setting], None]) -> None:
    """From the device as it is, then from its best change of a stage while that helps, then from random settings.

    Raises:
        CamsimError: see `require_gradient`.
        Spent: the budget is used up.
    """
    require_gradient(problem, strategy)
    ascend(problem, problem.start)
    while (flipped := try_flips(problem, problem.top)) is not None:
        ascend(problem, flipped.setting)
    for setting in uniform(problem.space, np.random.default_rng(seed)):
        ascend(problem, setting)


def step_along_signs(
    problem: Problem, start: Setting, steps: Sequence[float] = SIGN_STEPS
) -> tuple[float, Setting, float]:
    """Steps along the gradient's signs; the best value, its setting, and the steepest slope of the best on the way.

    Where many knobs each do a little, they lead to the right corner at once. ``steps`` are fractions of each range,
    with a gradient before each of them.

    Raises:
        Spent: the budget is used up.
        GradientError: see `Problem.value_and_gradient`.
    """
    best, setting, steepest = -np.inf, start, 0.0
    for step in steps:
        value, slope = problem.value_and_gradient(setting)
        if value > best:
            best, start, steepest = value, setting, float(np.abs(slope).max(initial=0))
        setting = Setting(start.choice, (setting.point + step * np.sign(slope)).clip(0, 1))
    if problem.value(setting) > best:
        best, start = problem.value(setting), setting
    return best, start, steepest


def climb(problem: Problem, start: Setting, evaluations: int, *, promising: float = -np.inf) -> None:
    """Steps along the gradient's signs, then L-BFGS-B, within the setting's choice.

    Where many knobs each do a little, the signs lead to the right corner at once, and L-BFGS-B by itself to a worse
    one. Byrd, Lu, Nocedal, Zhu, SIAM J. Sci. Comput. 16 (1995) 1190-1208.

    Args:
        problem: what is searched.
        start: where it begins.
        evaluations: of value and gradient by L-BFGS-B, at most.
        promising: the value that the first steps must reach for it to go on.

    Raises:
        Spent: the budget is used up.
        GradientError: see `Problem.value_and_gradient`.
    """
    if start.point.size == 0 or evaluations < 1:
        return
    best, start, steepest = step_along_signs(problem, start)
    if steepest == 0 or best < promising:
        return

    def descend(point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        value, gradient = problem.value_and_gradient(Setting(start.choice, point.clip(0, 1)))
        if not np.isfinite(value):
            return _WALL, np.zeros_like(point)
        # In units in which the first step leads across half of the steepest range.
        return -value / (2 * steepest), -gradient / (2 * steepest)

    options = {"maxfun": evaluations, "maxiter": evaluations, "maxls": 6, "ftol": 1e-5, "gtol": 1e-4}
    minimize(descend, start.point, jac=True, method="L-BFGS-B", bounds=[(0, 1)] * start.point.size, options=options)
