"""Mean of a window, weighted by closeness in place and in value."""

from __future__ import annotations

import numpy as np

from camsim.kernels.frame import ROWS, coefficients_of, row_near, row_out
from camsim.kernels.jit import lane_function
from camsim.kernels.operation import Operation
from camsim.kernels.power import exp2
from camsim.kernels.program import RADIUS
from camsim.kernels.simd import FloatVector, at, greatest, integer, number, put, set_integer, single, spread

_ZERO, _ONE = single(0), single(1)
_NOTHING = single(-100)
"""A weight of 2^-100 changes no float32 sum that holds a 1."""


@lane_function
def mean_of_window(rows: int, radius: int, place: float, value: float, x: int) -> FloatVector:
    """The centre, and how far the mean lies from it; ``rows`` lists 2 * radius + 1 addresses."""
    centre, nothing = at(integer(rows, radius), x), spread(_NOTHING)
    weights, moved = spread(_ZERO), spread(_ZERO)
    for k in range(2 * radius + 1):
        row = integer(rows, k)
        down = place * np.float32((k - radius) * (k - radius))
        for j in range(-radius, radius + 1):
            difference = at(row, x + j) - centre
            exponent = value * (difference * difference) + (down + place * np.float32(j * j))
            weight = exp2(greatest(exponent, nothing))
            weights = weights + weight
            moved = moved + weight * difference
    return centre + moved / weights


@Operation
def bilateral(op: int, frame: int, y: int, first: int, last: int) -> None:
    """Numbers: factors of the squared distance and the squared difference in the exponent of 2, both negative."""
    radius, rows, numbers = integer(op, RADIUS), integer(frame, ROWS), coefficients_of(op, frame)
    for k in range(-radius, radius + 1):
        set_integer(rows, radius + k, row_near(op, frame, 0, y + k))
    out, place, value = row_out(op, frame, 0, y), number(numbers, 0), number(numbers, 1)
    for x in range(first, last, 16):
        put(out, x, mean_of_window(rows, radius, place, value, x))
