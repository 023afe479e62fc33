"""Linear demosaics with a 3x3 matrix behind them: one mosaic plane to three colour planes and their luma.

In a row of the Bayer cell green alternates with one other colour, the row's *own*; the *other* lies in the rows above
and below. What a pixel misses depends only on which of the two it is.
"""

from __future__ import annotations

from camsim.kernels.frame import coefficients_of, five_in, own_site, row_out, three_in
from camsim.kernels.jit import lane_function
from camsim.kernels.operation import Operation
from camsim.kernels.simd import FloatVector, alternate, at, number, put, single

_QUARTER, _HALF, _EIGHTH = single(0.25), single(0.5), single(0.125)
_FOUR, _FIVE, _SIX, _ONE_HALF = single(4), single(5), single(6), single(1.5)
_TWO = single(2)


@lane_function
def color_weights(coefficients: int, blue_row: int) -> tuple[float, ...]:
    """Weights of the own colour, green and the other colour, for red, green, blue and luma out.

    The coefficients are the matrix row by row, then its luma (3).
    """
    a, b = 2 * blue_row, 2 - 2 * blue_row  # columns of the own and of the other colour
    return (
        number(coefficients, a),
        number(coefficients, 1),
        number(coefficients, b),
        number(coefficients, 3 + a),
        number(coefficients, 4),
        number(coefficients, 3 + b),
        number(coefficients, 6 + a),
        number(coefficients, 7),
        number(coefficients, 6 + b),
        number(coefficients, 9 + a),
        number(coefficients, 10),
        number(coefficients, 9 + b),
    )


@lane_function
def put_colors(
    x: int,
    colors: tuple[FloatVector, FloatVector, FloatVector],
    weights: tuple[float, ...],
    out: tuple[int, int, int, int],
) -> None:
    """The matrix times a pixel's colours, and its luma, into the four rows ``out``."""
    own, green, other = colors
    put(out[0], x, weights[0] * own + weights[1] * green + weights[2] * other)
    put(out[1], x, weights[3] * own + weights[4] * green + weights[5] * other)
    put(out[2], x, weights[6] * own + weights[7] * green + weights[8] * other)
    put(out[3], x, weights[9] * own + weights[10] * green + weights[11] * other)


@lane_function
def colors_out(op: int, frame: int, y: int) -> tuple[int, int, int, int]:
    """The rows for red, green, blue and luma."""
    return row_out(op, frame, 0, y), row_out(op, frame, 1, y), row_out(op, frame, 2, y), row_out(op, frame, 3, y)


@lane_function
def bilinear_colors(
    above: int, row: int, below: int, own_column: int, x: int
) -> tuple[FloatVector, FloatVector, FloatVector]:
    """Own, green and other colour; the own lies in even (0) or odd (1) columns."""
    here = at(row, x)
    across = (at(row, x - 1) + at(row, x + 1)) * _HALF
    down = (at(above, x) + at(below, x)) * _HALF
    around = (across + down) * _HALF
    corners = ((at(above, x - 1) + at(above, x + 1)) + (at(below, x - 1) + at(below, x + 1))) * _QUARTER
    if own_column == 0:
        return alternate(here, across), alternate(around, here), alternate(corners, down)
    return alternate(across, here), alternate(here, around), alternate(down, corners)


@lane_function
def malvar_colors(
    above2: int, above: int, row: int, below: int, below2: int, own_column: int, x: int
) -> tuple[FloatVector, FloatVector, FloatVector]:
    """Own, green and other colour; the own lies in even (0) or odd (1) columns."""
    here = at(row, x)
    sides = at(row, x - 1) + at(row, x + 1)
    poles = at(above, x) + at(below, x)
    far_sides = at(row, x - 2) + at(row, x + 2)
    far_poles = at(above2, x) + at(below2, x)
    corners = (at(above, x - 1) + at(above, x + 1)) + (at(below, x - 1) + at(below, x + 1))
    far = far_sides + far_poles
    green_here = (_FOUR * here + _TWO * (sides + poles) - far) * _EIGHTH
    along_row = (_FIVE * here + _FOUR * sides - corners - far_sides + _HALF * far_poles) * _EIGHTH
    along_column = (_FIVE * here + _FOUR * poles - corners - far_poles + _HALF * far_sides) * _EIGHTH
    opposite = (_SIX * here + _TWO * corners - _ONE_HALF * far) * _EIGHTH
    if own_column == 0:
        return alternate(here, along_row), alternate(green_here, here), alternate(opposite, along_column)
    return alternate(along_row, here), alternate(here, green_here), alternate(along_column, opposite)


@Operation
def bilinear(op: int, frame: int, y: int, first: int, last: int) -> None:
    """See camsim.isp.demosaic.bilinear."""
    own_column, blue = own_site(op, y)
    rows, out = three_in(op, frame, 0, y), colors_out(op, frame, y)
    weights = color_weights(coefficients_of(op, frame), blue)
    if own_column == 0:
        for x in range(first, last, 16):
            put_colors(x, bilinear_colors(rows[0], rows[1], rows[2], 0, x), weights, out)
    else:
        for x in range(first, last, 16):
            put_colors(x, bilinear_colors(rows[0], rows[1], rows[2], 1, x), weights, out)


@Operation
def malvar(op: int, frame: int, y: int, first: int, last: int) -> None:
    """See camsim.isp.demosaic.malvar2004."""
    own_column, blue = own_site(op, y)
    rows, out = five_in(op, frame, 0, y), colors_out(op, frame, y)
    weights = color_weights(coefficients_of(op, frame), blue)
    if own_column == 0:
        for x in range(first, last, 16):
            put_colors(x, malvar_colors(rows[0], rows[1], rows[2], rows[3], rows[4], 0, x), weights, out)
    else:
        for x in range(first, last, 16):
            put_colors(x, malvar_colors(rows[0], rows[1], rows[2], rows[3], rows[4], 1, x), weights, out)
