"""CMA-ES, through the package cmaes: no gradient, a budget in evaluations."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from cmaes import CMA
from numpy.typing import NDArray

SIGMA = 0.25
"""First step size: a quarter of each plausible range."""


def maximise(
    evaluate: Callable[[NDArray[np.float64]], float], start: NDArray[np.float64], budget: int, seed: int
) -> NDArray[np.float64]:
    """The best point of the unit cube that was evaluated, the start among them.

    Args:
        evaluate: value at a point (D,) of the unit cube; -inf where there is none.
        start: first point evaluated, and the mean of the first generation.
        budget: number of evaluations, at least 1.
        seed: same seed and values, same points.
    """
    best, best_value = start, evaluate(start)
    # CMA-ES needs two dimensions; with one knob a second one is carried along that nothing looks at.
    size = max(start.size, 2)
    mean = np.full(size, 0.5)
    mean[: start.size] = start
    strategy = CMA(mean=mean, sigma=SIGMA, bounds=np.tile([0.0, 1.0], (size, 1)), seed=seed)
    generation: list[tuple[NDArray[np.float64], float]] = []
    for _ in range(budget - 1):
        asked = strategy.ask()
        point = asked[: start.size].clip(0, 1)
        value = evaluate(point)
        if value > best_value:
            best, best_value = point, value
        # It minimises and cannot rank infinities.
        generation.append((asked, -value if np.isfinite(value) else 1e9))
        if len(generation) == strategy.population_size:
            strategy.tell(generation)
            generation = []
    return best
