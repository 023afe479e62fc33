"""log2 and exp2 by polynomials, over all exponents, against float64."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray

from camsim.kernels.jit import FAST
from camsim.kernels.power import exp2, log2
from camsim.kernels.simd import at, put

Floats = NDArray[np.float32]


@njit(fastmath=FAST, error_model="numpy")
def log2_row(source: int, out: int, count: int) -> None:
    for x in range(0, count, 16):
        put(out, x, log2(at(source, x)))


@njit(fastmath=FAST, error_model="numpy")
def exp2_row(source: int, out: int, count: int) -> None:
    for x in range(0, count, 16):
        put(out, x, exp2(at(source, x)))


def apply(row: object, values: Floats) -> NDArray[np.float64]:
    given = np.ascontiguousarray(values, dtype=np.float32)
    out = np.full_like(given, np.nan)
    assert len(given) % 16 == 0
    row(given.ctypes.data, out.ctypes.data, len(given))  # type: ignore[operator]
    return out.astype(np.float64)


def error_of_log2(x: Floats) -> NDArray[np.float64]:
    """Beyond half a unit in the last place of the result."""
    exact = np.log2(x.astype(np.float64))
    return np.abs(apply(log2_row, x) - exact) - np.spacing(np.abs(exact).astype(np.float32)) / 2


def test_log2_of_every_exponent() -> None:
    mantissas = np.linspace(0x3F800000, 0x3FFFFFFF, 1024).astype(np.int64)
    patterns = mantissas[None] + (np.arange(-126, 128)[:, None] << 23)
    x = patterns.astype(np.int32).reshape(-1).view(np.float32)
    assert x.min() < 1.2e-38
    assert x.max() > 3e38
    assert error_of_log2(x).max() < 1e-7


def test_log2_of_every_float_around_1() -> None:
    """The logarithm is small there, and errors of a polynomial would show most."""
    near = np.arange(0x3F800000 - 2**20, 0x3F800000 + 2**20, dtype=np.int32).view(np.float32)
    assert error_of_log2(near).max() < 1e-7
    exact = np.log2(near.astype(np.float64))
    assert np.abs(apply(log2_row, near) - exact)[np.abs(exact) > 0].max() < 2e-7
    assert (apply(log2_row, np.ones(16, np.float32)) == 0).all()


def test_log2_of_a_whole_octave() -> None:
    octave = np.arange(0x3F350000 - 64, 0x3FB50000 + 64, 5, dtype=np.int32)
    assert error_of_log2(octave[: len(octave) // 16 * 16].view(np.float32)).max() < 2e-7


def test_exp2_over_its_range() -> None:
    y = np.linspace(-125, 127, 2**20).astype(np.float32)
    exact = np.exp2(y.astype(np.float64))
    assert (np.abs(apply(exp2_row, y) / exact - 1)).max() < 2e-7


def test_exp2_where_the_exponent_changes() -> None:
    halves = np.repeat(np.arange(-124.5, 127, 1), 64)
    y = (halves + np.tile(np.linspace(-1e-3, 1e-3, 64), len(halves) // 64)).astype(np.float32)
    y = y[: len(y) // 16 * 16]
    assert (np.abs(apply(exp2_row, y) / np.exp2(y.astype(np.float64)) - 1)).max() < 2e-7


@pytest.mark.parametrize("whole", range(-125, 128, 4))
def test_exp2_of_whole_numbers(whole: int) -> None:
    assert np.abs(apply(exp2_row, np.full(16, whole, np.float32)) / 2.0**whole - 1).max() < 1.3e-7


@pytest.mark.parametrize("exponent", [1 / 2.2, 1 / 2.4, 1 / 1.8, 1.0, 0.2])
def test_powers(exponent: float) -> None:
    """What the curves are made of: relative to the value, and to 1."""
    x = np.geomspace(1e-37, 1, 2**16).astype(np.float32)
    exact = x.astype(np.float64) ** exponent
    powers = apply(exp2_row, (np.float32(exponent) * apply(log2_row, x)).astype(np.float32))
    assert np.abs(powers - exact)[x > 1e-3].max() < 5e-7
    assert (np.abs(powers / exact - 1)).max() < 1e-5  # the exponent is rounded too
