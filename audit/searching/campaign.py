"""The searches of a run: the worst case, the cross-check without gradients, the security curve, groups and ladder."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from audit.models.gradient import NoGradient
from audit.progress import Progress
from audit.search.certificate import Bench, ahead_of, masks_gradients
from audit.search.curve import axis, place, scaled, shares, tightened, worst_so_far
from audit.search.evaluation import Evaluation
from audit.search.fidelity import Measure, Weight
from audit.search.groups import ALL
from audit.search.ledger import Ledger
from audit.search.oracle import Constraint, value_under
from audit.search.problem import Problem
from audit.search.rungs import Rung, ladder
from audit.search.scenes import Scenes
from audit.search.worst import Found, movable_groups, search_groups, search_worst
from audit.searching.case import Case
from audit.searching.gradients import Gradient
from audit.searching.plan import LADDER, Plan
from audit.stats import Interval
from audit.task import Task
from camsim import Profile

LEFT_OUT = "left out, to check those that have them"


@dataclass(frozen=True)
class Run:
    """How one search went."""

    name: str
    """In words, with its gradients."""
    evaluations: float
    """Budget used, in forward passes over the search half."""
    best_so_far: tuple[tuple[float, float], ...]
    """(evaluations, value) at each improvement, and at the end."""
    case: Case


@dataclass(frozen=True)
class CrossCheck:
    """A search without gradients against one with them."""

    lead: Interval
    """Mean loss of its case above that of the other's, on held-out samples."""
    masked_gradients: bool


@dataclass(frozen=True)
class Point:
    """One point of the security curve."""

    at: float
    case: Case


class Campaign:
    """Searches around one device, and certifies what they find."""

    def __init__(
        self,
        device: Profile,
        task: Callable[[Gradient | None], Task],
        gradient: Gradient | None,
        gradient_cost: float,
        scenes: Scenes,
        bench: Bench,
        plan: Plan,
        *,
        seed: int,
        key: str,
        folder: Path | None,
        show: Progress,
    ) -> None:
        """Prepare; nothing is searched yet.

        Args:
            device: what is searched around.
            task: the search half's, with the gradient that it is given.
            gradient: of the model.
            gradient_cost: what one counts in forward passes.
            scenes: the search half.
            bench: on the held-out half.
            plan: what to search.
            seed: of noise and searches.
            key: of model and data, see `Problem`.
            folder: where evaluations are kept until the run is complete; None: in memory.
            show: told how far it has come.
        """
        self.device, self.plan, self.bench = device, plan, bench
        self._task, self._gradient, self._cost, self._scenes = task, gradient, gradient_cost, scenes
        self._seed, self._key, self._folder, self._show = seed, key, folder, show
        self.problem = self._problem(device, self._gradient, plan.budget, plan.constraint, "search")

    def worst(self) -> tuple[Run, list[Case]]:
        """The search of the plan, and its cases, worst first."""
        self._start("Search", self.plan.budget)
        found = search_worst(self.problem, self.plan.strategy, self._seed, self.plan.count)
        words = f"{self.plan.strategy}, {'with' if self.used_gradients else 'without'} gradients"
        cases = [self._case(one, words) for one in found]
        return Run(words, self.problem.spent, _best_so_far(self.problem), cases[0]), cases

    @property
    def used_gradients(self) -> bool:
        """Whether gradients led the search of the plan, once it has run."""
        return self.plan.wants_gradients and self.problem.used_gradients

    @property
    def why_no_gradients(self) -> str | None:
        """In one line; None where they were used."""
        if self.used_gradients:
            return None
        if not self.plan.wants_gradients:
            return f"the strategy {self.plan.strategy} does without"
        if self.problem.no_gradient is not None:
            return self.problem.no_gradient
        return "the model's gradient is NaN or infinite where the search began"

    def cross_check(self, worst: Run) -> tuple[Run, CrossCheck] | None:
        """The default strategy without gradients, with the same budget; None where there were none to check."""
        if not (self.plan.cross_check and self.used_gradients):
            return None
        budget = self.plan.budget / self.plan.count  # each of several cases had but a share
        self._start("Cross-check without gradients", budget)
        problem = self._problem(
            self.device, NoGradient(LEFT_OUT), budget, self.plan.constraint, self.problem.oracle.ledger
        )
        (found,) = search_worst(problem, "default", self._seed)
        words = "cross-check, without gradients"
        case = self._case(_renamed(found, "cross-check"), words)
        lead = ahead_of(*(self.bench.measured(one.profile, jpeg=self.plan.jpeg) for one in (case, worst.case)))
        run = Run(words, problem.spent, _best_so_far(problem), case)
        return run, CrossCheck(lead, masks_gradients(lead))

    def curve(self, worst: Case) -> list[Point]:
        """The worst case at several bounds, weights or shares of the ranges, tightest first.

        The last one is ``worst``, unless a milder one turns out to be worse.
        """
        if not self.plan.curve:
            return []
        steps = shares(self.plan.curve)
        found = []
        for share in steps[:-1]:
            self._start(f"Security curve, {share:.0%}", self.plan.budget / 2)
            found.append(self._at_share(share))
        found.append(worst.found)
        points = []
        for number, share in enumerate(steps):
            valued = [(_value(one.evaluation, self._constraint(share)), one) for one in found[: number + 1]]
            *_, case = worst_so_far(valued)
            points.append((place(self.plan.constraint, share), case))
        found_by = "search for the security curve"
        return [Point(at, worst if one is worst.found else self._case(one, found_by)) for at, one in points]

    def value(self, case: Case) -> float:
        """What a case is worth on the search half under the plan's constraint, whatever it was found under."""
        return _value(case.found.evaluation, self.plan.constraint)

    @property
    def curve_axis(self) -> str:
        """What the curve is drawn against, see `audit.search.curve.axis`."""
        return axis(self.plan.constraint)

    def groups(self, worst: Sequence[Case]) -> dict[str, Case]:
        """The worst case of every group of knobs in which something can move, by group.

        ``worst``: cases found before; where the search of all knobs comes out at one of them, it is that one.
        """
        if not self.plan.each_group:
            return {}
        names = movable_groups(self.device)
        self._start(f"Groups of knobs, {len(names)} searches", self.plan.budget * len(names))
        found = search_groups(self.problem, names, self.plan.strategy, self._seed)
        result = {}
        for group, one in found.items():
            same = next((case for case in worst if case.profile == one.profile), None)
            # With several cases to find, the search of all knobs had but a share of this one's budget.
            other = _renamed(one, group) if group == ALL else one
            result[group] = same or self._case(other, f"search of {group.replace('_', ' ')}")
        return result

    def ladder(self) -> list[tuple[Rung, Case]]:
        """The worst case of every group at every weight."""
        if not self.plan.ladder:
            return []
        names = movable_groups(self.device)
        count = len(names) * len(LADDER)
        self._start(f"Ladder, {count} searches", self.plan.budget * count)
        rungs = ladder(self.problem, LADDER, self.ladder_measure, names, self.plan.strategy, self._seed)
        return [(rung, self._case(rung.found, f"ladder, {rung.group}")) for rung in rungs]

    @property
    def ladder_measure(self) -> Measure:
        """What the weights of the ladder weigh."""
        constraint = self.plan.constraint
        return constraint.measure if isinstance(constraint, Weight) else "ssim"

    def _at_share(self, share: float) -> Found:
        budget = max(1.0, self.plan.budget / 2)
        if self.plan.constraint is None:
            base, ledger = scaled(self.device, share), f"search-{share:.3g}"
            problem = self._problem(base, self._gradient, budget, None, ledger)
        else:
            problem = self._problem(
                self.device, self._gradient, budget, self._constraint(share), self.problem.oracle.ledger
            )
        (found,) = search_worst(problem, self.plan.strategy, self._seed)
        return _renamed(found, f"at-{share:.3g}")

    def _constraint(self, share: float) -> Constraint | None:
        return None if self.plan.constraint is None else tightened(self.plan.constraint, share)

    def _problem(
        self,
        base: Profile,
        gradient: Gradient | None,
        budget: float,
        constraint: Constraint | None,
        ledger: Ledger | str,
    ) -> Problem:
        kept: Ledger | Path | None = None
        if isinstance(ledger, Ledger):
            kept = ledger
        elif self._folder is not None:
            kept = self._folder / f"{ledger}.ledger"
        return Problem(
            base,
            self._task(gradient),
            self._scenes,
            budget=budget,
            seed=self._seed,
            group=self.plan.group,
            constraint=constraint,
            gradient_cost=self._cost,
            ledger=kept,
            key=self._key,
            step=self._show.advance,
        )

    def _case(self, found: Found, found_by: str) -> Case:
        self._show.start(f"Certificate of {found.profile.name}", 3 * self.bench.cells)
        return Case(found, found_by, self.bench.certify(found.profile, self.device))

    def _start(self, what: str, budget: float) -> None:
        self._show.start(what, round(budget * len(self._scenes.samples)))


def problem_key(parts: Sequence[object]) -> str:
    """What besides profile and seed decides a search's evaluations, as text."""
    return json.dumps([str(part) for part in parts])


def _renamed(found: Found, tail: str) -> Found:
    name = f"worst/{found.base.name}/{tail}"
    return replace(found, profile=found.profile.model_copy(update={"name": name}))


def _value(done: Evaluation, constraint: Constraint | None) -> float:
    """What the evaluation is worth under a constraint; it was made under one of the same measure, or under none."""
    return value_under(constraint, done.loss, done.fidelity)


def _best_so_far(problem: Problem) -> tuple[tuple[float, float], ...]:
    points: list[tuple[float, float]] = []
    for done in problem.trace:
        if done.feasible and (not points or done.value > points[-1][1]):
            points.append((done.spent, done.value))
    if points and points[-1][0] < problem.spent:
        points.append((problem.spent, points[-1][1]))
    return tuple(points)
