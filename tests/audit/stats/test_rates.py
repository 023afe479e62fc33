from __future__ import annotations

import math
from collections.abc import Callable
from typing import cast

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import norm

from audit.stats import wilson, wilson_p_above

Z95 = float(norm.isf(0.025))


@pytest.mark.parametrize(("successes", "n"), [(0, 10), (1, 10), (7, 50), (50, 50), (123, 1000)])
def test_wilson_is_its_closed_formula(successes: int, n: int) -> None:
    rate, z2 = successes / n, Z95**2
    centre = (rate + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 / (1 + z2 / n) * math.sqrt(rate * (1 - rate) / n + z2 / (4 * n * n))
    interval = wilson(successes, n)
    assert interval.value == rate
    assert interval.low == pytest.approx(centre - half, abs=1e-12)
    assert interval.high == pytest.approx(centre + half, abs=1e-12)


def test_no_success_and_no_failure_end_exactly_at_the_range() -> None:
    assert wilson(0, 7).low == 0
    assert wilson(7, 7).high == 1


@given(
    st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    st.floats(1e-3, 0.999),
    st.floats(0.6, 0.999),
)
def test_wilson_p_and_interval_agree(counts: tuple[int, int], margin: float, confidence: float) -> None:
    low = wilson(*counts, confidence).low
    assume(abs(low - margin) > 1e-9)
    assert (wilson_p_above(*counts, margin) < (1 - confidence) / 2) == (low > margin)


def test_a_rate_of_zero_is_refuted_by_one_success_and_by_nothing_else() -> None:
    assert wilson_p_above(1, 1000, 0.0) == 0
    assert wilson_p_above(0, 1000, 0.0) == 0.5
    assert wilson_p_above(0, 1000, 1e-12) == pytest.approx(0.5, abs=1e-4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: wilson(0, 0), "no rate of no samples"),
        (lambda: wilson(3, 2), "must not exceed n = 2, got 3"),
        (lambda: wilson(-1, 2), "successes must not be negative"),
        (lambda: wilson(cast(int, 1.0), 2), "successes must be a whole number, got 1.0"),
        (lambda: wilson(1, 2, 1.0), r"confidence must lie in \(0, 1\)"),
        (lambda: wilson(1, 2, math.nan), "confidence must lie"),
        (lambda: wilson_p_above(0, 0, 0.1), "no rate of no samples"),
        (lambda: wilson_p_above(1, 2, 1.0), "margin must lie"),
        (lambda: wilson_p_above(1, 2, math.nan), "margin must lie"),
    ],
)
def test_impossible_inputs_are_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
