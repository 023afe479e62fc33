"""Every strategy on a case, seed by seed, with three budgets; the cases found are judged on held-out samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from audit.search import STRATEGIES, Spent
from benchmarks.search.bench import Bench
from benchmarks.search.store import Entry, Store

BUDGETS = (50, 200, 1000)
"""In evaluations; a gradient counts as what it was measured to cost."""
SEEDS = 5
GUIDED = ("pgd", "adam")
"""Strategies that ask for gradients and for nothing else."""
LEADERS = ("default", "pgd", "adam", "coordinate", "finite_difference")


@dataclass(frozen=True)
class Contender:
    """A strategy as it takes part."""

    strategy: str
    gradient: bool = False
    """Whether the task shows its gradient."""

    @property
    def name(self) -> str:
        return "default, no gradient" if self.strategy == "default" and not self.gradient else self.strategy


def contenders() -> list[Contender]:
    """Every strategy, and the default once more without gradients."""
    return [Contender("default", gradient=True)] + [Contender(name, name in GUIDED) for name in STRATEGIES]


def leaders() -> list[Contender]:
    """The default and those that came near it: they are run first, with all their seeds."""
    return [contender for contender in contenders() if contender.strategy in LEADERS]


def others() -> list[Contender]:
    """The rest."""
    return [contender for contender in contenders() if contender.strategy not in LEADERS]


def describe_case(bench: Bench, store: Store) -> Entry:
    """What the case is, and what its device does as it is; the page shows what was measured of exactly this."""
    key = f"case/{bench.case.name}"
    known = store.find(key)
    if known is not None and known.get("digest") == bench.case.digest:
        return known
    space = bench.problem(1).space
    return store.put(
        key,
        {
            "case": bench.case.name,
            "digest": bench.case.digest,
            "model": bench.case.sha256,
            "title": bench.case.title,
            "score": bench.case.score,
            "device": bench.case.profile.name,
            "knobs": space.space(space.start().choice).size,
            "combinations": sum(1 for _ in space.choices()),
            "search_samples": len(bench.case.search),
            "held_out_samples": len(bench.case.held_out),
            "gradient_by": bench.case.gradient_by,
            "start": asdict(bench.held_out(bench.case.profile)),
        },
    )


def gradient_cost(bench: Bench, store: Store) -> float:
    """How many evaluations a value with its gradient costs on this case: measured once, and kept."""
    key = f"cost/{bench.case.name}/{bench.case.digest}"
    known = store.find(key)
    if known is None:
        plain, both = bench.costs()
        figures = {"evaluation_ms": 1e3 * plain, "with_gradient_ms": 1e3 * both, "ratio": round(both / plain, 1)}
        known = store.put(key, {"case": bench.case.name} | figures)
    return max(1.0, float(known["ratio"]))


def run_contender(bench: Bench, store: Store, contender: Contender, seed: int, budget: int) -> Entry:
    """One search, unless it is known."""
    key = f"cell/{bench.case.name}/{bench.case.digest}/{contender.name}/{seed}/{budget}"
    known = store.find(key)
    return known if known is not None else store.put(key, _search(bench, store, contender, seed, budget))


def _search(bench: Bench, store: Store, contender: Contender, seed: int, budget: int) -> dict[str, Any]:
    cost = gradient_cost(bench, store) if contender.gradient else 1.0
    problem = bench.problem(budget, cost, gradient=contender.gradient)
    with suppress(Spent):
        STRATEGIES[contender.strategy](problem, seed)
    best = problem.best
    held = bench.held_out(problem.space.at(best.setting))
    return {
        "case": bench.case.name,
        "contender": contender.name,
        "seed": seed,
        "budget": budget,
        "spent": problem.spent,
        "searched": {"score": best.score, "loss": best.loss},
        "held_out": asdict(held),
        "choice": list(best.setting.choice),
        "found_at": best.spent,
        "notes": problem.notes,
    }


def cells(some: Sequence[Contender], quick: bool) -> Iterator[tuple[int, Contender, int]]:
    """(seed, contender, budget) in the order they are run: a run that is cut off has compared all on some seeds."""
    for seed in range(2 if quick else SEEDS):
        for contender in some:
            for budget in BUDGETS[: 1 if quick else None]:
                yield seed, contender, budget
