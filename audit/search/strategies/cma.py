"""CMA-ES on the knobs of the device's own stages, through the package cmaes; no gradient.

Hansen, "The CMA Evolution Strategy: A Tutorial", arXiv:1604.00772.
"""

from __future__ import annotations

import numpy as np
from cmaes import CMA

from audit.search.mixed import Setting
from audit.search.problem import Problem

SIGMA = 0.25
"""First step size: a quarter of each plausible range."""
WORST = 1e9
"""Stands for minus infinity, which it cannot rank."""


def search(problem: Problem, seed: int) -> None:
    """From the device as it is; anew, with twice the population, when it has converged."""
    start = problem.start
    problem.evaluate(start)
    if start.point.size == 0:
        return
    # It needs two dimensions; with one knob a second one is carried along that nothing looks at.
    size = max(start.point.size, 2)
    mean = np.full(size, 0.5)
    mean[: start.point.size] = start.point
    population = None
    while True:
        strategy = CMA(
            mean=mean, sigma=SIGMA, bounds=np.tile([0.0, 1.0], (size, 1)), seed=seed, population_size=population
        )
        while not strategy.should_stop():
            generation = []
            for _ in range(strategy.population_size):
                asked = strategy.ask()
                value = problem.value(Setting(start.choice, asked[: start.point.size].clip(0, 1)))
                generation.append((asked, -value if np.isfinite(value) else WORST))
            strategy.tell(generation)
        population, seed = 2 * strategy.population_size, seed + 1
