"""Ways to search: each is one function that asks a problem for values until its budget is spent."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from audit.search.problem import Problem
from audit.search.strategies import (
    adam,
    catcma,
    cma,
    coordinate,
    default,
    finite_difference,
    grid,
    pattern,
    pgd,
    random,
)

Strategy = Callable[[Problem, int], None]
"""(problem, seed): asks until `audit.search.problem.Spent` is raised, or returns when it has nothing more to try."""

STRATEGIES: Mapping[str, Strategy] = {
    "default": default.search,
    "pgd": pgd.search,
    "adam": adam.search,
    "finite_difference": finite_difference.search,
    "pattern": pattern.search,
    "coordinate": coordinate.search,
    "cma": cma.search,
    "catcma": catcma.search,
    "random": random.search,
    "grid": grid.search,
}

__all__ = ["STRATEGIES", "Strategy"]
