"""Medians, quartiles and exponents."""

from __future__ import annotations

import pytest

from benchmarks.stats import Spread, exponent


def test_a_spread_is_the_median_between_its_quartiles() -> None:
    assert Spread.of([5.0, 1.0, 3.0, 2.0, 4.0]) == Spread(3.0, 2.0, 4.0)
    assert Spread.of([2.0]) == Spread(2.0, 2.0, 2.0)
    assert Spread(3.0, 2.0, 4.0).scaled(10) == Spread(30.0, 20.0, 40.0)


@pytest.mark.parametrize("power", [0.0, 1.0, 1.5])
def test_the_exponent_of_a_power_law_is_found(power: float) -> None:
    sizes = [1.0, 2.0, 8.0, 100.0]
    assert exponent(sizes, [0.3 * size**power for size in sizes]) == pytest.approx(power, abs=1e-12)


def test_a_fixed_cost_lowers_the_exponent() -> None:
    assert 0 < exponent([1, 2, 4], [11, 12, 14]) < 0.2
