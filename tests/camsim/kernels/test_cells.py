"""Mosaics taken apart by the columns of their cell, and filters of them for long and for short registers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray

from camsim.kernels import cell_filter, x_trans
from camsim.kernels.cells import joiner, splitter
from camsim.kernels.jit import FAST
from camsim.kernels.simd import put

Kernel = TypeVar("Kernel", bound=Callable[..., Any])
split4, join4, split6, join6 = splitter(4), joiner(4), splitter(6), joiner(6)


def kernel(function: Kernel) -> Kernel:
    """What Python can call: what kernels are made of, only kernels can."""
    compiled: Kernel = njit(fastmath=FAST, error_model="numpy")(function)
    return compiled


@kernel
def apart4(row: int, planes: int, back: int) -> None:
    split4(row, planes, 64)
    join4(planes, 64, back)


@kernel
def apart6(row: int, planes: int, back: int) -> None:
    split6(row, planes, 64)
    join6(planes, 64, back)


@kernel
def both_directions(rows: int, weight: int, together: int, two_and_two: int) -> None:
    for column in range(6):
        out = 128 * column
        (a, b, c, d), (e, f, g, h) = x_trans.four_directions(rows, column, 16, weight)
        for place, value in enumerate((a, b, c, d, e, f, g, h)):
            put(together, out + 16 * place, value)
        (a, b, c, d), (e, f, g, h) = x_trans.two_and_two(rows, column, 16, weight)
        for place, value in enumerate((a, b, c, d, e, f, g, h)):
            put(two_and_two, out + 16 * place, value)


@kernel
def both_filters(mosaics: int, y: int, weights: int, first: int, second: int, wide: int, halves: int) -> None:
    cell_filter.filter_wide(mosaics, y, weights, first, second, wide)
    cell_filter.filter_by_halves(mosaics, y, weights, first, second, halves)


def random(*shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(3).random(shape, dtype=np.float32)


def address(array: NDArray[Any]) -> int:
    return int(array.ctypes.data)


@pytest.mark.parametrize(("period", "both"), [(4, apart4), (6, apart6)])
def test_a_plane_has_every_so_manyth_pixel_and_they_come_together_again(period: int, both: Callable[..., None]) -> None:
    row, back = random(16 * period), np.zeros(16 * period, np.float32)
    planes = np.zeros((period, 16), np.float32)
    both(address(row), address(planes), address(back))
    assert (planes == row.reshape(16, period).T).all()
    assert (back == row).all()


def test_short_registers_give_the_same_directions() -> None:
    rows, weights = random(7, 12, 64), random(7, 7, 8)
    lists = np.array([address(row) for row in rows])
    together, two_and_two = np.zeros((2, 6, 8, 16), np.float32)
    both_directions(address(lists), address(weights), address(together), address(two_and_two))
    expected = [[(rows[:, c : c + 7, 16:32] * weights[:, :, n, None]).sum((0, 1)) for n in range(8)] for c in range(6)]
    assert np.abs(together - np.array(expected)).max() < 1e-5
    assert (together == two_and_two).all()


@pytest.mark.parametrize(("first", "second"), [(0, 0), (1, 2), (0, 3)])
def test_short_registers_filter_alike(first: int, second: int) -> None:
    mosaics, y = random(9, 12, 64), 15
    weights = random(9, 9 + second - first, 2)
    wide, halves = np.zeros((2, 4, 64), np.float32)
    both_filters(address(mosaics), y, address(weights), first, second, address(wide), address(halves))
    seen = mosaics[[(y - 4 + n) % 9 for n in range(9)], first : second + 9]
    for column, number in {first: 0, second: 1}.items():  # of two that are the same, the second is written last
        assert np.abs(wide[column] - (seen * weights[:, :, number, None]).sum((0, 1))).max() < 1e-4
    assert (wide == halves).all()
