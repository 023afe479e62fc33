"""Independent random settings; no gradient."""

from __future__ import annotations

import numpy as np

from audit.search.problem import Problem
from audit.search.strategies.sampling import uniform


def search(problem: Problem, seed: int) -> None:
    """The device as it is, then one random setting after the other."""
    problem.evaluate(problem.start)
    for setting in uniform(problem.space, np.random.default_rng(seed)):
        problem.evaluate(setting)
