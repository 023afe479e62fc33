"""The mean of bounded scores: against a general optimiser, against binomial formulas, and in simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import t as student_t

from audit.stats.likelihood import BoundedMean, reach


def samples(values: NDArray[np.float64] | list[float], low: float = -1.0, high: float = 1.0) -> BoundedMean:
    scores = np.asarray(values, dtype=np.float64)
    return BoundedMean(scores, np.ones(len(scores)), low, high)


def statistic(mean: BoundedMean, margin: float) -> float:
    """The t behind the p-value."""
    size = float(student_t.isf(mean.p_equal(margin) / 2, len(mean.sums) - 1))
    return math.copysign(size, mean.value - margin)


SCORES = st.lists(st.floats(-1, 1).map(lambda value: round(value, 2)), min_size=2, max_size=30)


@pytest.mark.parametrize("mean", [-0.35, -0.1, 0.0, 0.12, 0.3, 0.6])
@pytest.mark.parametrize(
    "values",
    [[0.0, 0.0, 0.3, -0.1, 0.05, 0.2], [0.0, 0.0, 0.0, 0.0, 0.4], [-0.5, 0.5, 0.1, 0.1], [0.2, 0.25, 0.3, 0.35]],
)
def test_statistics_of_the_likeliest_distribution(values: list[float], mean: float) -> None:
    """A general optimiser puts weights on the samples and on both bounds; the score and the ratio follow."""
    scores, count = np.array(values), len(values)
    points = np.append(scores, [-1.0, 1.0])

    def cost(weights: NDArray[np.float64]) -> float:
        return -float(np.log(weights[:count]).sum())

    found = minimize(
        cost,
        np.full(count + 2, 1 / (count + 2)),
        jac=lambda weights: np.append(-1 / weights[:count], [0.0, 0.0]),
        method="SLSQP",
        bounds=[(1e-6, 1.0)] * count + [(0.0, 1.0)] * 2,
        constraints=[{"type": "eq", "fun": lambda weights: [weights.sum() - 1, weights @ points - mean]}],
        options={"ftol": 1e-12, "maxiter": 500},
    )
    assert found.success
    variance = float(found.x @ (points - mean) ** 2)
    score = count * (scores.mean() - mean) ** 2 / variance
    ratio = 2 * (cost(found.x) - count * math.log(count))
    expected = math.copysign(math.sqrt(min(score, ratio) * (count - 1) / count), scores.mean() - mean)
    assert statistic(samples(scores), mean) == pytest.approx(expected, abs=2e-3)


@given(st.integers(2, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.01, 0.99))
def test_of_hits_the_score_is_wilsons_and_the_ratio_the_binomials(counts: tuple[int, int], rate: float) -> None:
    hits, n = counts
    assume(abs(hits / n - rate) > 1e-3)
    score = (hits - n * rate) ** 2 / (n * rate * (1 - rate))
    terms = [
        count * math.log(count / (n * chance)) for count, chance in ((hits, rate), (n - hits, 1 - rate)) if count > 0
    ]
    expected = math.copysign(math.sqrt(min(score, 2 * sum(terms)) * (n - 1) / n), hits / n - rate)
    mean = samples([1.0] * hits + [0.0] * (n - hits), 0.0, 1.0)
    assume(abs(expected) < 8)  # beyond it the p-value holds no digits
    assert statistic(mean, rate) == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_nothing_but_zeros_is_the_rule_of_three() -> None:
    count = 60
    squared = float(student_t.isf(0.025, count - 1)) ** 2 * count / (count - 1)
    interval = samples([0.0] * count).interval(0.95)
    assert interval.value == 0
    assert interval.high == pytest.approx(squared / (count + squared))
    assert interval.low == -interval.high
    assert interval.high > 1 - 0.025 ** (1 / count)  # what the exact binomial limit is


@settings(max_examples=200)
@given(SCORES, st.floats(-0.99, 0.99), st.floats(0.6, 0.999))
def test_p_and_interval_agree(values: list[float], margin: float, confidence: float) -> None:
    mean = samples(values)
    interval, alpha = mean.interval(confidence), (1 - confidence) / 2
    assume(min(abs(interval.low - margin), abs(interval.high - margin)) > 1e-6)
    assert (mean.p_above(margin) < alpha) == (interval.low > margin)
    assert (mean.p_above(margin) > 1 - alpha) == (interval.high < margin)
    assert (mean.p_equal(margin) < 2 * alpha) == (not interval.low <= margin <= interval.high)


@settings(max_examples=200)
@given(SCORES)
def test_mirrors_brackets_and_grows_with_the_confidence(values: list[float]) -> None:
    mean, mirrored = samples(values), samples([-value for value in values])
    narrow, wide, other = mean.interval(0.8), mean.interval(0.99), mirrored.interval(0.8)
    assert (other.low, other.high) == pytest.approx((-narrow.high, -narrow.low), abs=1e-9)
    assert -1 <= wide.low <= narrow.low <= narrow.value <= narrow.high <= wide.high <= 1
    p = [mean.p_above(margin) for margin in np.linspace(-0.95, 0.95, 20)]
    assert np.all(np.diff(p) >= -1e-12)


def test_units_of_equal_samples_count_once() -> None:
    values = np.array([0.0, 0.2, 0.0, -0.1, 0.5, 0.0, 0.0, 0.3])
    repeated = BoundedMean(values * 7, np.full(8, 7.0), -1.0, 1.0)
    one, seven = samples(values).interval(0.95), repeated.interval(0.95)
    assert (seven.value, seven.low, seven.high) == pytest.approx((one.value, one.low, one.high), abs=1e-9)


def test_a_single_unit_tells_nothing() -> None:
    mean = BoundedMean(np.array([3.0]), np.array([30.0]), -1.0, 1.0)
    interval = mean.interval(0.95)
    assert (interval.value, interval.low, interval.high) == (0.1, -1.0, 1.0)
    assert mean.p_above(-0.5) == mean.p_equal(0.0) == 1.0


def test_without_bounds_equal_scores_tell_nothing_and_others_what_they_show() -> None:
    interval = samples([2.0] * 30, -math.inf, math.inf).interval(0.95)
    assert (interval.value, interval.low, interval.high) == (2.0, -math.inf, math.inf)
    values = np.random.default_rng(0).normal(5.0, 2.0, 2000)
    half = float(student_t.isf(0.025, 1999)) * values.std(ddof=1) / math.sqrt(2000)
    found = samples(values, -math.inf, math.inf).interval(0.95)
    assert (found.low, found.high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.05 * half)


def test_reach_is_wider_for_few_units() -> None:
    ones = np.ones(400)
    assert reach(0.1 * ones, ones) == pytest.approx(0.1)
    assert reach(0.1 * ones[:160], ones[:160]) == pytest.approx(0.125)
    assert reach(0.1 * ones[:50], ones[:50]) == pytest.approx(0.2)
    assert reach(0.3 * ones[:50], 3 * ones[:50]) == pytest.approx(0.4)
    assert reach(0.1 * ones[:19], ones[:19]) == math.inf
    assert reach(0 * ones, ones) == math.inf
    assert reach(0.1 * ones[:160], ones[:160], drawn=320) == pytest.approx(0.1)  # 160 groups of two
