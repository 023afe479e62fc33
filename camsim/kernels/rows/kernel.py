"""Any 3x3 or 5x5 kernel on one plane. It need not be symmetric: what it makes of a mirror image is not one."""

from __future__ import annotations

from camsim.kernels.frame import (
    LEFT,
    TILE_COLUMNS,
    WIDTH,
    coefficients_of,
    five_in,
    mirror_columns,
    row_out,
    three_in,
)
from camsim.kernels.jit import lane_function
from camsim.kernels.operation import Operation
from camsim.kernels.program import ACROSS, RADIUS
from camsim.kernels.simd import FloatVector, at, integer, number, put


@lane_function
def along_three(row: int, taps: int, x: int) -> FloatVector:
    """Three numbers times what lies around x in a row."""
    return (number(taps, 0) * at(row, x - 1) + number(taps, 1) * at(row, x)) + number(taps, 2) * at(row, x + 1)


@lane_function
def along_five(row: int, taps: int, x: int) -> FloatVector:
    """Five numbers times what lies around x in a row."""
    left = number(taps, 0) * at(row, x - 2) + number(taps, 1) * at(row, x - 1)
    right = number(taps, 3) * at(row, x + 1) + number(taps, 4) * at(row, x + 2)
    return (left + number(taps, 2) * at(row, x)) + right


@lane_function
def correlated_three(rows: tuple[int, int, int], taps: int, x: int) -> FloatVector:
    """Nine numbers, row by row, times what lies around x."""
    above, here = along_three(rows[0], taps, x), along_three(rows[1], taps + 12, x)
    return (above + here) + along_three(rows[2], taps + 24, x)


@lane_function
def correlated_five(rows: tuple[int, int, int, int, int], taps: int, x: int) -> FloatVector:
    """25 numbers, row by row, times what lies around x."""
    above = along_five(rows[0], taps, x) + along_five(rows[1], taps + 20, x)
    below = along_five(rows[3], taps + 60, x) + along_five(rows[4], taps + 80, x)
    return (above + along_five(rows[2], taps + 40, x)) + below


@Operation
def kernel(op: int, frame: int, y: int, first: int, last: int) -> None:
    """See camsim.isp.correlate; the coefficients are the kernel, row by row."""
    taps, out = coefficients_of(op, frame), row_out(op, frame, 0, y)
    if integer(op, RADIUS) == 1:
        three = three_in(op, frame, 0, y)
        for x in range(first, last, 16):
            put(out, x, correlated_three(three, taps, x))
    else:
        five = five_in(op, frame, 0, y)
        for x in range(first, last, 16):
            put(out, x, correlated_five(five, taps, x))
    mirror_columns(out, integer(frame, WIDTH), integer(frame, LEFT), integer(op, ACROSS), integer(frame, TILE_COLUMNS))
