from __future__ import annotations

import numpy as np
import pytest

from audit.search.cma import maximise


@pytest.mark.parametrize("size", [1, 2, 8])
def test_it_finds_the_top_of_a_hill(size: int) -> None:
    top = np.linspace(0.2, 0.9, size)
    best = maximise(lambda x: -float(((x - top) ** 2).sum()), np.full(size, 0.5), 400, seed=0)
    np.testing.assert_allclose(best, top, atol=0.03)


def test_it_spends_exactly_its_budget_starts_at_the_start_and_stays_inside() -> None:
    points: list[np.ndarray] = []

    def evaluate(x: np.ndarray) -> float:
        points.append(x)
        return float(x.sum())

    start = np.array([0.1, 0.9, 0.5])
    best = maximise(evaluate, start, 37, seed=3)
    assert len(points) == 37
    np.testing.assert_array_equal(points[0], start)
    assert all((x >= 0).all() and (x <= 1).all() for x in points)
    assert best.sum() == max(x.sum() for x in points)


def test_same_seed_same_points_and_impossible_points_do_no_harm() -> None:
    def evaluate(x: np.ndarray) -> float:
        return float("-inf") if x[0] > 0.6 else float(x[0])

    first, second = (maximise(evaluate, np.array([0.5, 0.5]), 60, seed=1) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert 0.5 <= first[0] <= 0.6


def test_the_start_wins_when_nothing_is_better() -> None:
    start = np.array([0.3, 0.3])
    np.testing.assert_array_equal(maximise(lambda x: -float(abs(x - start).sum()), start, 20, seed=0), start)
