"""What the tables say, kind by kind: coverage on average and by cell, and the gate's false PASS."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.coverage.averages import gated
from benchmarks.coverage.case import Case
from benchmarks.page import grid
from benchmarks.search.store import Entry, Store

AROUND = (0.94, 0.96)
ALPHA = 0.025
NOISE = 3.0
"""Standard errors by which a simulation may miss."""
RANGES = ((50, 100), (200, 500), (1000, 5000))
CLUSTER_RANGES = ((10, 20), (50, 100), (200, 500))
EXACT = {
    ("single", "all"): "rate",
    ("single", "enough"): "rate, 5 hits and misses or more",
    ("paired", "all"): "drop of a rate",
    ("paired", "enough"): "drop of a rate, 5 changes or more",
}
HEADS = ("", "n", "cells", "mean", "from - to", "mean in 95 ± 1", "all cells", "false PASS", "at most", "2.5 kept")


@dataclass(frozen=True)
class Claim:
    """One kind of figure over a range of numbers of samples (clusters)."""

    title: str
    counts: tuple[int, int]
    cells: int
    mean: float
    lowest: float
    highest: float
    within: bool
    """Every cell; of simulations but for their noise."""
    passed: tuple[float, float] | None
    """False PASS with the margin at the truth, on average and at most; None: no gate takes such a margin."""
    kept: bool
    """Whether no more than alpha pass falsely; of simulations but for their noise."""

    def row(self) -> list[str]:
        low, high = AROUND
        share = ["–", "–", "–"]
        if self.passed is not None:
            share = [f"{100 * self.passed[0]:.1f}", f"{100 * self.passed[1]:.1f}", _yes(self.kept)]
        return [
            self.title,
            f"{self.counts[0]} to {self.counts[1]}",
            str(self.cells),
            f"{100 * self.mean:.1f}",
            f"{100 * self.lowest:.1f} - {100 * self.highest:.1f}",
            _yes(low <= self.mean <= high),
            _yes(self.within),
            *share,
        ]


def claims(store: Store, simulated: Mapping[str, Sequence[Case]]) -> str:
    """The table."""
    found = [*_rates(store), *_simulated(store, simulated)]
    return grid(HEADS, [claim.row() for claim in found])


def _rates(store: Store) -> Iterable[Claim]:
    for (kind, which), title in EXACT.items():
        entries = store.of(f"averages/{kind}")
        for low, high in RANGES:
            chosen = [entry for entry in entries if low <= entry["count"] <= high]
            if not chosen:
                continue
            parts = [entry[which] for entry in chosen]
            lowest, highest = min(part["lowest"] for part in parts), max(part["highest"] for part in parts)
            passed = sum(part["passed"] for part in parts) / len(parts), max(part["most_passed"] for part in parts)
            yield Claim(
                title,
                (low, high),
                sum(part["cells"] for part in parts),
                sum(part["mean"] for part in parts) / len(parts),
                lowest,
                highest,
                AROUND[0] <= lowest and highest <= AROUND[1],
                passed,
                passed[1] <= ALPHA,
            )


def _simulated(store: Store, simulated: Mapping[str, Sequence[Case]]) -> Iterable[Claim]:
    kinds: dict[tuple[str, str], list[Case]] = {}
    for part, cases in simulated.items():
        for case in cases:
            kinds.setdefault((part, case.kind), []).append(case)
    for (part, kind), cases in kinds.items():
        for low, high in CLUSTER_RANGES if cases[0].size > 1 else RANGES:
            cells = [
                (case, entry)
                for case in cases
                for count in case.counts
                if low <= count <= high and (entry := store.find(f"{part}/{case.key}/{count}")) is not None
            ]
            if cells:
                yield _claim(kind, (low, high), cells)


def _claim(title: str, counts: tuple[int, int], cells: Sequence[tuple[Case, Entry]]) -> Claim:
    held = [1 - entry["below"] - entry["above"] for _, entry in cells]
    passed = [false_pass(case, entry) for case, entry in cells]
    known = [share for share in passed if share is not None]
    return Claim(
        title,
        counts,
        len(cells),
        sum(held) / len(held),
        min(held),
        max(held),
        all(
            AROUND[0] - noise(AROUND[0], entry) <= share <= AROUND[1] + noise(AROUND[1], entry)
            for share, (_, entry) in zip(held, cells, strict=True)
        ),
        (sum(known) / len(known), max(known)) if known else None,
        all(
            share is None or share <= ALPHA + noise(ALPHA, entry)
            for share, (_, entry) in zip(passed, cells, strict=True)
        ),
    )


def false_pass(case: Case, entry: Entry) -> float | None:
    """How often the gate gives PASS with the margin at the truth; None: no gate takes such a margin."""
    if case.margin is None:
        return None
    if case.margin == "fraction" and not gated(entry["count"] * case.size, entry["truth"]):
        return 0.0
    return float(entry["below"])


def noise(share: float, entry: Entry) -> float:
    """By how much a simulated ``share`` may be off."""
    return NOISE * math.sqrt(share * (1 - share) / entry["simulations"])


def _yes(so: bool) -> str:
    return "yes" if so else "no"
