"""Shapley values and interactions of a game given by its values on coalitions: pure functions, linear in the values.

A coalition is a mask: bit i set where player i takes part. A game maps masks to values (N,), one a sample.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from math import factorial

import numpy as np
from numpy.typing import NDArray

from audit.forensics.coalitions import prefixes

Values = Mapping[int, NDArray[np.float64]]


def shapley_values(game: Values, count: int) -> NDArray[np.float64]:
    """What each player adds, averaged over all orders in which they may join: (count, N).

    phi_i = sum over S without i of |S|! (n - |S| - 1)! / n! · (v(S + i) - v(S)); they sum to v(all) - v(none).
    Shapley, Contributions to the Theory of Games II (1953) 307-317. ``game`` holds all 2^count coalitions.
    """
    weights = [factorial(size) * factorial(count - size - 1) / factorial(count) for size in range(count)]
    result = np.zeros((count, *np.shape(game[0])))
    for player in range(count):
        for mask in range(2**count):
            if not mask >> player & 1:
                result[player] += weights[mask.bit_count()] * (game[mask | 1 << player] - game[mask])
    return result


def interaction_indices(game: Values, count: int) -> NDArray[np.float64]:
    """Shapley interaction index of every two players: (pairs, N), pairs as `combinations(range(count), 2)` gives them.

    I_ij = sum over S without i, j of |S|! (n - |S| - 2)! / (n - 1)! · (v(S+i+j) - v(S+i) - v(S+j) + v(S)): how much
    more the two do together than each alone, averaged over what else differs. Grabisch and Roubens, Int. J. Game Theory
    28 (1999) 547-565. ``game`` holds all 2^count coalitions.
    """
    weights = [factorial(size) * factorial(count - size - 2) / factorial(count - 1) for size in range(count - 1)]
    rows = []
    for i, j in combinations(range(count), 2):
        both = 1 << i | 1 << j
        total = np.zeros(np.shape(game[0]))
        for mask in range(2**count):
            if not mask & both:
                total += weights[mask.bit_count()] * (
                    game[mask | both] - game[mask | 1 << i] - game[mask | 1 << j] + game[mask]
                )
        rows.append(total)
    return np.array(rows).reshape(len(rows), *np.shape(game[0]))


def pair_effects(game: Values, count: int) -> NDArray[np.float64]:
    """v(i, j) - v(i) - v(j) + v(none) of every two players: (pairs, N). What the two do together when nothing else
    differs; for games of which not all coalitions are known."""
    rows = [game[1 << i | 1 << j] - game[1 << i] - game[1 << j] + game[0] for i, j in combinations(range(count), 2)]
    return np.array(rows).reshape(len(rows), *np.shape(game[0]))


def marginals(game: Values, orders: NDArray[np.int64]) -> NDArray[np.float64]:
    """What each player adds along each order, averaged over each order and the one after it, its reverse.

    Args:
        game: holds every coalition along the orders.
        orders: (2P, n) as `audit.forensics.coalitions.permutations` gives them.

    Returns:
        (P, n, N); its mean over the first axis estimates the Shapley values, and sums to v(all) - v(none).
    """
    count = orders.shape[1]
    added = np.zeros((len(orders), count, *np.shape(game[0])))
    for row, order in enumerate(orders):
        masks = prefixes(order)
        for player, before, after in zip(order, masks, masks[1:], strict=False):
            added[row, player] = game[after] - game[before]
    paired: NDArray[np.float64] = added.reshape(-1, 2, *added.shape[1:]).mean(axis=1)
    return paired
