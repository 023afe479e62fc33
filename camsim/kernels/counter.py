"""Random words by counting: Philox 2x32-7, many pixels at a time.

A pixel's words depend on a key and its index alone, so that any pixel's noise can be drawn at any time, in any order,
and again in the backward pass. Philox's key and counter are 96 bits: the 64-bit key of a sample fills the key and the
high word of the counter, the pixel's index (y * width + x) the low word. Seven rounds pass BigCrush.

Source: J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from camsim.kernels.jit import row_function
from camsim.kernels.registers import WIDE
from camsim.kernels.simd import LANES, I, from_bits, put

ROUNDS = 7
MULTIPLIER = 0xD256D193
WEYL = 0x9E3779B9
"""What the key grows by from round to round."""

GROUP = 4 if WIDE else 1
"""Vectors drawn together: a round waits for the one before it, and other vectors fill the wait."""

_WORD, _LONG = ir.IntType(32), ir.IntType(64)
_LOW = 0xFFFFFFFF


def _longs(values: Sequence[int]) -> ir.Constant:
    return ir.Constant(ir.VectorType(_LONG, len(values)), [ir.Constant(_LONG, value) for value in values])


def _chosen(builder: Any, first: Any, second: Any, lanes: Sequence[int]) -> Any:
    """These lanes of two vectors, counted through both."""
    mask = ir.Constant(ir.VectorType(_WORD, len(lanes)), [ir.Constant(_WORD, lane) for lane in lanes])
    return builder.shuffle_vector(first, second, mask)


def _spread(builder: Any, value: Any, lanes: int) -> Any:
    empty = ir.Constant(ir.VectorType(_LONG, lanes), ir.Undefined)
    return _chosen(builder, builder.insert_element(empty, value, ir.Constant(_WORD, 0)), empty, [0] * lanes)


def _philox(builder: Any, index: Any, key: Any) -> tuple[Any, Any]:
    """The words of any number of pixels, whose indices are given, each in the lower half of 64 bits."""
    lanes = index.type.count
    low, half, multiplier = (_longs([value] * lanes) for value in (_LOW, 32, MULTIPLIER))
    key32 = builder.and_(key, ir.Constant(_LONG, _LOW))
    left, right = index, _spread(builder, builder.lshr(key, ir.Constant(_LONG, 32)), lanes)
    for turn in range(ROUNDS):
        bumped = builder.and_(builder.add(key32, ir.Constant(_LONG, turn * WEYL & _LOW)), ir.Constant(_LONG, _LOW))
        product = builder.mul(builder.and_(left, low), multiplier)
        mixed = builder.xor(builder.lshr(product, half), _spread(builder, bumped, lanes))
        left, right = builder.xor(mixed, builder.and_(right, low)), product
    return left, right


@intrinsic
def random_words(typing: Any, index: Any, key: Any) -> Any:
    """Two words of 32 random bits for each of the pixels index ... index + 15 (modulo 2^32) under a 64-bit key."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        first, key64 = args
        found = _philox(builder, builder.add(_spread(builder, first, LANES), _longs(range(LANES))), key64)
        return cgutils.pack_array(builder, [builder.trunc(word, ir.VectorType(_WORD, LANES)) for word in found])

    return types.UniTuple(I, 2)(types.int64, types.uint64), lower


@intrinsic
def _put_words(typing: Any, index: Any, key: Any, place: Any, first_words: Any, second_words: Any) -> Any:
    """Both words of the pixels of a group, from ``index`` on, into two rows, from element ``place`` on."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        index, key64, place, *rows = args
        lanes = GROUP * LANES
        # Of sixteen pixels the even ones, then the odd: the words in the lower halves of two registers are then one
        # choice of lanes.
        halves = [*range(0, LANES, 2), *range(1, LANES, 2)]
        order = [start + lane for start in range(0, lanes, LANES) for lane in halves]
        places = [2 * order.index(lane) for lane in range(lanes)]
        found = _philox(builder, builder.add(_spread(builder, index, lanes), _longs(order)), key64)
        words = ir.VectorType(_WORD, 2 * lanes)
        for row, word in zip(rows, found, strict=True):
            target = builder.gep(builder.inttoptr(row, _WORD.as_pointer()), [place])
            chosen = _chosen(builder, builder.bitcast(word, words), ir.Constant(words, ir.Undefined), places)
            builder.store(chosen, builder.bitcast(target, chosen.type.as_pointer()), align=4)
        return context.get_dummy_value()

    return types.void(types.int64, types.uint64, *[types.int64] * 3), lower


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
    vector = 0
    while vector + GROUP <= vectors and start + (vector + GROUP - 1) * LANES <= limit:
        _put_words(start + vector * LANES, key, vector * LANES, first_words, second_words)
        vector += GROUP
    while vector < vectors:
        first, second = random_words(min(start + vector * LANES, limit), key)
        put(first_words, vector * LANES, from_bits(first))
        put(second_words, vector * LANES, from_bits(second))
        vector += 1
