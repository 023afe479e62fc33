"""Hamilton-Adams demosaic in three operations; camsim.isp.demosaic.hamilton_adams is the readable definition.

In a row, *own* is the colour that alternates with green, *other* the one of the rows above and below.
"""

from __future__ import annotations

from camsim.kernels.frame import coefficients_of, five_in, own_site, row_in, row_out, three_in
from camsim.kernels.jit import lane_function
from camsim.kernels.operation import Operation
from camsim.kernels.rows.demosaic import color_weights, colors_out, put_colors
from camsim.kernels.rows.menon import pick
from camsim.kernels.simd import FloatVector, absolute, at, greatest, put, single, spread, where_at_least

_ZERO, _HALF, _QUARTER = single(0), single(0.5), single(0.25)
_TIE = single(3e-6)


@lane_function
def second(ahead: FloatVector, here: FloatVector, behind: FloatVector) -> FloatVector:
    """Second derivative."""
    return (ahead - here) + (behind - here)


@lane_function
def smoother(
    a: FloatVector, slope_a: FloatVector, b: FloatVector, slope_b: FloatVector, tie: FloatVector
) -> FloatVector:
    """The value of the smaller slope; the mean of both where they tie."""
    difference = slope_a - slope_b
    one = where_at_least(difference, spread(_ZERO), b, a)
    return where_at_least(tie, absolute(difference), (a + b) * _HALF, one)


@Operation
def hamilton_peak(op: int, frame: int, y: int, first: int, last: int) -> None:
    """The largest |raw| of five in the row."""
    row, out = row_in(op, frame, 0, y), row_out(op, frame, 0, y)
    for x in range(first, last, 16):
        near = greatest(absolute(at(row, x - 1)), absolute(at(row, x + 1)))
        far = greatest(absolute(at(row, x - 2)), absolute(at(row, x + 2)))
        put(out, x, greatest(absolute(at(row, x)), greatest(near, far)))


@Operation
def hamilton_green(op: int, frame: int, y: int, first: int, last: int) -> None:
    """Green, and how much slopes may differ and still tie; inputs raw, peaks."""
    rows, peaks, own_column = five_in(op, frame, 0, y), five_in(op, frame, 1, y), own_site(op, y)[0]
    green_out, tie_out, row = row_out(op, frame, 0, y), row_out(op, frame, 1, y), rows[2]
    for x in range(first, last, 16):
        above, below = greatest(at(peaks[0], x), at(peaks[1], x)), greatest(at(peaks[3], x), at(peaks[4], x))
        tie = greatest(greatest(above, below), at(peaks[2], x)) * _TIE
        here, left, right, up, down = at(row, x), at(row, x - 1), at(row, x + 1), at(rows[1], x), at(rows[3], x)
        across = second(at(row, x + 2), here, at(row, x - 2))
        along = second(at(rows[4], x), here, at(rows[0], x))
        by_row = (right + left) * _HALF - across * _QUARTER
        by_column = (down + up) * _HALF - along * _QUARTER
        row_slope, column_slope = absolute(right - left) + absolute(across), absolute(down - up) + absolute(along)
        chosen = smoother(by_row, row_slope, by_column, column_slope, tie)
        put(green_out, x, pick(own_column, chosen, here))
        put(tie_out, x, tie)


@Operation
def hamilton_colors(op: int, frame: int, y: int, first: int, last: int) -> None:
    """Red and blue by the second derivatives of green; then matrix and luma. Inputs raw, green, ties."""
    own_column, blue = own_site(op, y)
    raw, green, ties = three_in(op, frame, 0, y), three_in(op, frame, 1, y), row_in(op, frame, 2, y)
    weights, out = color_weights(coefficients_of(op, frame), blue), colors_out(op, frame, y)
    for x in range(first, last, 16):
        here, middle = at(raw[1], x), at(green[1], x)
        across = second(at(green[1], x + 1), middle, at(green[1], x - 1))
        own = (at(raw[1], x + 1) + at(raw[1], x - 1)) * _HALF - across * _HALF
        along = second(at(green[2], x), middle, at(green[0], x))
        other = (at(raw[2], x) + at(raw[0], x)) * _HALF - along * _HALF
        ahead, behind = at(raw[2], x + 1), at(raw[0], x - 1)
        falling = second(at(green[2], x + 1), middle, at(green[0], x - 1))
        ahead2, behind2 = at(raw[2], x - 1), at(raw[0], x + 1)
        rising = second(at(green[2], x - 1), middle, at(green[0], x + 1))
        opposite = smoother(
            (ahead + behind) * _HALF - falling * _HALF,
            absolute(ahead - behind) + absolute(falling),
            (ahead2 + behind2) * _HALF - rising * _HALF,
            absolute(ahead2 - behind2) + absolute(rising),
            at(ties, x),
        )
        put_colors(x, (pick(own_column, here, own), middle, pick(own_column, opposite, other)), weights, out)
