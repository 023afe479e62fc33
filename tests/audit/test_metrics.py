from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.distance import jensenshannon
from scipy.special import log_softmax

from audit.metrics import jensen_shannon, margin, soft_errors

INF = math.inf


def random_log_p(seed: int, count: int = 40, classes: int = 7, scale: float = 3.0) -> NDArray[np.float64]:
    logits = np.random.default_rng(seed).normal(scale=scale, size=(count, classes))
    return np.asarray(log_softmax(logits, axis=1))


def log(p: list[list[float]]) -> NDArray[np.float64]:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(p))


def test_jensen_shannon_is_scipys_distance_squared() -> None:
    log_p, log_q = random_log_p(0), random_log_p(1)
    expected = jensenshannon(np.exp(log_p), np.exp(log_q), axis=1, base=2) ** 2
    np.testing.assert_allclose(jensen_shannon(log_p, log_q), expected, rtol=1e-9)


def test_jensen_shannon_by_hand() -> None:
    # Half of each prediction on the class that they share: JSD = 1/2 bit.
    value = jensen_shannon(log([[0.5, 0.5, 0.0]]), log([[0.5, 0.0, 0.5]]))
    np.testing.assert_allclose(value, [0.5], rtol=1e-12)


def test_jensen_shannon_of_certain_predictions_is_0_or_1() -> None:
    certain, other = log([[1, 0, 0]]), log([[0, 1, 0]])
    assert jensen_shannon(certain, certain).tolist() == [0]
    assert jensen_shannon(certain, other).tolist() == [1]


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.floats(0.01, 400))
def test_jensen_shannon_range_symmetry_and_identity(seed: int, scale: float) -> None:
    log_p, log_q = random_log_p(seed, scale=scale), random_log_p(seed + 1, scale=scale)
    value = jensen_shannon(log_p, log_q)
    assert np.all((value >= 0) & (value <= 1))
    np.testing.assert_allclose(jensen_shannon(log_q, log_p), value, atol=1e-15)
    np.testing.assert_allclose(jensen_shannon(log_p, log_p), 0, atol=1e-15)


def test_float32_and_half_precision_outputs_are_taken() -> None:
    log_p = random_log_p(0)
    for dtype in (np.float32, np.float16):
        got = jensen_shannon(log_p.astype(dtype), random_log_p(1).astype(dtype))
        assert got.dtype == np.float64
        np.testing.assert_allclose(got, jensen_shannon(log_p, random_log_p(1)), atol=2e-3)


def test_margin_by_hand() -> None:
    log_p = log([[0.7, 0.2, 0.1], [0.7, 0.2, 0.1], [0.7, 0.2, 0.1]])
    expected = [math.log(0.7 / 0.2), math.log(0.2 / 0.7), math.log(0.1 / 0.7)]
    np.testing.assert_allclose(margin(log_p, np.array([0, 1, 2])), expected)


def test_margin_does_not_touch_its_input_and_is_positive_where_right() -> None:
    log_p = random_log_p(5)
    before = log_p.copy()
    target = np.random.default_rng(0).integers(7, size=40)
    got = margin(log_p, target)
    np.testing.assert_array_equal(log_p, before)
    np.testing.assert_array_equal(got > 0, log_p.argmax(axis=1) == target)
    assert 0 < np.count_nonzero(got > 0) < 40


def test_margin_of_impossible_and_certain_targets() -> None:
    log_p = log([[1, 0, 0], [1, 0, 0]])
    assert margin(log_p, np.array([0, 2])).tolist() == [INF, -INF]
    assert soft_errors(log_p, np.array([0, 2])).mean() == 0.5
    assert soft_errors(log_p, np.array([0, 0])).mean() == 0
    assert soft_errors(log_p, np.array([1, 2])).mean() == 1


def test_soft_error_by_hand() -> None:
    assert soft_errors(log([[0.5, 0.5]]), np.array([0])).mean() == pytest.approx(0.5)
    # sigmoid(-m / 1.5) with m = ln 8 is 1 / (1 + 8^(2/3)) = 1/5.
    assert soft_errors(log([[8 / 9, 1 / 9]]), np.array([0])).mean() == pytest.approx(0.2)
    both = soft_errors(log([[8 / 9, 1 / 9], [8 / 9, 1 / 9]]), np.array([0, 1])).mean()
    assert both == pytest.approx((0.2 + 0.8) / 2)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.zeros(3), r"shape \(N, C\)"),
        (np.zeros((2, 0)), r"shape \(N, C\)"),
        (log([[0.5, math.nan]]), "NaN, got it in 1 samples"),
        (np.array([[2.0, -1.0, 0.5]]), "are these logits"),
        (np.array([[1000.0, 1.0, 0.5]]), "got 1000 in 1 of 1 samples"),
        (np.array([[0.5, 0.5, 0.0]]), "or probabilities"),
        (np.array([[-INF, -INF]]), "got -inf"),
        (np.array([[INF, -INF]]), "got inf"),
    ],
)
def test_what_is_not_log_probabilities_is_refused(bad: NDArray[np.float64], message: str) -> None:
    good = log([[0.5, 0.5]])
    with pytest.raises(ValueError, match=f"log_p must.*{message}"):
        jensen_shannon(bad, good)
    with pytest.raises(ValueError, match=f"log_q must.*{message}"):
        jensen_shannon(good, bad)
    with pytest.raises(ValueError, match=message):
        margin(bad, np.array([0]))


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (np.array([0, 1]), "must be 1 integers, got int64 of shape"),
        (np.array([0.0]), "must be 1 integers, got float64"),
        (np.array([2]), r"must lie in 0\.\.1, got 2"),
        (np.array([-1]), r"must lie in 0\.\.1, got -1"),
    ],
)
def test_wrong_targets_are_refused(target: NDArray[np.int64], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        margin(log([[0.5, 0.5]]), target)


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"same shape, got \(1, 2\) and \(1, 3\)"):
        jensen_shannon(log([[0.5, 0.5]]), log([[0.5, 0.25, 0.25]]))
    with pytest.raises(ValueError, match="at least 2 classes, got 1"):
        margin(log([[1.0]]), np.array([0]))
    with pytest.raises(ValueError, match="no samples"):
        soft_errors(np.zeros((0, 2)), np.zeros(0, dtype=np.int64))
