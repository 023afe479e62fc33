"""Against exhaustive truth: on two and three knobs, the worst of a dense grid beside what the default finds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import product

import numpy as np

from audit.search import STRATEGIES, Problem, Setting, Spent
from benchmarks.search.bench import Bench
from benchmarks.search.case import searching
from benchmarks.search.store import Entry, Store
from benchmarks.search.strategies import SEEDS, gradient_cost
from camsim import Profile


@dataclass(frozen=True)
class Plane:
    """Some knobs of a case's device, each of one number, and how finely the grid divides their ranges."""

    case: str
    knobs: tuple[str, ...]
    points: int

    @property
    def name(self) -> str:
        return f"{self.case}, {len(self.knobs)} knobs"

    @property
    def key(self) -> str:
        """Of what was measured on it, beside the case's digest."""
        return f"{self.case}-{len(self.knobs)}"

    @property
    def evaluations(self) -> int:
        """Of the grid."""
        return int(self.points ** len(self.knobs))

    @property
    def budget(self) -> int:
        """Of the search: less than a tenth."""
        return (self.evaluations - 1) // 10


PLANES = (
    Plane("trees", ("sensor.exposure", "isp.sharpen.amount"), 41),
    Plane("vehicles", ("sensor.exposure", "isp.sharpen.amount"), 41),
    Plane("vehicles", ("sensor.exposure", "isp.sharpen.amount", "isp.denoise.sigma"), 15),
)


def run_plane(bench: Bench, store: Store, plane: Plane, quick: bool) -> Iterator[str]:
    """The grid, then the default with each seed, with and without gradients; a line on each as it is done."""
    points = 5 if quick else plane.points
    profile = searching(bench.case.profile, plane.knobs, f"{len(plane.knobs)}-knobs")
    key = f"grid/{bench.case.digest}/{plane.key}"
    grid = store.find(key) or store.put(key, _grid(bench, profile, plane, points))
    yield f"{plane.name}: grid of {grid['evaluations']}: worst loss {grid['loss']:.4f}"
    budget = 20 if quick else plane.budget
    for seed in range(1 if quick else SEEDS):
        for gradient in (True, False):
            key = f"truth/{bench.case.digest}/{plane.key}/{'gradient' if gradient else 'blind'}/{seed}"
            found = store.find(key)
            if found is None:
                cost = gradient_cost(bench, store) if gradient else 1.0
                problem = bench.problem(budget, cost, gradient=gradient, profile=profile)
                with suppress(Spent):
                    STRATEGIES["default"](problem, seed)
                found = store.put(key, _found(bench, problem, plane, profile) | {"gradient": gradient, "seed": seed})
            yield f"{plane.name}, seed {seed}: found {found['loss']:.4f} with {found['budget']:g}"


def _grid(bench: Bench, profile: Profile, plane: Plane, points: int) -> Entry:
    problem = bench.problem(points ** len(plane.knobs), profile=profile)
    choice = problem.space.start().choice
    for point in product(np.linspace(0, 1, points), repeat=len(plane.knobs)):
        problem.value(Setting(choice, np.array(point)))
    values = np.array([done.loss for done in problem.trace]).reshape((points,) * len(plane.knobs))
    about = _found(bench, problem, plane, profile) | {"evaluations": values.size}
    return about | ({"values": np.round(values, 5).tolist()} if len(plane.knobs) == 2 else {})


def _found(bench: Bench, problem: Problem, plane: Plane, profile: Profile) -> Entry:
    best = problem.best
    return {
        "plane": plane.name,
        "knobs": list(plane.knobs),
        "budget": problem.budget,
        "loss": best.loss,
        "score": best.score,
        "point": best.setting.point.tolist(),
        "found_at": best.spent,
        "held_out": asdict(bench.held_out(problem.space.at(best.setting))),
        "start": asdict(bench.held_out(profile)),
    }
