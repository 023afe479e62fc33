"""CatCMA on knobs and choices together, through the package cmaes; no gradient.

Hamano et al., "CatCMA: Stochastic Optimization for Mixed-Category Problems", GECCO 2024.
"""

from __future__ import annotations

import numpy as np
from cmaes import CatCMA
from numpy.typing import NDArray

from audit.search.mixed import Choice, MixedSpace, Setting
from audit.search.problem import Problem
from audit.search.strategies import cma


def search(problem: Problem, seed: int) -> None:
    """From the device as it is; without choices it is the strategy ``cma``."""
    space = problem.space
    if not space.slots:
        cma.search(problem, seed)
        return
    problem.evaluate(problem.start)
    axes = _axes(space, problem.start)
    # It needs two dimensions; what is carried along, nothing looks at.
    mean = [*axes.values()] + [0.5] * max(0, 2 - len(axes))
    strategy = CatCMA(
        mean=np.array(mean),
        sigma=cma.SIGMA,
        cat_num=np.array([len(slot.options) for slot in space.slots]),
        bounds=np.tile([0.0, 1.0], (len(mean), 1)),
        seed=seed,
    )
    while True:
        generation = []
        for _ in range(strategy.population_size):
            place, one_hot = strategy.ask()
            options = one_hot[:, : max(len(slot.options) for slot in space.slots)].argmax(axis=1)
            value = _value(problem, tuple(int(option) for option in options), dict(zip(axes, place, strict=False)))
            generation.append(((place, one_hot), -value if np.isfinite(value) else cma.WORST))
        strategy.tell(generation)


def _axes(space: MixedSpace, start: Setting) -> dict[str, float]:
    """Every axis that some choice has, with where the search begins on it."""
    axes = {name: float(value) for name, value in zip(space.space(start.choice).axes, start.point, strict=True)}
    for choice in [start.choice, *space.flips(start.choice)]:
        there = space.space(choice)
        for name, value in zip(there.axes, there.start(), strict=True):
            axes.setdefault(name, float(value))
    return axes


def _value(problem: Problem, choice: Choice, place: dict[str, float]) -> float:
    if not problem.space.is_valid(choice):
        return -np.inf
    space = problem.space.space(choice)
    pairs = zip(space.axes, space.start(), strict=True)
    point: NDArray[np.float64] = np.array([place.get(name, value) for name, value in pairs]).clip(0, 1)
    return problem.value(Setting(choice, point))
