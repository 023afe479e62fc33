"""Noise for whole samples: what the plain path draws, by the same functions as the fused capture."""

from __future__ import annotations

import numpy as np

from camsim.kernels.counter import words_row
from camsim.kernels.jit import entry_point
from camsim.kernels.normal import normal_row
from camsim.kernels.poisson import BLOCK, poisson_row
from camsim.kernels.simd import LANES, at, integer, put

SHOT, READ = 0, 1
"""Which of a pixel's two random words an effect has."""
TILE = 16384
"""Pixels of a tile: a run of a sample's pixels, all of its rows in one."""


@entry_point
def run(first: int, last: int, means: int, out: int, pixels: int, keys: int) -> None:
    """Fill tiles [first, last) of samples of ``pixels`` >= 16 float32.

    Args:
        first: counted over samples and runs of 16384 pixels, the last fastest.
        last: exclusive.
        means: address of what to draw Poisson counts for; 0: draw standard normal numbers.
        out: address of the result.
        pixels: of a sample.
        keys: address of one uint64 for each sample.
    """
    rows = np.empty(8 * BLOCK + LANES, np.float32)
    row = (rows.ctypes.data + 63) // 64 * 64
    shot, read, spare = row + 4 * BLOCK, row + 8 * BLOCK, row + 12 * BLOCK
    tiles = (pixels + TILE - 1) // TILE
    limit = pixels - LANES
    for tile in range(first, last):
        sample = tile // tiles
        key = np.uint64(integer(keys, sample))
        end = min((tile % tiles + 1) * TILE, pixels)
        for start in range(tile % tiles * TILE, end, BLOCK):
            vectors = (min(end - start, BLOCK) + LANES - 1) // LANES
            words_row(start, limit, key, vectors, shot, read)
            if means == 0:
                normal_row(read, READ, start, limit, key, vectors, row)
            else:
                for place in range(0, vectors * LANES, LANES):
                    put(row, place, at(means, sample * pixels + min(start + place, limit)))
                poisson_row(row, shot, SHOT, start, limit, key, vectors, spare)
            for place in range(0, vectors * LANES, LANES):
                put(out, sample * pixels + min(start + place, limit), at(row, place))
    rows[0] = 0  # numba frees an array after its last use, and an address is none: this is the last
