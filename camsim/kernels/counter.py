"""Random words by counting: Philox 2x32-7, sixteen pixels at a time.

A pixel's words depend on a key and its index alone, so that any pixel's noise can be drawn at any time, in any order,
and again in the backward pass. Philox's key and counter are 96 bits: the 64-bit key of a sample fills the key and the
high word of the counter, the pixel's index (y * width + x) the low word. Seven rounds pass BigCrush.

Source: J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from camsim.kernels.jit import row_function
from camsim.kernels.simd import LANES, I, from_bits, put
from camsim.kernels.simd.vector import spread_lanes

ROUNDS = 7
MULTIPLIER = 0xD256D193
WEYL = 0x9E3779B9
"""What the key grows by from round to round."""

_WORD, _LONG = ir.IntType(32), ir.IntType(64)
_WORDS, _LONGS = ir.VectorType(_WORD, LANES), ir.VectorType(_LONG, LANES)
_LOW = 0xFFFFFFFF


def _all(value: int) -> ir.Constant:
    return ir.Constant(_LONGS, [ir.Constant(_LONG, value)] * LANES)


@intrinsic
def random_words(typing: Any, index: Any, key: Any) -> Any:
    """Two words of 32 random bits for each of the pixels index ... index + 15 (modulo 2^32) under a 64-bit key."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        first, key64 = args
        low = ir.Constant(_LONG, _LOW)
        lanes = ir.Constant(_LONGS, [ir.Constant(_LONG, lane) for lane in range(LANES)])
        left = builder.add(spread_lanes(builder, first, _LONGS), lanes)
        right = spread_lanes(builder, builder.lshr(key64, ir.Constant(_LONG, 32)), _LONGS)
        key32 = builder.and_(key64, low)
        for turn in range(ROUNDS):
            bumped = builder.and_(builder.add(key32, ir.Constant(_LONG, turn * WEYL & _LOW)), low)
            product = builder.mul(builder.and_(left, _all(_LOW)), _all(MULTIPLIER))
            mixed = builder.xor(builder.lshr(product, _all(32)), spread_lanes(builder, bumped, _LONGS))
            left = builder.xor(mixed, builder.and_(right, _all(_LOW)))
            right = product
        return cgutils.pack_array(builder, [builder.trunc(word, _WORDS) for word in (left, right)])

    return types.UniTuple(I, 2)(types.int64, types.uint64), lower


@row_function
def random_words_of_pixel(index: int, key: np.uint64) -> tuple[np.uint64, np.uint64]:
    """The same two words for one pixel, as uint64 below 2^32."""
    low = np.uint64(_LOW)
    half = np.uint64(32)
    left, right, key32 = np.uint64(index) & low, np.uint64(key) >> half, np.uint64(key) & low
    for _ in range(ROUNDS):
        product = left * np.uint64(MULTIPLIER)
        left, right = (product >> half) ^ key32 ^ right, product & low
        key32 = (key32 + np.uint64(WEYL)) & low
    return left, right


@row_function
def words_row(start: int, limit: int, key: np.uint64, vectors: int, first_words: int, second_words: int) -> None:
    """Both words of a run of pixels into two rows, given by their addresses.

    Vector v holds the pixels from min(start + 16 v, limit) on: the last may overlap the one before it.
    """
    for vector in range(vectors):
        first, second = random_words(min(start + vector * LANES, limit), key)
        put(first_words, vector * LANES, from_bits(first))
        put(second_words, vector * LANES, from_bits(second))
