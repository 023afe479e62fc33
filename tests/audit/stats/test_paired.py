from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import cast

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import binom, multinomial, norm

from audit.stats import mcnemar_exact, tango, tango_p_above, wilson

Z95 = float(norm.isf(0.025))


@st.composite
def pairs(draw: st.DrawFn, largest: int = 400) -> tuple[int, int, int]:
    n = draw(st.integers(1, largest))
    ref_only = draw(st.integers(0, n))
    return ref_only, draw(st.integers(0, n - ref_only)), n


def reference_score(ref_only: int, other_only: int, n: int, drop: float) -> float:
    """Tango's statistic by definition: the constrained likelihood maximised by brute force."""

    def minus_log_likelihood(q: float) -> float:
        cells = ((ref_only, q + drop), (other_only, q), (n - ref_only - other_only, 1 - 2 * q - drop))
        return -sum(count * math.log(max(rate, 1e-300)) for count, rate in cells if count)

    low, high = max(0.0, -drop), (1 - drop) / 2
    found = minimize_scalar(minus_log_likelihood, bounds=(low, high), method="bounded", options={"xatol": 1e-13})
    q = min((low, high, float(found.x)), key=minus_log_likelihood)
    return (ref_only - other_only - n * drop) / math.sqrt(n * (2 * q + drop - drop**2))


@pytest.mark.parametrize(
    ("counts", "confidence", "low", "high", "digits"),
    [
        # Bentur et al. 2009 and Cavo et al. 2012, the examples of Fagerland, Lydersen, Laake, Statistical
        # Analysis of Contingency Tables (2017), chapter 8; limits from the tests of R's contingencytables.
        ((1, 7, 21), 0.95, -0.517, -0.026, 3),
        ((6, 16, 161), 0.95, -0.1240, -0.0054, 4),
        # R: PropCIs::scoreci.mp(25, 28, 618, conf.level = 0.90), which estimates second minus first.
        ((28, 25, 618), 0.90, -0.0148, 0.0247, 4),
    ],
)
def test_tango_published_values(
    counts: tuple[int, int, int], confidence: float, low: float, high: float, digits: int
) -> None:
    interval = tango(*counts, confidence)
    assert (round(interval.low, digits), round(interval.high, digits)) == (low, high)


@settings(max_examples=150, deadline=None)
@given(pairs(), st.sampled_from([0.8, 0.95, 0.99]))
def test_tango_limits_solve_the_score_equation(counts: tuple[int, int, int], confidence: float) -> None:
    ref_only, other_only, n = counts
    interval = tango(*counts, confidence)
    z = float(norm.isf((1 - confidence) / 2))
    if other_only < n:
        assert reference_score(*counts, interval.low) == pytest.approx(z, rel=1e-4)
    else:
        assert interval.low == -1
    if ref_only < n:
        assert reference_score(*counts, interval.high) == pytest.approx(-z, rel=1e-4)
    else:
        assert interval.high == 1


@settings(max_examples=150, deadline=None)
@given(pairs(), st.floats(-0.95, 0.95))
def test_tango_p_is_the_tail_of_the_score(counts: tuple[int, int, int], margin: float) -> None:
    assume(abs(margin) > 1e-3)
    expected = norm.sf(reference_score(*counts, margin))
    assert tango_p_above(*counts, margin) == pytest.approx(expected, rel=1e-3, abs=1e-9)


@given(pairs(), st.floats(-0.99, 0.99), st.floats(0.6, 0.999))
def test_tango_p_and_interval_agree(counts: tuple[int, int, int], margin: float, confidence: float) -> None:
    ref_only, other_only, n = counts
    interval = tango(*counts, confidence)
    assume(min(abs(interval.low - margin), abs(interval.high - margin)) > 1e-9)
    alpha = (1 - confidence) / 2
    assert (tango_p_above(ref_only, other_only, n, margin) < alpha) == (interval.low > margin)
    assert (tango_p_above(other_only, ref_only, n, -margin) < alpha) == (interval.high < margin)


@given(pairs(10**6), st.floats(0.6, 0.999))
def test_tango_mirrors_and_brackets(counts: tuple[int, int, int], confidence: float) -> None:
    ref_only, other_only, n = counts
    interval, mirrored = tango(*counts, confidence), tango(other_only, ref_only, n, confidence)
    assert (mirrored.value, mirrored.low, mirrored.high) == (-interval.value, -interval.high, -interval.low)
    assert -1 <= interval.low <= interval.value <= interval.high <= 1
    assert interval.low < interval.high


def test_tango_grows_with_the_drop_and_the_confidence() -> None:
    rows = [tango(ref_only, 5, 60) for ref_only in range(56)]
    assert all(one.low < two.low and one.high < two.high for one, two in pairwise(rows))
    narrow, wide = tango(12, 5, 60, 0.8), tango(12, 5, 60, 0.99)
    assert wide.low < narrow.low < narrow.high < wide.high
    p = [tango_p_above(12, 5, 60, margin) for margin in np.linspace(-0.5, 0.5, 50)]
    assert np.all(np.diff(p) > 0)


def test_tango_against_no_difference_is_mcnemars_score_test() -> None:
    # At a drop of 0 the statistic is (b - c) / sqrt(b + c), McNemar's chi without continuity correction.
    assert tango_p_above(16, 6, 161, 0.0) == pytest.approx(norm.sf(10 / math.sqrt(22)))


def test_tango_edges_in_closed_form() -> None:
    z2 = Z95**2
    none, all_lost, single = tango(0, 0, 30), tango(30, 0, 30), tango(0, 1, 1)
    assert [none.value, none.low, none.high] == pytest.approx([0, -z2 / (30 + z2), z2 / (30 + z2)])
    assert [all_lost.value, all_lost.low, all_lost.high] == pytest.approx([1, (30 - z2) / (30 + z2), 1])
    assert [single.value, single.low, single.high] == pytest.approx([-1, -1, -(1 - z2) / (1 + z2)])
    assert tango_p_above(0, 0, 30, 0.0) == 0.5
    # All pairs discordant: twice the binomial rate less one, by Wilson.
    both, rate = tango(12, 8, 20), wilson(12, 20)
    assert [both.low, both.high] == pytest.approx([2 * rate.low - 1, 2 * rate.high - 1])


def test_tango_is_continuous_at_its_special_cases() -> None:
    assert tango(10**7 - 1, 0, 10**7).low == pytest.approx(tango(10**7, 0, 10**7).low, abs=1e-6)
    assert tango(1, 0, 10**7).low == pytest.approx(tango(0, 0, 10**7).low, abs=1e-6)


def test_tango_covers_the_truth_as_often_as_it_says() -> None:
    """Every table of 20 samples, weighed by its exact probability, over a grid of true rates."""
    n = 20
    tables = [(b, c) for b in range(n + 1) for c in range(n + 1 - b)]
    intervals = [tango(b, c, n) for b, c in tables]
    low, high = np.array([i.low for i in intervals]), np.array([i.high for i in intervals])
    counts = [(b, c, n - b - c) for b, c in tables]
    coverage = []
    for ref_only in np.arange(1, 20) / 20:
        for other_only in np.arange(1, 20 - round(20 * ref_only)) / 20:
            rates = [ref_only, other_only, 1 - ref_only - other_only]
            drop = ref_only - other_only
            inside = (low <= drop) & (drop <= high)
            coverage.append(multinomial.pmf(counts, n, rates)[inside].sum())
    assert len(coverage) > 150
    assert min(coverage) > 0.92
    assert 0.945 < np.mean(coverage) < 0.97


def test_mcnemar_is_the_doubled_binomial_tail() -> None:
    assert mcnemar_exact(16, 6) == pytest.approx(2 * binom.cdf(6, 22, 0.5))
    # Cavo et al. 2012, in Fagerland, Lydersen, Laake (2017), chapter 8.
    assert round(mcnemar_exact(6, 16), 6) == 0.052479


def test_mcnemar_edges() -> None:
    assert mcnemar_exact(0, 0) == 1
    assert mcnemar_exact(9, 9) == 1
    assert mcnemar_exact(10, 0) == pytest.approx(2**-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tango(0, 0, 0), "no difference between no samples"),
        (lambda: tango(2, 2, 3), r"must not exceed n = 3, got 2 \+ 2"),
        (lambda: tango(1, -1, 3), "other_only must not be negative"),
        (lambda: tango(cast(int, math.nan), 1, 3), "ref_only must be a whole number, got nan"),
        (lambda: tango(1, 1, 3, 0.0), "confidence must lie"),
        (lambda: tango_p_above(1, 1, 0, 0.1), "no difference between no samples"),
        (lambda: tango_p_above(1, 1, 3, math.nan), "margin must lie"),
        (lambda: tango_p_above(1, 1, 3, 1.0), "margin must lie"),
        (lambda: mcnemar_exact(-1, 2), "ref_only must not be negative"),
    ],
)
def test_impossible_inputs_are_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
