from __future__ import annotations

import math
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import bootstrap, norm
from scipy.stats import t as student_t

from audit.stats import Interval, bootstrap_mean

Z95 = float(norm.isf(0.025))


def test_bootstrap_agrees_with_theory_and_with_scipy() -> None:
    values = np.random.default_rng(3).exponential(size=300)
    ours = bootstrap_mean(values, resamples=5000)
    theirs = bootstrap((values,), np.mean, n_resamples=5000, method="percentile").confidence_interval
    half = float(student_t.isf(0.025, 299)) * values.std(ddof=1) / math.sqrt(300)
    assert ours.value == pytest.approx(values.mean())
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.12 * half)
    assert (ours.low, ours.high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.2 * half)


def test_bootstrap_is_deterministic_and_seeded() -> None:
    values = np.random.default_rng(0).random(50)
    assert bootstrap_mean(values) == bootstrap_mean(values.copy())
    assert bootstrap_mean(values, seed=1) != bootstrap_mean(values, seed=2)
    narrow, wide = bootstrap_mean(values, 0.5), bootstrap_mean(values, 0.99)
    assert wide.low < narrow.low < narrow.high < wide.high


def test_bootstrap_without_spread_has_no_width() -> None:
    assert bootstrap_mean([0.25] * 8) == Interval(0.25, 0.25, 0.25)
    assert bootstrap_mean([3]) == Interval(3, 3, 3)


def test_bootstrap_of_many_values_stays_small() -> None:
    values = np.random.default_rng(0).random(100_000)
    tracemalloc.start()
    interval = bootstrap_mean(values, resamples=100)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 * 2**20
    assert interval.high - interval.low == pytest.approx(2 * Z95 * values.std() / math.sqrt(values.size), rel=0.3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bootstrap_mean([]), r"shape \(N,\)"),
        (lambda: bootstrap_mean(np.ones((2, 2))), r"got \(2, 2\)"),
        (lambda: bootstrap_mean([0.1, math.nan]), "must be finite, got 1 that are not"),
        (lambda: bootstrap_mean([0.1, math.inf]), "must be finite"),
        (lambda: bootstrap_mean([0.1], resamples=0), "resamples must be at least 1"),
        (lambda: bootstrap_mean([0.1], confidence=2), "confidence must lie"),
    ],
)
def test_impossible_inputs_are_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
