"""Linear filters of one plane, symmetric, with taps from the centre outwards."""

from __future__ import annotations

from camsim.kernels.frame import ROWS, coefficients_of, row_in, row_near, row_out, three_in
from camsim.kernels.jit import lane_function
from camsim.kernels.operation import Operation
from camsim.kernels.program import RADIUS
from camsim.kernels.simd import FloatVector, at, integer, number, put, set_integer


@lane_function
def across(row: int, radius: int, taps: int, x: int) -> FloatVector:
    """The filter along a row."""
    value = number(taps, 0) * at(row, x)
    for k in range(1, radius + 1):
        value = value + number(taps, k) * (at(row, x - k) + at(row, x + k))
    return value


@lane_function
def down(rows: int, radius: int, taps: int, x: int) -> FloatVector:
    """The filter down a column; ``rows`` lists 2 * radius + 1 addresses."""
    value = number(taps, 0) * at(integer(rows, radius), x)
    for k in range(1, radius + 1):
        value = value + number(taps, k) * (at(integer(rows, radius - k), x) + at(integer(rows, radius + k), x))
    return value


@Operation
def horizontal(op: int, frame: int, y: int, first: int, last: int) -> None:
    """Filter along the row."""
    row, out, taps = row_in(op, frame, 0, y), row_out(op, frame, 0, y), coefficients_of(op, frame)
    radius = integer(op, RADIUS)
    for x in range(first, last, 16):
        put(out, x, across(row, radius, taps, x))


@Operation
def vertical(op: int, frame: int, y: int, first: int, last: int) -> None:
    """kept_share * kept + filtered_share * (filter down the column): inputs filtered, kept; the shares come first."""
    radius, rows, numbers = integer(op, RADIUS), integer(frame, ROWS), coefficients_of(op, frame)
    for k in range(-radius, radius + 1):
        set_integer(rows, radius + k, row_near(op, frame, 0, y + k))
    kept, out = row_in(op, frame, 1, y), row_out(op, frame, 0, y)
    kept_share, share, taps = number(numbers, 0), number(numbers, 1), numbers + 8
    for x in range(first, last, 16):
        value = down(rows, radius, taps, x)
        put(out, x, kept_share * at(kept, x) + share * value)


@Operation
def cross(op: int, frame: int, y: int, first: int, last: int) -> None:
    """centre * x + arm * (the four neighbours)."""
    above, row, below = three_in(op, frame, 0, y)
    out, numbers = row_out(op, frame, 0, y), coefficients_of(op, frame)
    centre, arm = number(numbers, 0), number(numbers, 1)
    for x in range(first, last, 16):
        neighbours = (at(above, x) + at(below, x)) + (at(row, x - 1) + at(row, x + 1))
        put(out, x, centre * at(row, x) + arm * neighbours)
