"""The networks of medians, row by row, against numpy: also where values are equal."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from camsim.kernels import frame as at
from camsim.kernels.index import OPERATIONS
from camsim.kernels.program import COLUMNS, INPUT, OUTPUT, Op

Row = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * 5)


def median(plane: NDArray[np.float32], op: Op) -> NDArray[np.float32]:
    """All columns of the row in the middle, as the machine would call for it; the plane is padded by 2."""
    rows = 8
    assert plane.shape[0] <= rows
    ring = np.zeros((rows, plane.shape[1]), np.float32)
    ring[: plane.shape[0]] = plane
    out = np.full((1, plane.shape[1]), np.nan, np.float32)
    planes = np.array(
        [[ring.ctypes.data + 4 * 2, rows - 1, ring.strides[0]], [out.ctypes.data + 4 * 2, 0, out.strides[0]]], np.int64
    )
    vectors = np.empty(25 * 16, np.float32)
    frame = np.zeros(at.SIZE, np.int64)
    frame[at.PLANES], frame[at.VECTORS] = planes.ctypes.data, vectors.ctypes.data
    frame[at.HEIGHT] = plane.shape[0]
    table = np.full(COLUMNS, -1, np.int64)
    table[INPUT], table[OUTPUT] = 0, 1
    call = Row(OPERATIONS[op].address)
    call(table.ctypes.data, frame.ctypes.data, 2, 0, plane.shape[1] - 4)
    return out[0, 2:-2]


@pytest.mark.parametrize(("op", "size"), [(Op.MEDIAN3, 3), (Op.MEDIAN5, 5)], ids=["3", "5"])
@pytest.mark.parametrize("levels", [2, 3, 7, 0], ids="{} levels".format)
def test_is_the_middle_of_the_sorted_values(op: Op, size: int, levels: int) -> None:
    random = np.random.default_rng(levels)
    for _ in range(20):
        plane = random.normal(size=(5, 4 + 96)) if levels == 0 else random.integers(0, levels, (5, 4 + 96)) - 1.0
        plane = plane.astype(np.float32)
        margin = 2 - size // 2
        windows = sliding_window_view(plane[margin : 5 - margin, margin : 100 - margin], (size, size))
        np.testing.assert_array_equal(median(plane, op), np.median(windows, axis=(2, 3))[0].astype(np.float32))


@pytest.mark.parametrize(("op", "size"), [(Op.MEDIAN3, 3), (Op.MEDIAN5, 5)], ids=["3", "5"])
def test_finds_the_middle_wherever_it_lies(op: Op, size: int) -> None:
    """0 and 1 say it all: a network of exchanges is right if it is for those, and each place is the middle once."""
    middle = size * size // 2
    values = np.arange(size * size, dtype=np.float32)
    for place in range(size * size):
        rolled = np.roll(values, place)
        plane = np.zeros((5, 4 + 16), np.float32)
        margin = 2 - size // 2
        plane[margin : margin + size, margin : margin + size] = rolled.reshape(size, size)
        assert median(plane, op)[0] == middle
