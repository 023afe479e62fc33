"""Clouds: a fractal height map by the diamond-square algorithm (Fournier, Fussell & Carpenter, CACM 25 (1982) 371)."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

START = 100.0


def plasma(side: int, decay: float, random: Generator) -> NDArray[np.float32]:
    """(side, side) in [0, 1], ``side`` a power of two; it wraps around.

    Middles of squares, then of their edges, are the mean of their four neighbours and a random number, which shrinks by
    ``decay`` squared from each grid to the next finer one: the smaller, the rougher.
    """
    heights = np.zeros((side, side), dtype=np.float32)
    wobble, step = START, side
    while step >= 2:
        half = step // 2
        corners = heights[::step, ::step]
        square = corners + np.roll(corners, -1, axis=0)
        heights[half::step, half::step] = _wobbled(square + np.roll(square, -1, axis=1), wobble, random)
        middles = heights[half::step, half::step]
        beside = (middles + np.roll(middles, 1, axis=0)) + (corners + np.roll(corners, -1, axis=1))
        heights[::step, half::step] = _wobbled(beside, wobble, random)
        below = (middles + np.roll(middles, 1, axis=1)) + (corners + np.roll(corners, -1, axis=0))
        heights[half::step, ::step] = _wobbled(below, wobble, random)
        step, wobble = half, wobble / decay
    heights -= heights.min()
    heights /= heights.max()
    return heights


def _wobbled(sum_of_four: NDArray[np.float32], wobble: float, random: Generator) -> NDArray[np.float64]:
    move: NDArray[np.float64] = wobble * random.uniform(-wobble, wobble, sum_of_four.shape)
    return sum_of_four / 4 + move
