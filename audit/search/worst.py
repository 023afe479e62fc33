"""The worst case: one, several distinct ones, one for each group of knobs or each sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from audit.search.evaluation import Evaluation
from audit.search.fidelity import Bound, Measure
from audit.search.groups import ALL, GROUPS
from audit.search.mixed import MixedSpace, Setting
from audit.search.problem import Problem
from audit.search.strategies import STRATEGIES
from camsim import Profile
from camsim.errors import CamsimError, did_you_mean

APART = 0.25
"""Least distance of distinct worst cases: root mean square over knobs (in their ranges) and stages, see
`MixedSpace.distance`."""


@dataclass(frozen=True)
class Found:
    """A worst case as the search saw it. It was chosen for being bad on few samples: certify it before reporting it."""

    base: Profile
    profile: Profile
    """Named ``worst/BASE``; further cases ``worst/BASE/2`` ..., those of a group ``worst/BASE/GROUP``."""
    space: MixedSpace
    evaluation: Evaluation
    """Of the case."""
    start: Evaluation
    """Of the device as it is."""
    spent: float
    """Budget used for it, in forward passes over the samples."""
    strategy: str
    measure: Measure
    """What ``fidelity`` is."""
    fidelity: float
    """Mean over the samples against the reference's pictures."""

    @property
    def setting(self) -> Setting:
        return self.evaluation.setting

    @property
    def value(self) -> float:
        """The loss, less what the constraint takes off."""
        return self.evaluation.value

    @property
    def changed(self) -> float:
        """Samples lost: their number less the sum of their scores."""
        return self.evaluation.changed


def search_worst(
    problem: Problem, strategy: str = "default", seed: int = 0, count: int = 1, apart: float = APART
) -> list[Found]:
    """Maximise a problem's value.

    Args:
        problem: what is searched; its budget is for all cases together.
        strategy: a name of `audit.search.strategies.STRATEGIES`.
        seed: same seed and problem, same result, also where the search was interrupted and goes on from its ledger.
        count: distinct cases to look for, one after the other: each keeps ``apart`` from those before it.
        apart: least distance of two cases, in (0, 1]; see `MixedSpace.distance`.

    Returns:
        The cases, worst first; fewer than ``count`` where nothing is left so far from the others.

    Raises:
        CamsimError: an unknown strategy, one that needs gradients where there are none, a bound that not even the
            device as it is meets, or a model that fails.
    """
    if strategy not in STRATEGIES:
        raise CamsimError(
            f"unknown strategy {strategy!r}{did_you_mean(strategy, STRATEGIES)} (strategies: {', '.join(STRATEGIES)})"
        )
    if count < 1 or not 0 < apart <= 1:
        raise CamsimError(f"count must be at least 1 and apart in (0, 1], got {count} and {apart:g}")
    start = problem.evaluate(problem.space.start())
    _check_start(problem, start)
    found: list[Found] = []
    for number in range(count):
        begin = problem.spent
        share = problem.budget * (number + 1) / count
        with problem.away_from([case.setting for case in found], apart):
            with problem.up_to(share):
                STRATEGIES[strategy](problem, seed + number)
            if not any(done.feasible for done in problem.trace):
                problem.note(f"{number} distinct worst cases of {problem.base.name} were found, {count} were asked for")
                break
            name = f"worst/{problem.base.name}" + (f"/{number + 1}" if number else "")
            found.append(_found(problem, problem.best, start, problem.spent - begin, strategy, name))
    return sorted(found, key=lambda case: -case.value)


def search_groups(
    problem: Problem, groups: Sequence[str] | None = None, strategy: str = "default", seed: int = 0
) -> dict[str, Found]:
    """The worst case of each group of knobs, each with the problem's whole budget.

    Args:
        problem: what is searched; its own group does not matter, and nothing is asked of it.
        groups: names of `audit.search.groups`; None: ``all`` and every group in which something can move.
        strategy: see `search_worst`.
        seed: likewise.

    Raises:
        CamsimError: a named group in which nothing can move; and see `search_worst`.
    """
    chosen = movable_groups(problem.base) if groups is None else groups
    result = {}
    for group in chosen:
        (case,) = search_worst(problem.derive(group=group), strategy, seed)
        result[group] = case if group == ALL else _renamed(case, f"{case.profile.name}/{group}")
    return result


def search_each(problem: Problem, strategy: str = "default", seed: int = 0) -> dict[str, Found]:
    """The worst case of each sample by itself, each with the problem's whole budget, in pictures of that sample.

    A device has one setting for all pictures: this says what a sample could suffer, not what a device would do.
    """
    result = {}
    for number, sample in enumerate(problem.scenes.ids, start=1):
        (case,) = search_worst(problem.derive(sample=sample), strategy, seed)
        result[sample] = _renamed(case, f"{case.profile.name}/sample-{number}")
    return result


def movable_groups(base: Profile) -> tuple[str, ...]:
    """``all``, and the groups of a profile in which something can move."""
    groups = [ALL]
    for group in GROUPS:
        try:
            MixedSpace(base, group)
        except CamsimError:
            continue
        groups.append(group)
    return tuple(groups)


def _check_start(problem: Problem, start: Evaluation) -> None:
    constraint = problem.constraint
    if isinstance(constraint, Bound) and start.fidelity is not None and not start.feasible:
        side = "at least" if constraint.measure in ("ssim", "psnr") else "at most"
        raise CamsimError(
            f"{problem.base.name}: as it is, it has a {constraint.measure} of {start.fidelity:.4g} to "
            f"{problem.reference.name}, which breaks the bound of {side} {constraint.limit:g}: loosen the bound, "
            "or measure from the device itself"
        )


def _found(problem: Problem, best: Evaluation, start: Evaluation, spent: float, strategy: str, name: str) -> Found:
    measure: Measure = "ssim" if problem.constraint is None else problem.constraint.measure
    fidelity = best.fidelity
    if fidelity is None:
        fidelity = problem.oracle.fidelity(best.setting, measure)
    profile = problem.space.at(best.setting, name)
    return Found(problem.base, profile, problem.space, best, start, spent, strategy, measure, fidelity)


def _renamed(case: Found, name: str) -> Found:
    profile = case.profile.model_copy(update={"name": name})
    return replace(case, profile=profile)
