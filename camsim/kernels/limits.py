"""Smallest and largest value of an image in one pass.

Bit patterns of floats are compared as integers: from 0 on they have the order of the floats, infinity and NaN come
last, and whatever is negative comes before 0. So NaN is never lost, which the compiler may assume away of floats.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from camsim.kernels.jit import entry_point, lane_function
from camsim.kernels.simd import LANES, IntVector, at, at_uint16, bits, from_bits, larger, put, smaller
from camsim.kernels.threads import run_tiles

TILE = 16384
"""Pixels of a tile."""


@lane_function
def _patterns(image: int, is_uint16: bool, x: int) -> IntVector:
    return bits(at_uint16(image, x)) if is_uint16 else bits(at(image, x))


@entry_point
def run(first: int, last: int, image: int, is_uint16: bool, pixels: int, found: int) -> None:
    """Look through tiles [first, last) of ``pixels`` >= 16 numbers.

    Args:
        first: a run of 16384 pixels.
        last: exclusive.
        image: address of float32 or uint16.
        is_uint16: which of them.
        pixels: of the whole image.
        found: address of (tiles, 2, 16) float32: for each lane the smallest and the largest bit pattern.
    """
    limit = pixels - LANES
    for tile in range(first, last):
        smallest = largest = _patterns(image, is_uint16, min(tile * TILE, limit))
        for x in range(tile * TILE, min((tile + 1) * TILE, pixels), LANES):
            here = _patterns(image, is_uint16, min(x, limit))
            smallest, largest = smaller(smallest, here), larger(largest, here)
        put(found, 2 * LANES * tile, from_bits(smallest))
        put(found, 2 * LANES * tile + LANES, from_bits(largest))


def limits_of_positive(image: NDArray[Any]) -> tuple[float, float] | None:
    """Smallest and largest of at least 16 float32 or uint16, contiguous; None where one of them is negative or -0.

    NaN is the largest of all.
    """
    tiles = -(-image.size // TILE)
    found = np.empty((tiles, 2, LANES), dtype=np.int32)
    arguments = (image.ctypes.data, image.dtype == np.uint16, image.size, found.ctypes.data)
    run_tiles(lambda first, last: run(first, last, *arguments), tiles)
    low, high = found[:, 0].min(), found[:, 1].max()
    return None if low < 0 else (float(low.view(np.float32)), float(high.view(np.float32)))
