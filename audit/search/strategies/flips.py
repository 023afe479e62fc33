"""Trying other stages and orders in place of those of a setting."""

from __future__ import annotations

from audit.search.evaluation import Evaluation
from audit.search.problem import Problem


def try_flips(problem: Problem, at: Evaluation) -> Evaluation | None:
    """Change each slot by itself, then the improving ones together; the best, or None where nothing is better.

    Raises:
        Spent: the budget is used up.
    """
    space, here = problem.space, at.setting
    better: dict[int, Evaluation] = {}
    for choice in space.flips(here.choice):
        slot = next(i for i, (a, b) in enumerate(zip(choice, here.choice, strict=True)) if a != b)
        tried = problem.evaluate(space.carry(here, choice))
        if tried.value > max(at.value, better[slot].value if slot in better else at.value):
            better[slot] = tried
    if len(better) > 1:
        every = list(here.choice)
        for slot, tried in better.items():
            every[slot] = tried.setting.choice[slot]
        if space.is_valid(tuple(every)):
            together = problem.evaluate(space.carry(here, tuple(every)))
            return max([*better.values(), together], key=lambda done: done.value)
    return max(better.values(), key=lambda done: done.value) if better else None
