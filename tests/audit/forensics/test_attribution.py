"""Intervals and shares of a played game."""

from __future__ import annotations

import numpy as np
import pytest

from audit.forensics import coalitions
from audit.forensics.attribution import attribute
from audit.forensics.shapley import shapley_values


def additive(weights: list[float], samples: int, noise: float, seed: int = 0) -> dict[int, np.ndarray]:
    rng = np.random.default_rng(seed)
    each = np.array(weights)[:, None] + noise * rng.normal(size=(len(weights), samples))
    return {
        mask: np.sum([row for i, row in enumerate(each) if mask >> i & 1] or [np.zeros(samples)], axis=0)
        for mask in range(2 ** len(weights))
    }


def test_values_and_shares_add_up() -> None:
    found = attribute(additive([0.5, 0.2, -0.1], 200, 0.3), 3, None, seed=0)
    assert sum(value.value for value in found.values) == pytest.approx(found.drop.value, abs=1e-9)
    assert found.shares is not None
    assert sum(share.value for share in found.shares) == pytest.approx(1, abs=1e-9)
    assert found.exact
    assert found.sampling_error is None


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    weights = [0.7, 0.3]
    hits = 0
    for seed in range(100):
        found = attribute(additive(weights, 60, 0.5, seed), 2, None, seed=seed)
        hits += found.values[0].low <= 0.7 <= found.values[0].high
    assert 88 <= hits <= 99


def test_no_shares_of_a_drop_that_may_be_zero() -> None:
    rng = np.random.default_rng(0)
    game = {0: np.zeros(50), 1: rng.normal(size=50), 2: rng.normal(size=50), 3: rng.normal(size=50)}
    found = attribute(game, 2, None, seed=0)
    assert found.drop.low <= 0 <= found.drop.high
    assert found.shares is None
    assert "includes zero" in str(found.no_shares)
    assert len(found.values) == 2


def test_a_gain_has_shares_too() -> None:
    found = attribute(additive([-0.6, -0.2], 100, 0.1), 2, None, seed=0)
    assert found.drop.high < 0
    assert found.shares is not None
    assert found.shares[0].value == pytest.approx(0.75, abs=0.02)
    assert found.shares[0].low <= found.shares[0].value <= found.shares[0].high


def test_without_players_all_is_zero() -> None:
    found = attribute({0: np.zeros(10)}, 0, None, seed=0)
    assert (found.drop.value, found.drop.low, found.drop.high) == (0, 0, 0)
    assert (found.values, found.shares, found.interactions) == ((), None, ())
    assert found.no_shares == "the devices do not differ"


def test_one_player_has_the_whole_drop_to_the_digit() -> None:
    game = {0: np.zeros(40), 1: (np.arange(40) % 3 == 0).astype(float)}
    found = attribute(game, 1, None, seed=0)
    assert found.shares is not None
    assert found.shares[0].value == found.shares[0].low == found.shares[0].high == 1
    assert found.values[0] == found.drop == found.alone[0] == found.healed[0]


def test_sampled_orders_add_up_and_their_intervals_hold_the_exact_values() -> None:
    count, pairs = 6, 40
    game = additive([0.4, 0.3, 0.1, 0.05, 0.0, 0.0], 80, 0.2)
    game = {mask: values * (1 + 0.2 * (mask.bit_count() > 2)) for mask, values in game.items()}  # not additive
    exact = shapley_values(game, count).mean(axis=1)
    found = attribute(game, count, coalitions.permutations(count, pairs, 0), seed=0)
    assert not found.exact
    assert found.orders == 2 * pairs
    assert sum(value.value for value in found.values) == pytest.approx(found.drop.value, abs=1e-9)
    assert all(value.low <= truth <= value.high for value, truth in zip(found.values, exact, strict=True))
    assert found.sampling_error is not None
    assert 0 < max(found.sampling_error) < 0.02


def test_interactions_are_named_largest_first() -> None:
    game = {mask: np.full(20, float(mask & 5 == 5) + 0.1 * float(mask & 3 == 3)) for mask in range(8)}
    found = attribute(game, 3, None, seed=0).interactions
    assert [(item.first, item.second) for item in found] == [(0, 2), (0, 1), (1, 2)]
    assert found[0].value.value == pytest.approx(1)
