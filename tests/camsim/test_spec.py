"""Specs, knobs and ranges."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from camsim.isp import BlackLevel, ColorMatrix, GaussianDenoise, UnsharpMask
from camsim.spec import Range


@pytest.mark.parametrize(
    ("given", "low", "high"),
    [
        (Range(relative=0.1), [-2.2, 0.9, 3.6], [-1.8, 1.1, 4.4]),
        (Range(absolute=0.5), [-2.5, 0.5, 3.5], [-1.5, 1.5, 4.5]),
        (Range(interval=(-3.0, 5.0)), [-3, -3, -3], [5, 5, 5]),
        (Range(relative=0.0), [-2, 1, 4], [-2, 1, 4]),
    ],
    ids=["relative", "absolute", "interval", "none"],
)
def test_limits_around_a_value(given: Range, low: list[float], high: list[float]) -> None:
    lower, upper = given.around(np.array([-2.0, 1.0, 4.0]))
    np.testing.assert_allclose(lower, low, rtol=1e-12)
    np.testing.assert_allclose(upper, high, rtol=1e-12)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "needs exactly one of relative, absolute, interval; got none"),
        ({"relative": 0.1, "interval": [0, 1]}, "got relative, interval"),
        ({"interval": [1, 0]}, r"interval must be \[low, high\]"),
        ({"relative": -0.1}, "must not be negative"),
        ({"absolute": -1}, "must not be negative"),
        ({"absolute": float("inf")}, "finite"),
        ({"interval": [0]}, "interval"),
        ({"percent": 5}, "percent"),
    ],
)
def test_ranges_that_make_no_sense_are_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Range(**fields)


def test_knobs_are_the_marked_fields_that_are_set() -> None:
    assert set(UnsharpMask.quantities()) == {"radius", "amount"}
    knobs = UnsharpMask(radius=1.5, amount=0.25).knobs()
    assert {name: value.tolist() for name, value in knobs.items()} == {"radius": 1.5, "amount": 0.25}
    assert BlackLevel().knobs() == {}
    assert BlackLevel(level=3.0).knobs()["level"].tolist() == 3.0


def test_bounds_hold_for_every_number_of_a_knob() -> None:
    with pytest.raises(ValidationError, match=r"must lie in \[-16, 16\], got -17"):
        ColorMatrix(matrix=((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, -17.0)))


def test_a_copy_is_validated_anew() -> None:
    spec = GaussianDenoise(sigma=1.0)
    assert spec.replace({"sigma": 2.0}) == GaussianDenoise(sigma=2.0)
    assert spec.sigma == 1.0
    with pytest.raises(ValidationError, match="must lie in"):
        spec.replace({"sigma": 20.0})
    with pytest.raises(ValidationError, match="sgima"):
        spec.replace({"sgima": 2.0})


def test_specs_are_frozen() -> None:
    spec = GaussianDenoise(sigma=1.0)
    with pytest.raises(ValidationError, match="frozen"):
        spec.sigma = 2.0  # type: ignore[misc]
