"""Shapley values and interactions against their definitions and axioms."""

from __future__ import annotations

from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.forensics import coalitions
from audit.forensics.shapley import interaction_indices, marginals, pair_effects, shapley_values


def random_game(count: int, seed: int, samples: int = 3) -> dict[int, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {mask: rng.normal(size=samples) for mask in range(2**count)}


@given(st.integers(0, 8), st.integers(0, 10**6))
def test_values_sum_to_the_drop(count: int, seed: int) -> None:
    game = random_game(count, seed)
    total = shapley_values(game, count).sum(axis=0)
    assert np.abs(total - (game[2**count - 1] - game[0])).max() < 1e-9


def test_values_are_the_mean_over_all_orders() -> None:
    count = 5
    game = random_game(count, 7)
    expected = np.zeros((count, 3))
    orders = list(permutations(range(count)))
    for order in orders:
        mask = 0
        for player in order:
            expected[player] += (game[mask | 1 << player] - game[mask]) / len(orders)
            mask |= 1 << player
    assert np.allclose(shapley_values(game, count), expected, atol=1e-12)


def test_a_player_that_never_matters_gets_nothing_and_equal_players_get_the_same() -> None:
    game = {mask: np.array([float(((mask & 1) + (mask >> 1 & 1)) ** 2)]) for mask in range(8)}
    values = shapley_values(game, 3)[:, 0]
    assert values[2] == 0
    assert values[0] == values[1] == 2


def test_interaction_of_a_pure_pair() -> None:
    """v = 1 only with both of the first two: they interact by 1, nothing else does."""
    game = {mask: np.array([float(mask & 3 == 3)]) for mask in range(16)}
    found = dict(zip(combinations(range(4), 2), interaction_indices(game, 4)[:, 0], strict=True))
    assert found.pop((0, 1)) == pytest.approx(1)
    assert all(abs(value) < 1e-12 for value in found.values())
    assert pair_effects(game, 4)[0, 0] == 1


def test_an_additive_game_has_no_interactions() -> None:
    weights = np.array([0.7, 0.3, -0.2])
    game = {m: np.array([sum(w for i, w in enumerate(weights) if m >> i & 1)]) for m in range(8)}
    assert np.allclose(interaction_indices(game, 3), 0)
    assert np.allclose(shapley_values(game, 3)[:, 0], weights)


def test_marginals_along_orders_sum_to_the_drop_and_come_near_the_exact_values() -> None:
    count = 6
    game = random_game(count, 3, samples=2)
    orders = coalitions.permutations(count, 400, seed=0)
    along = marginals(game, orders)
    assert along.shape == (400, count, 2)
    assert np.allclose(along.sum(axis=1), game[2**count - 1] - game[0], atol=1e-9)
    error = along.std(axis=0, ddof=1) / np.sqrt(400)
    assert (np.abs(along.mean(axis=0) - shapley_values(game, count)) < 4 * error).all()


def test_orders_come_with_their_reverse_and_masks_hold_what_estimates_need() -> None:
    orders = coalitions.permutations(10, 3, seed=1)
    assert (orders[1::2] == orders[::2, ::-1]).all()
    masks = set(coalitions.masks_to_play(10, 3, seed=1))
    assert {mask for order in orders for mask in coalitions.prefixes(order)} <= masks
    assert {1 << i for i in range(10)} | {1023 ^ 1 << i for i in range(10)} | {0, 1023} <= masks
    assert {1 << i | 1 << j for i, j in combinations(range(10), 2)} <= masks
    assert coalitions.masks_to_play(3, 3, seed=1) == tuple(range(8))
    assert coalitions.masks_to_play(0, 3, seed=1) == (0,)
