"""The ladder: the worst case of each group of knobs as the price of leaving the reference falls."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import torch

from audit.search.evaluation import Evaluation
from audit.search.fidelity import Measure, Weight, distance
from audit.search.groups import ALL
from audit.search.problem import Problem
from audit.search.worst import Found, movable_groups, search_worst
from camsim.errors import CamsimError


@dataclass(frozen=True)
class Rung:
    """One step of the ladder."""

    weight: float
    group: str
    found: Found


def ladder(
    problem: Problem,
    weights: Sequence[float],
    measure: Measure = "ssim",
    groups: Sequence[str] | None = None,
    strategy: str = "default",
    seed: int = 0,
) -> list[Rung]:
    """The worst case at each weight (lambda) of the distance to the reference, for each group of knobs.

    A large weight keeps the pictures close to the reference's, a small one lets them go: the score falls as the weight
    does. As in "From Lens to Logit", whose ladder this is.

    From the largest weight to the smallest, each rung is a search of its own that begins where the one before ended and
    knows what those before it measured. At the end every rung takes the best setting for its own weight of all that
    the rungs of its group tried (see `pick`); those of ``all``, of all that any group's tried.

    Args:
        problem: what is searched; its own constraint and group do not matter, and nothing is asked of it.
        weights: at least 0, at least one.
        measure: of the distance: ssim, l2 or delta_e.
        groups: see `search_groups`.
        strategy: see `search_worst`.
        seed: likewise.

    Returns:
        Group by group, from the largest weight to the smallest. On the samples of the search neither the score rises
        nor the distance falls from one rung of a group to the next.

    Raises:
        CamsimError: no weight, a group in which nothing can move, and see `search_worst`.
    """
    if not weights:
        raise CamsimError("a ladder needs at least one weight")
    names = tuple(movable_groups(problem.base) if groups is None else groups)
    searched: dict[str, list[tuple[Problem, Found]]] = {}
    pools: dict[str, list[Evaluation]] = {}
    for group in names:
        searched[group], pools[group] = [], []
        for weight in sorted(weights, reverse=True):
            rung = problem.derive(group=group, constraint=Weight(measure, weight))
            rung.recall(pools[group])
            (case,) = search_worst(rung, strategy, seed)
            searched[group].append((rung, case))
            pools[group] = rung.trace  # which begins with what it recalled
    rungs = []
    for group in names:
        pooled = (group, *(other for other in names if other != group)) if group == ALL else (group,)
        for place, weight in enumerate(sorted(weights, reverse=True)):
            picks = {name: pick(pools[name], weight, measure) for name in pooled}
            best = pick(picks.values(), weight, measure)
            origin = next(name for name, done in picks.items() if done is best)
            rung, case = searched[origin][place]
            name = f"worst/{problem.base.name}" + ("" if group == ALL else f"/{group}") + f"/lambda-{weight:g}"
            rungs.append(Rung(weight, group, _taken(rung, case, best, name.replace("+", ""))))
    return rungs


def _taken(rung: Problem, case: Found, best: Evaluation, name: str) -> Found:
    """A setting of the pool as the rung values it, in the place of what its own search ended with."""
    done = rung.revalue(best)
    assert done.fidelity is not None
    return replace(case, profile=rung.space.at(done.setting, name), evaluation=done, fidelity=done.fidelity)


def pick(pool: Iterable[Evaluation], weight: float, measure: Measure) -> Evaluation:
    """The setting of a pool with the highest error - weight * distance, where the error is 1 - score.

    Of equal ones that of the highest loss, then the first. The error and not the loss that the search raises: what a
    ladder shows is the score, and a loss may still rise where no more samples are lost, or some are won back.

    Over one pool, neither error nor distance falls as the weight does, whatever the pool holds: of two weights, adding
    what makes each pick the best for its own gives (weight - smaller) * (distance' - distance) >= 0, and the error of
    the second pick then makes up for its distance. Computed in fractions, so that rounding does not break it.

    Args:
        pool: evaluations with the same measure; those of no valid profile are passed over.
        weight: at least 0.
        measure: what their ``fidelity`` is.

    Raises:
        CamsimError: none of them is of a valid profile.
    """
    best: tuple[tuple[Fraction, float], Evaluation] | None = None
    for done in pool:
        if done.fidelity is None:
            continue
        away = float(distance(measure, torch.tensor(done.fidelity, dtype=torch.float64)))
        worth = (1 - Fraction(done.score) - Fraction(weight) * Fraction(away), done.loss)
        if best is None or worth > best[0]:
            best = worth, done
    if best is None:
        raise CamsimError("no setting of the ladder is a valid profile")
    return best[1]
