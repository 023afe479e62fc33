"""What each player has to do with the drop, with intervals: the statistics of a played game."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from audit.forensics.shapley import Values, interaction_indices, marginals, pair_effects, shapley_values
from audit.stats import Interval

CONFIDENCE = 0.95
RESAMPLES = 2000


@dataclass(frozen=True)
class Interaction:
    """Two players by their places, and how much more they do together than each alone."""

    first: int
    second: int
    value: Interval


@dataclass(frozen=True)
class Attribution:
    """A drop, taken apart. All intervals are percentile bootstraps over samples, at 95 %; the same resamples serve all,
    so that in each of them the values sum to the drop."""

    drop: Interval
    values: tuple[Interval, ...]
    """Shapley value of each player, in the unit of the score; they sum to the drop."""
    shares: tuple[Interval, ...] | None
    """The same as fractions of the drop; they sum to 1. None: see ``no_shares``."""
    no_shares: str | None
    alone: tuple[Interval, ...]
    """Drop of the first device with the player's part of the second."""
    healed: tuple[Interval, ...]
    """What the second device wins back with the player's part of the first."""
    interactions: tuple[Interaction, ...]
    """Every two players, the largest first."""
    exact: bool
    """All coalitions were evaluated; else values come from ``orders`` permutations, and interactions are those when
    nothing else differs."""
    orders: int
    sampling_error: tuple[float, ...] | None
    """Standard error of each value from sampling the orders; it is part of the intervals."""


def resample(count: int, seed: int, resamples: int = RESAMPLES) -> NDArray[np.float64]:
    """How much each of ``count`` items weighs in each bootstrap resample: (R, count), rows sum to 1."""
    rng = np.random.default_rng(seed)
    weights: NDArray[np.float64] = rng.multinomial(count, np.full(count, 1 / count), size=resamples) / count
    return weights


def attribute(game: Values, count: int, orders: NDArray[np.int64] | None, *, seed: int) -> Attribution:
    """Take the drop of a game apart.

    Args:
        game: value of each coalition on each sample, (N,), by mask; 0 for the empty one.
        count: players.
        orders: the permutations that were played, (2P, count); None: all coalitions were.
        seed: of the bootstrap.
    """
    full = (1 << count) - 1
    weights = resample(game[0].size, seed)
    drop = percentile(game[full].mean(), weights @ game[full])
    errors: tuple[float, ...] | None = None
    if orders is None:
        per_sample = shapley_values(game, count)
        values, drawn = per_sample.mean(axis=1), weights @ per_sample.T
        pairs = interaction_indices(game, count) if count > 1 else np.zeros((0, game[0].size))
    else:
        along = marginals(game, orders)
        of_orders = resample(len(along), seed + 1)
        drawn = np.einsum("rp,pir->ri", of_orders, along @ weights.T)
        values, pairs = along.mean(axis=(0, 2)), pair_effects(game, count)
        spread = along.mean(axis=2).std(axis=0, ddof=1) / np.sqrt(len(along))
        errors = tuple(float(x) for x in spread)
    shares, why = _shares(drop, values, drawn, weights @ game[full])
    named = [
        Interaction(i, j, value)
        for (i, j), value in zip(combinations(range(count), 2), _rows(pairs, weights), strict=True)
    ]
    return Attribution(
        drop=drop,
        values=tuple(percentile(value, column) for value, column in zip(values, drawn.T, strict=True)),
        shares=shares,
        no_shares=why,
        alone=_rows([game[1 << i] for i in range(count)], weights),
        healed=_rows([game[full] - game[full ^ 1 << i] for i in range(count)], weights),
        interactions=tuple(sorted(named, key=lambda item: -abs(item.value.value))),
        exact=orders is None,
        orders=0 if orders is None else len(orders),
        sampling_error=errors,
    )


def _shares(
    drop: Interval, values: NDArray[np.float64], drawn: NDArray[np.float64], drops: NDArray[np.float64]
) -> tuple[tuple[Interval, ...] | None, str | None]:
    """Fractions of the drop, or why there are none. Resamples without a drop have no fractions and are left out."""
    if not len(values):
        return None, "the devices do not differ"
    if drop.low <= 0 <= drop.high:
        return None, "the interval of the drop includes zero: there may be nothing to divide up"
    usable = drops * np.sign(drop.value) > 0
    ratios = drawn[usable] / drops[usable, None]
    return tuple(percentile(v / drop.value, column) for v, column in zip(values, ratios.T, strict=True)), None


def _rows(rows: Iterable[NDArray[np.float64]], weights: NDArray[np.float64]) -> tuple[Interval, ...]:
    return tuple(percentile(row.mean(), weights @ row) for row in rows)


def percentile(value: float, drawn: NDArray[np.float64]) -> Interval:
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    # The resamples are weighted sums, whose rounding must not put the limits of a constant beside it.
    return Interval(float(value), float(min(low, value)), float(max(high, value)))
