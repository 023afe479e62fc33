"""Sums over a row, kept in float64."""

from __future__ import annotations

from camsim.kernels.jit import lane_function
from camsim.kernels.simd import FloatVector, add_doubles


@lane_function
def add(sums: int, index: int, share: float, values: FloatVector) -> None:
    """Add the lanes, counted ``share`` times, to the eight sums of a number: adding those up waits for the end."""
    add_doubles(sums, 8 * index, share * values)
