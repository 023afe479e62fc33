"""Intervals over repeated measurements: the plain ones where nothing repeats, and no credit for repeats."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.repeated import repeated_drop, repeated_rate
from audit.stats import tango, wilson
from audit.stats.drop import MeanDrop

CELLS = st.integers(0, 3)


@settings(max_examples=60)
@given(st.lists(CELLS, min_size=1, max_size=40), st.integers(1, 4))
def test_equal_repeats_change_nothing(cells: list[int], repeats: int) -> None:
    """A sample measured several times with one outcome is one sample: the intervals of audit.stats."""
    both = np.array([divmod(cell, 2) for cell in cells], dtype=float)
    first, second = (np.repeat(both[:, [side]], repeats, axis=1) for side in (0, 1))
    ref_only, other_only = (int((both[:, i] > both[:, 1 - i]).sum()) for i in (0, 1))
    drop, expected = repeated_drop(first, second), tango(ref_only, other_only, len(cells))
    assert (drop.value, drop.low, drop.high) == pytest.approx((expected.value, expected.low, expected.high), abs=1e-12)
    rate, plain = repeated_rate(first), wilson(int(both[:, 0].sum()), len(cells))
    assert (rate.value, rate.low, rate.high) == pytest.approx((plain.value, plain.low, plain.high), abs=1e-12)


def test_covers_the_truth_where_counting_repeats_as_samples_does_not() -> None:
    """40 samples with 3 repeats that agree 19 times of 20: 95 % of the intervals must hold the true drop."""
    rng = np.random.default_rng(3)
    held = held_naive = 0
    for _ in range(400):
        lost = rng.random((40, 1)) < 0.3
        other = np.where(rng.random((40, 3)) < 0.05, lost, ~lost).astype(float)
        drop = repeated_drop(np.ones_like(other), other)
        naive = repeated_drop(np.ones((120, 1)), other.reshape(-1, 1))
        truth = 0.3 * 0.95 + 0.7 * 0.05
        held += drop.low <= truth <= drop.high
        held_naive += naive.low <= truth <= naive.high
    assert held >= 0.94 * 400
    assert held_naive < 0.85 * 400


def test_no_change_is_no_certainty() -> None:
    same = np.ones((50, 3))
    drop = repeated_drop(same, same)
    assert drop.value == 0
    assert -0.1 < drop.low < 0 < drop.high < 0.1


def test_scores_between_0_and_1_are_averaged_by_sample() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.random((30, 3)), rng.random((30, 3))
    assert repeated_drop(first, second) == MeanDrop((first - second).mean(axis=1)).interval(0.95)


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        (np.ones((3, 2)), np.ones((2, 3)), "same shape"),
        (np.ones(3), np.ones(3), "shape"),
        (np.ones((0, 3)), np.ones((0, 3)), "shape"),
        (np.full((3, 1), 1.5), np.ones((3, 1)), r"\[0, 1\]"),
        (np.full((3, 1), np.nan), np.ones((3, 1)), r"\[0, 1\]"),
    ],
)
def test_refuses(first: np.ndarray, second: np.ndarray, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        repeated_drop(first, second)


def test_a_rate_is_of_hits() -> None:
    with pytest.raises(ValueError, match="0 or 1"):
        repeated_rate(np.full((3, 2), 0.5))
