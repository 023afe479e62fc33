"""Sums over a row, kept in float64."""

from __future__ import annotations

from camsim.kernels.jit import lane_function
from camsim.kernels.simd import FloatVector, add_double, total


@lane_function
def add(sums: int, index: int, share: float, values: FloatVector) -> None:
    """Add the sum of the lanes, counted ``share`` times."""
    add_double(sums, index, share * total(values))
