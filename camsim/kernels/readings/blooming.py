"""Charge that full pixels cannot hold runs along its column; `camsim.sensor.blooming` is the definition."""

from __future__ import annotations

from typing import Any

import numpy as np

from camsim.kernels.jit import entry_point, row_function
from camsim.kernels.simd import number, set_number

GROUP = 16
"""Columns of a tile."""


@row_function
def _run(held: Any, half: Any, stream: Any, well: float, columns: int, first: int, step: int) -> None:
    """Each pixel's half goes from row to row until it finds room; rows from ``first`` on, down or up."""
    stream[:] = 0.0
    for turn in range(held.shape[0]):
        y = first + step * turn
        for x in range(columns):
            room = well - held[y, x]
            held[y, x] += min(stream[x], room)
            stream[x] = max(0.0, stream[x] + half[y, x] - room)


@entry_point
def run(first: int, last: int, charges: int, height: int, pitch: int, full_well: float, drained: float) -> None:
    """Run tiles [first, last), counted over samples and groups of 16 columns, the last fastest.

    Args:
        first: tile.
        last: exclusive.
        charges: address of (samples, height, pitch) float32 e- as collected, and as held afterwards.
        height: of a frame.
        pitch: of a frame.
        full_well: e-.
        drained: share of the excess that is taken away.
    """
    groups = (pitch + GROUP - 1) // GROUP
    held, half = np.empty((height, GROUP)), np.empty((height, GROUP))
    other, stream = np.empty((height, GROUP)), np.empty(GROUP)
    end = height - 1
    for tile in range(first, last):
        left = tile % groups * GROUP
        columns = min(GROUP, pitch - left)
        frame = charges + 4 * (tile // groups * height * pitch + left)
        is_full = False
        for y in range(height):
            for x in range(columns):
                electrons = np.float64(number(frame, y * pitch + x))
                held[y, x] = min(electrons, full_well)
                half[y, x] = (electrons - held[y, x]) * (1.0 - drained) / 2.0
                if electrons > full_well:
                    is_full = True
        if not is_full:
            continue
        other[:, :] = held
        # Two streams that meet in a pixel compete for its room: the mean of both orders.
        _run(held, half, stream, full_well, columns, 0, 1)
        _run(held, half, stream, full_well, columns, end, -1)
        _run(other, half, stream, full_well, columns, end, -1)
        _run(other, half, stream, full_well, columns, 0, 1)
        for y in range(height):
            for x in range(columns):
                set_number(frame, y * pitch + x, np.float32((held[y, x] + other[y, x]) / 2.0))
