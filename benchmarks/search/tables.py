"""What the measurements say: figures of each strategy, and the claims held against them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

from benchmarks.search.store import Entry, Store

DEFAULT, BLIND = "default", "default, no gradient"


@dataclass(frozen=True)
class Figure:
    """Held-out scores of the cases that one strategy found with one budget, a seed each; fractions."""

    contender: str
    budget: int
    scores: tuple[float, ...]
    searched: tuple[float, ...]
    """The same cases on the samples that were searched: flattering, and only shown to say so."""

    @property
    def mean(self) -> float:
        return mean(self.scores)


@dataclass(frozen=True)
class Claim:
    """A target of the project beside what was measured, in points."""

    text: str
    target: str
    measured: str
    met: bool


def figures(store: Store, case: str) -> dict[tuple[str, int], Figure]:
    """By strategy and budget."""
    grouped: dict[tuple[str, int], list[Entry]] = {}
    for cell in store.of(f"cell/{case}"):
        grouped.setdefault((cell["contender"], cell["budget"]), []).append(cell)
    return {
        (name, budget): Figure(
            name,
            budget,
            tuple(cell["held_out"]["score"] for cell in some),
            tuple(cell["searched"]["score"] for cell in some),
        )
        for (name, budget), some in grouped.items()
    }


def claims(store: Store) -> list[Claim]:
    """Of every case, and of the grids."""
    found = []
    for about in store.of("case"):
        found += _of_case(about["case"], figures(store, about["case"]))
    for grid in store.of("grid"):
        found += _of_plane(grid, [entry for entry in store.of("truth") if entry["plane"] == grid["plane"]])
    return found


def _of_case(case: str, by: dict[tuple[str, int], Figure]) -> list[Claim]:
    long = [figure for (_, budget), figure in by.items() if budget == 1000]
    if not long:
        return []
    best = min(long, key=lambda figure: figure.mean)
    found = []
    for name, budget, margin in ((DEFAULT, 50, 2), (BLIND, 200, 3)):
        if (name, budget) in by:
            mine = by[name, budget].mean
            behind = 100 * (mine - best.mean)
            text = (
                f"{case}: {name} at {budget} ({100 * mine:.1f}) over the best at 1000 "
                f"({best.contender}, {100 * best.mean:.1f})"
            )
            found.append(Claim(text, f"≤ {margin} points", f"{behind:+.1f} points", behind <= margin))
    return found


def _of_plane(grid: Entry, searches: Sequence[Entry]) -> list[Claim]:
    found = []
    for gradient in (True, False):
        losses = [entry["loss"] for entry in searches if entry["gradient"] is gradient]
        if losses:
            behind = 100 * (grid["loss"] - mean(losses))
            worst = 100 * (grid["loss"] - min(losses))
            text = (
                f"{grid['plane']}: grid of {grid['evaluations']} over the default "
                f"{'with' if gradient else 'without'} gradients at {searches[0]['budget']:g}"
            )
            measured = f"{behind:+.2f} points, {worst:+.2f} with the worst seed"
            found.append(Claim(text, "≤ 0.5 points", measured, worst <= 0.5))
    return found
