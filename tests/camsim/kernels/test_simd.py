"""Operations on sixteen lanes against numpy."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray

from camsim.kernels import simd
from camsim.kernels.jit import FAST

Floats = NDArray[np.float32]
at, put, spread = simd.at, simd.put, simd.spread


@njit(fastmath=FAST, error_model="numpy")
def _floats(a: int, b: int, c: int, d: int, one: float, out: int) -> None:
    x, y, z, w = at(a, 0), at(b, 0), at(c, 0), at(d, 0)
    put(out, 0, simd.alternate(x, y))
    put(out, 16, simd.where_at_least(x, y, z, w))
    put(out, 32, simd.least(x, y))
    put(out, 48, simd.greatest(x, y))
    put(out, 64, simd.absolute(x))
    put(out, 80, simd.with_sign(x, y))
    put(out, 96, simd.nearest(x))
    put(out, 112, simd.spread(one))
    put(out, 128, x + y)
    put(out, 144, x - y)
    put(out, 160, x * y)
    put(out, 176, x / y)
    put(out, 192, one + x)
    put(out, 208, x - one)
    put(out, 224, one * x)
    put(out, 240, x / one)
    put(out, 256, simd.real(simd.whole(x)))
    put(out, 272, simd.from_bits(simd.bits(x)))
    put(out, 288, simd.real(simd.up(simd.whole(x), np.int32(3))))
    put(out, 304, simd.real(simd.down(simd.whole(x), np.int32(2))))
    put(out, 320, simd.real(simd.whole(x) + simd.whole(y)))
    put(out, 336, simd.real(simd.whole(x) - simd.whole(y)))
    put(out, 352, simd.real(simd.bits(x) + np.int32(1)))
    put(out, 368, simd.backwards(x))


NAMES = [
    *("alternate", "where_at_least", "least", "greatest", "absolute", "with_sign", "nearest", "spread"),
    *("add", "sub", "mul", "div", "number + vector", "vector - number", "number * vector", "vector / number"),
    *("whole", "bits and back", "up", "down", "int add", "int sub", "int + number", "backwards"),
]


def expected(a: Floats, b: Floats, c: Floats, d: Floats, one: np.float32) -> list[NDArray[np.float64]]:
    lanes = np.arange(16)
    whole = np.trunc(a).astype(np.int32)
    return [
        np.where(lanes % 2 == 0, a, b),
        np.where(a >= b, c, d),
        np.minimum(a, b),
        np.maximum(a, b),
        np.abs(a),
        np.copysign(a, b),
        np.rint(a),
        np.full(16, one),
        a + b,
        a - b,
        a * b,
        a / b,
        one + a,
        a - one,
        one * a,
        a / one,
        whole,
        a,
        whole << 3,
        whole >> 2,
        whole + np.trunc(b).astype(np.int32),
        whole - np.trunc(b).astype(np.int32),
        a.view(np.int32) + 1,
        a[::-1],
    ]


def rows(seed: int) -> tuple[Floats, Floats, Floats, Floats]:
    random = np.random.default_rng(seed)
    a, b, c, d = random.normal(0, 40, (4, 16)).astype(np.float32)
    a[3], b[3] = 7.5, 7.5  # a tie
    a[4], b[4] = 2.5, -0.5
    a[5], a[6], a[7], a[8], a[9] = -2.5, 0.5, 1.5, -0.5, -1.5  # halves go to even
    return a, b, c, d


@pytest.mark.parametrize("place", range(len(NAMES)), ids=NAMES)
def test_lanes(place: int) -> None:
    for seed in range(5):
        given, one = rows(seed), np.float32(1.75)
        out = np.full(16 * len(NAMES), np.nan, np.float32)
        _floats(*(row.ctypes.data for row in given), one, out.ctypes.data)
        wanted = np.asarray(expected(*given, one)[place]).astype(np.float32)
        # A division may be a multiplication with the reciprocal.
        rtol = 3e-7 if "div" in NAMES[place] or "/" in NAMES[place] else 0
        np.testing.assert_allclose(out[16 * place : 16 * place + 16], wanted, rtol=rtol, atol=0)


@njit(fastmath=FAST, error_model="numpy")
def _memory(floats: int, shorts: int, doubles: int, integers: int, out: int, bytes_: int, copy: int, x: int) -> None:
    put(out, 0, at(floats, x))
    put(out, 16, simd.at_uint16(shorts, x))
    simd.put_uint8(bytes_, x, simd.nearest(at(floats, x)))
    simd.set_number(out, 32, simd.number(floats, x) + simd.number_uint16(shorts, x))
    simd.add_doubles(doubles, x, at(floats, x))
    simd.set_integer(integers, x, simd.integer(integers, x - 1) + 5)
    simd.copy_bytes(floats, copy, 4 * x)
    simd.soon_read(floats, 64)
    simd.soon_written(copy, 64)


@pytest.mark.parametrize("x", [1, 2, 7, 16, 23])
def test_memory(x: int) -> None:
    """Places that are not aligned to anything, and nothing written beside them."""
    random = np.random.default_rng(x)
    floats = random.uniform(0, 255, 48).astype(np.float32)
    floats[[x, x + 1, x + 2, x + 3]] = 0, 254.5, 255, 0.5
    shorts = random.integers(0, 2**16, 48).astype(np.uint16)
    shorts[x] = 65535
    doubles, integers = random.normal(size=48), random.integers(-(2**60), 2**60, 48)
    out, bytes_, copy = np.full(64, -1, np.float32), np.full(64, 77, np.uint8), np.full(48, -1, np.float32)
    before = doubles.copy(), integers.copy()
    arrays = (floats, shorts, doubles, integers, out, bytes_, copy)
    _memory(*(array.ctypes.data for array in arrays), x)
    np.testing.assert_array_equal(out[:16], floats[x : x + 16])
    np.testing.assert_array_equal(out[16:32], shorts[x : x + 16])
    assert out[32] == floats[x] + np.float32(shorts[x])
    assert (out[33:] == -1).all()
    np.testing.assert_array_equal(bytes_[x : x + 16], np.rint(floats[x : x + 16]))
    assert (np.delete(bytes_, np.arange(x, x + 16)) == 77).all()
    lanes = floats[x : x + 16].astype(np.float64)
    before[0][x : x + 8] += lanes[:8] + lanes[8:]
    before[1][x] = before[1][x - 1] + 5
    np.testing.assert_array_equal(doubles, before[0])
    np.testing.assert_array_equal(integers, before[1])
    np.testing.assert_array_equal(copy, np.where(np.arange(48) < x, floats, -1))


def test_sums_are_kept_in_float64() -> None:
    floats = np.zeros(64, np.float32)
    floats[1:17] = 1
    floats[1] = 2**24
    others = [np.zeros(64, kind) for kind in (np.uint16, np.float64, np.int64, np.float32, np.uint8, np.float32)]
    for _ in range(2):
        _memory(floats.ctypes.data, *(array.ctypes.data for array in others), 1)
    assert others[1][1:9].tolist() == [2**25 + 2, *[4] * 7]
