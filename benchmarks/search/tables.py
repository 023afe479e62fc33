"""What the measurements say: figures of each strategy, and the claims held against them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
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


@dataclass(frozen=True)
class Rise:
    """Held-out score over that at the next larger price (over the device as it is), of one network; fractions."""

    by: float
    paired_error: float
    """Standard error of ``by``, which is measured on the same samples: 0 where both are the same camera."""
    score_error: float
    """Standard error of the score itself."""


@dataclass(frozen=True)
class Step:
    """A group of knobs at one price, with each network of the ladder; fractions."""

    price: float
    scores: tuple[float, ...]
    """Held out."""
    ssims: tuple[float, ...]
    rises: tuple[Rise, ...]

    @property
    def mean(self) -> float:
        return mean(self.scores)


def figures(store: Store, about: Entry) -> dict[tuple[str, int], Figure]:
    """By strategy and budget, of the case as it now is: what was measured of another network is left aside."""
    grouped: dict[tuple[str, int], list[Entry]] = {}
    for cell in store.of(f"cell/{about['case']}/{about['digest']}"):
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
        found += _of_case(about["case"], figures(store, about))
    for grid, searches in planes(store):
        found += _of_plane(grid, searches)
    return found + _of_ladder(ladders(store))


def planes(store: Store) -> list[tuple[Entry, list[Entry]]]:
    """Each grid and what was searched in its place, of the cases as they now are."""
    found = []
    for about in store.of("case"):
        searches = store.of(f"truth/{about['digest']}")
        for grid in store.of(f"grid/{about['digest']}"):
            found.append((grid, [entry for entry in searches if entry["plane"] == grid["plane"]]))
    return found


def ladders(store: Store) -> dict[str, list[Step]]:
    """The steps of each group of knobs, from the largest price on, over the networks as they now are."""
    grouped: dict[str, dict[float, list[Entry]]] = {}
    for start in store.of("ladder-start"):
        for entry in store.of(f"ladder/{start['digest']}"):
            for step in entry["steps"]:
                score = step["held_out"]["score"]
                error = sqrt(score * (1 - score) / start["held_out_samples"])
                rise = Rise(step["rise"], step["rise_error"], error)
                grouped.setdefault(entry["group"], {}).setdefault(step["lambda"], []).append(step | {"rise": rise})
    return {
        group: [
            Step(
                price,
                tuple(step["held_out"]["score"] for step in some),
                tuple(step["ssim"] for step in some),
                tuple(step["rise"] for step in some),
            )
            for price, some in sorted(by.items(), reverse=True)
        ]
        for group, by in grouped.items()
    }


def _of_ladder(by: Mapping[str, Sequence[Step]]) -> list[Claim]:
    """The score falls as the price does: nowhere, in no network, does it rise by more than its standard error."""
    rises = [rise for group in by.values() for step in group for rise in step.rises]
    if not rises:
        return []
    clear = [rise for rise in rises if rise.by > rise.score_error]
    most = max(rise.by for rise in rises)
    measured = f"{len(clear)} of {len(rises)}, the largest by {100 * max(most, 0):.1f} points"
    return [
        Claim("ladder: steps that rise by more than the standard error of an accuracy", "none", measured, not clear)
    ]


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


def _signed(points: float) -> str:
    return f"{round(points, 2) + 0.0:+.2f}"  # no minus before a zero


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
            measured = f"{_signed(behind)} points, {_signed(worst)} with the worst seed"
            found.append(Claim(text, "≤ 0.5 points", measured, worst <= 0.5))
    return found
