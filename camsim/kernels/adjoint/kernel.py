"""Adjoint of a kernel that need not be symmetric.

Gradients come as the mirror image of their frame, with the edges doubled: see docs/performance.md. For a symmetric
filter the adjoint is then the filter itself. Any kernel is the sum of parts that are even or odd across and down. What
an odd part makes of a mirror image is odd about the edges, and 0 on them; so is the gradient that it takes. Its adjoint
is the flipped kernel over a gradient with the other sign beyond the edge, and 0 on it. Even and odd parts together are:
the flipped kernel for pixels inside the image, the kernel as it is for those beyond its edge, the mean of both on it.
"""

from __future__ import annotations

from camsim.kernels.adjoint.stencil import weighted
from camsim.kernels.adjoint.sums import add
from camsim.kernels.frame import (
    HEIGHT,
    LEFT,
    ROWS,
    TILE_COLUMNS,
    VECTORS,
    WEIGHTS,
    WIDTH,
    coefficients_of,
    five_in,
    mirror_columns,
    row_in,
    row_near,
    row_out,
    share_of,
    sums_of,
    three_in,
)
from camsim.kernels.jit import lane_function, row_function
from camsim.kernels.operation import Operation
from camsim.kernels.program import ACROSS, RADIUS
from camsim.kernels.rows.kernel import correlated_five, correlated_three
from camsim.kernels.simd import at, integer, number, put, set_integer, set_number, single, spread

_ZERO, _HALF = single(0), single(0.5)
INSIDE, EDGE, BEYOND = 1, 0, -1


@row_function
def side_of(index: int, size: int) -> int:
    """Whether a row or column lies inside the image or beyond its edge, where beyond the next edge is inside again."""
    place = index % (2 * (size - 1))
    if place in (0, size - 1):
        return EDGE
    return INSIDE if place < size - 1 else BEYOND


@lane_function
def chosen(side: int, inside: float, beyond: float) -> float:
    """One of two numbers, or their mean."""
    if side == INSIDE:
        return inside
    return beyond if side == BEYOND else _HALF * (inside + beyond)


@row_function
def flipped(taps: int, radius: int, y: int, height: int, out: int) -> None:
    """The kernel that makes a row away from the left and right edge: flipped across, and down as the rows ask for."""
    side = 2 * radius + 1
    for j in range(side):
        where = side_of(y + j - radius, height)
        for i in range(side):
            inside, beyond = side * (side - 1 - j) + side - 1 - i, side * j + side - 1 - i
            set_number(out, side * j + i, chosen(where, number(taps, inside), number(taps, beyond)))


@row_function
def edge_pixel(rows: int, taps: int, radius: int, left: int, width: int, x: int) -> float:
    """The gradient of a pixel near the left or right edge; ``taps`` as `flipped` makes them."""
    side, total = 2 * radius + 1, _ZERO
    for i in range(side):
        where = side_of(left + x + i - radius, width)
        for j in range(side):
            tap = chosen(where, number(taps, side * j + i), number(taps, side * j + side - 1 - i))
            total = total + tap * number(integer(rows, j), x + i - radius)
    return total


@row_function
def add_three(gradient: int, weights: int, row: int, share: float, sums: int, last: int) -> None:
    """Sums for three numbers of a kernel's row."""
    a, b, c = spread(_ZERO), spread(_ZERO), spread(_ZERO)
    for x in range(0, last, 16):
        g = weighted(gradient, weights, x)
        a, b, c = a + g * at(row, x - 1), b + g * at(row, x), c + g * at(row, x + 1)
    add(sums, 0, share, a)
    add(sums, 1, share, b)
    add(sums, 2, share, c)


@row_function
def add_five(gradient: int, weights: int, row: int, share: float, sums: int, last: int) -> None:
    """Sums for five numbers of a kernel's row."""
    a, b, c, d, e = spread(_ZERO), spread(_ZERO), spread(_ZERO), spread(_ZERO), spread(_ZERO)
    for x in range(0, last, 16):
        g = weighted(gradient, weights, x)
        a, b, c = a + g * at(row, x - 2), b + g * at(row, x - 1), c + g * at(row, x)
        d, e = d + g * at(row, x + 1), e + g * at(row, x + 2)
    add(sums, 0, share, a)
    add(sums, 1, share, b)
    add(sums, 2, share, c)
    add(sums, 3, share, d)
    add(sums, 4, share, e)


@Operation
def kernel_adjoint(op: int, frame: int, y: int, first: int, last: int) -> None:
    """Gradient of the plane that was filtered, and sums for the kernel; inputs gradient, that plane."""
    radius, rows, taps = integer(op, RADIUS), integer(frame, ROWS), integer(frame, VECTORS)
    width, height, left = integer(frame, WIDTH), integer(frame, HEIGHT), integer(frame, LEFT)
    here, out, side = row_in(op, frame, 0, y), row_out(op, frame, 0, y), 2 * radius + 1
    flipped(coefficients_of(op, frame), radius, y, height, taps)
    if radius == 1:
        three = three_in(op, frame, 0, y)
        for x in range(first, last, 16):
            put(out, x, correlated_three(three, taps, x))
    else:
        five = five_in(op, frame, 0, y)
        for x in range(first, last, 16):
            put(out, x, correlated_five(five, taps, x))
    for k in range(side):
        set_integer(rows, k, row_near(op, frame, 0, y + k - radius))
    for x in range(max(first, -left), min(last, radius + 1 - left, width - left)):
        set_number(out, x, edge_pixel(rows, taps, radius, left, width, x))
    for x in range(max(first, width - radius - 1 - left, -left), min(last, width - left)):
        set_number(out, x, edge_pixel(rows, taps, radius, left, width, x))
    mirror_columns(out, width, left, integer(op, ACROSS), integer(frame, TILE_COLUMNS))
    weights, share, sums = integer(frame, WEIGHTS), share_of(frame, y), sums_of(op, frame)
    if share > 0:
        for k in range(side):
            row = row_near(op, frame, 1, y + k - radius)
            if radius == 1:
                add_three(here, weights, row, share, sums + 64 * side * k, last)
            else:
                add_five(here, weights, row, share, sums + 64 * side * k, last)
