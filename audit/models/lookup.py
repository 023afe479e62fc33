"""Pixels to numbers by a table: a loop that the processor runs three times as fast as NumPy's `take`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from camsim.kernels.jit import entry_point


@entry_point
def look_up(pixels: NDArray[np.uint8], tables: NDArray[np.floating[Any]], values: NDArray[np.floating[Any]]) -> None:
    """``values[c, y, x] = tables[c, pixels[c, y, x]]``.

    Args:
        pixels: (C, H, W), in any order of memory; quickest where each row is one piece.
        tables: (C, 256), contiguous, in the type of ``values``.
        values: (C, H, W), to write into.
    """
    for channel in range(pixels.shape[0]):
        table = tables[channel]
        for y in range(pixels.shape[1]):
            row, line = pixels[channel, y], values[channel, y]
            for x in range(row.size):
                line[x] = table[row[x]]
