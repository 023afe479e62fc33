"""Smallest and largest value in one pass, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from camsim.checks import limits
from camsim.kernels.limits import TILE, limits_of_positive


@settings(max_examples=60, deadline=None)
@given(st.integers(16, 3 * TILE), st.sampled_from([np.float32, np.uint16]), st.integers(0, 2**31))
def test_limits_equal_numpys_wherever_they_lie(pixels: int, kind: type, seed: int) -> None:
    rng = np.random.default_rng(seed)
    image = rng.integers(100, 60000, pixels).astype(kind)
    image[rng.integers(pixels)] = 65535
    image[rng.integers(pixels)] = 0
    assert limits_of_positive(image) == (image.min(), image.max())


@pytest.mark.parametrize("odd", [np.nan, -np.nan, np.inf, -np.inf, -1.0, -0.0])
@pytest.mark.parametrize("place", [0, 40_000, 49_999])
def test_what_is_no_light_is_not_lost(odd: float, place: int) -> None:
    image = torch.rand(50_000)
    image[place] = odd
    low, high = limits(image)
    expected = float(image.numpy().min()), float(image.numpy().max())
    assert np.isnan(high) if np.isnan(odd) else (low, high) == expected


def test_what_lies_in_memory_with_gaps_is_read_too() -> None:
    image = torch.arange(200_000, dtype=torch.float32)[1::2]
    assert limits(image) == (1.0, 199_999.0)
