"""A regular grid over the knobs of every choice; no gradient."""

from __future__ import annotations

from itertools import product

import numpy as np

from audit.search.mixed import Setting
from audit.search.problem import Problem


def search(problem: Problem, seed: int) -> None:
    """As many levels a knob as the budget allows, both ends among them; in an order drawn at random."""
    problem.evaluate(problem.start)
    rng = np.random.default_rng(seed)
    choices = list(problem.space.choices())
    share = problem.left / len(choices)
    grids = []
    for choice in choices:
        size = problem.space.space(choice).size
        levels = max(2, int(np.floor(share ** (1 / size) + 1e-9))) if size else 1
        grids.append((choice, size, levels))
    # Numbered through, since a grid over many knobs is too large to be written out.
    ends = np.cumsum([float(levels) ** size for _, size, levels in grids])
    if ends[-1] <= 10 * problem.left:
        every = [
            Setting(choice, np.array(point))
            for choice, size, levels in grids
            for point in product(np.linspace(0, 1, levels), repeat=size)
        ]
        for index in rng.permutation(len(every)):
            problem.evaluate(every[index])
        return
    while True:
        choice, size, levels = grids[int(np.searchsorted(ends, rng.random() * ends[-1], side="right"))]
        problem.evaluate(Setting(choice, np.linspace(0, 1, levels)[rng.integers(levels, size=size)]))
