"""Adjoints of matrices and of linear demosaics."""

from __future__ import annotations

from camsim.kernels.adjoint.sums import add
from camsim.kernels.frame import (
    WEIGHTS,
    coefficients_of,
    five_in,
    own_site,
    row_in,
    row_out,
    share_of,
    sums_of,
    three_in,
)
from camsim.kernels.jit import lane_function
from camsim.kernels.operation import Operation
from camsim.kernels.program import SETTING
from camsim.kernels.rows.demosaic import bilinear_colors, color_weights, malvar_colors
from camsim.kernels.simd import FloatVector, alternate, at, integer, put, single, spread

_ZERO = single(0)
_QUARTER, _HALF, _EIGHTH = single(0.25), single(0.5), single(0.125)
_TWO, _FOUR, _FIVE, _SIX, _ONE_HALF = single(2), single(4), single(5), single(6), single(1.5)


@lane_function
def gather(g: tuple[FloatVector, ...], weights: tuple[float, ...], column: int) -> FloatVector:
    """Gradient of one of (own, green, other) from those of red, green, blue and luma."""
    colors = g[0] * weights[column] + g[1] * weights[3 + column] + g[2] * weights[6 + column]
    return colors + g[3] * weights[9 + column]


Sums = tuple[FloatVector, ...]
"""For each channel out (red, green, blue, luma) and each colour in."""


@lane_function
def gradients_in(op: int, frame: int, start: int, y: int) -> tuple[int, int, int, int, int]:
    """The rows of five inputs from ``start`` on: of red, green, blue, and of the luma's plus and minus.

    Taken before a loop: within it, the compiler must assume that what is stored has changed the frame.
    """
    return (
        row_in(op, frame, start, y),
        row_in(op, frame, start + 1, y),
        row_in(op, frame, start + 2, y),
        row_in(op, frame, start + 3, y),
        row_in(op, frame, start + 4, y),
    )


@lane_function
def gradients_at(rows: tuple[int, int, int, int, int], x: int) -> tuple[FloatVector, ...]:
    """Of red, green, blue and luma."""
    return at(rows[0], x), at(rows[1], x), at(rows[2], x), at(rows[3], x) - at(rows[4], x)


@lane_function
def no_sums() -> Sums:
    zero = spread(_ZERO)
    return zero, zero, zero, zero, zero, zero, zero, zero, zero, zero, zero, zero


@lane_function
def more(
    s: Sums, g: tuple[FloatVector, ...], weight: FloatVector, colors: tuple[FloatVector, FloatVector, FloatVector]
) -> Sums:
    """Add weight times gradient times colour for all pairs."""
    own, green, other = colors[0] * weight, colors[1] * weight, colors[2] * weight
    return (
        s[0] + g[0] * own,
        s[1] + g[0] * green,
        s[2] + g[0] * other,
        s[3] + g[1] * own,
        s[4] + g[1] * green,
        s[5] + g[1] * other,
        s[6] + g[2] * own,
        s[7] + g[2] * green,
        s[8] + g[2] * other,
        s[9] + g[3] * own,
        s[10] + g[3] * green,
        s[11] + g[3] * other,
    )


@lane_function
def add_all(sums: int, share: float, s: Sums, blue: int) -> None:
    """Into the places of the matrix, row by row, and of the luma's weights."""
    own, other = 2 * blue, 2 - 2 * blue
    add(sums, own, share, s[0])
    add(sums, 1, share, s[1])
    add(sums, other, share, s[2])
    add(sums, 3 + own, share, s[3])
    add(sums, 4, share, s[4])
    add(sums, 3 + other, share, s[5])
    add(sums, 6 + own, share, s[6])
    add(sums, 7, share, s[7])
    add(sums, 6 + other, share, s[8])
    add(sums, 9 + own, share, s[9])
    add(sums, 10, share, s[10])
    add(sums, 9 + other, share, s[11])


@lane_function
def put_demosaic_gradient(
    out: tuple[int, int, int], x: int, own_column: int, g: tuple[FloatVector, ...], weights: tuple[float, ...]
) -> None:
    """See `demosaic_adjoint`."""
    to_own, to_green = gather(g, weights, 0), gather(g, weights, 1)
    if own_column == 0:
        put(out[0], x, alternate(to_own, to_green))
        put(out[1], x, alternate(to_green, to_own))
    else:
        put(out[0], x, alternate(to_green, to_own))
        put(out[1], x, alternate(to_own, to_green))
    put(out[2], x, gather(g, weights, 2))


@Operation
def demosaic_adjoint(op: int, frame: int, y: int, first: int, last: int) -> None:
    """Gradients of own, green and other colour before the matrix, and sums for the matrix and the luma's weights.

    Inputs mosaic, then the gradients as `gradients_in` takes them; a second setting of 1 is Malvar's. Outputs own at
    own pixels and green at green ones (what the mosaic gave as it is), green at own pixels and own at green ones, and
    other.
    """
    own_column, blue = own_site(op, y)
    weights = color_weights(coefficients_of(op, frame), blue)
    gradients = gradients_in(op, frame, 1, y)
    out = row_out(op, frame, 0, y), row_out(op, frame, 1, y), row_out(op, frame, 2, y)
    inside = integer(frame, WEIGHTS)
    if integer(op, SETTING + 1) == 1:
        r5 = five_in(op, frame, 0, y)
        s = no_sums()
        for x in range(first, last, 16):
            g = gradients_at(gradients, x)
            put_demosaic_gradient(out, x, own_column, g, weights)
            s = more(s, g, at(inside, x), malvar_colors(r5[0], r5[1], r5[2], r5[3], r5[4], own_column, x))
    else:
        r3 = three_in(op, frame, 0, y)
        s = no_sums()
        for x in range(first, last, 16):
            g = gradients_at(gradients, x)
            put_demosaic_gradient(out, x, own_column, g, weights)
            s = more(s, g, at(inside, x), bilinear_colors(r3[0], r3[1], r3[2], own_column, x))
    add_all(sums_of(op, frame), share_of(frame, y), s, blue)


@Operation
def matrix_adjoint(op: int, frame: int, y: int, first: int, last: int) -> None:
    """Gradients of the three planes that went in, their sum (the filtered luma's), and sums for matrix and luma
    weights.

    Inputs red, green, blue, filtered luma, luma, then the gradients as `gradients_in` takes them.
    """
    red, green, blue = row_in(op, frame, 0, y), row_in(op, frame, 1, y), row_in(op, frame, 2, y)
    filtered, luma, inside = row_in(op, frame, 3, y), row_in(op, frame, 4, y), integer(frame, WEIGHTS)
    red_out, green_out, blue_out = row_out(op, frame, 0, y), row_out(op, frame, 1, y), row_out(op, frame, 2, y)
    sum_out, share = row_out(op, frame, 3, y), share_of(frame, y)
    weights, gradients = color_weights(coefficients_of(op, frame), 0), gradients_in(op, frame, 5, y)
    s = no_sums()
    for x in range(first, last, 16):
        g = gradients_at(gradients, x)
        to_red, to_green, to_blue = gather(g, weights, 0), gather(g, weights, 1), gather(g, weights, 2)
        put(red_out, x, to_red)
        put(green_out, x, to_green)
        put(blue_out, x, to_blue)
        put(sum_out, x, (to_red + to_green) + to_blue)
        change = at(filtered, x) - at(luma, x)
        s = more(s, g, at(inside, x), (at(red, x) + change, at(green, x) + change, at(blue, x) + change))
    add_all(sums_of(op, frame), share, s, 0)


@Operation
def bilinear_adjoint(op: int, frame: int, y: int, first: int, last: int) -> None:
    """Gradient of the mosaic: each colour's gradient gathered with the weights that spread it; inputs as made above.

    A pixel gave its colour to itself and its neighbours. At an own pixel: left and right (their own), above and below
    (their other), corners (their other). At a green pixel: the four neighbours (their green).
    """
    own_column, out = own_site(op, y)[0], row_out(op, frame, 0, y)
    direct, crossed, other = row_in(op, frame, 0, y), three_in(op, frame, 1, y), three_in(op, frame, 2, y)
    for x in range(first, last, 16):
        here = at(direct, x)
        beside = at(crossed[1], x - 1) + at(crossed[1], x + 1)
        around = at(crossed[0], x) + at(crossed[2], x)
        below = at(other[0], x) + at(other[2], x)
        corners = (at(other[0], x - 1) + at(other[0], x + 1)) + (at(other[2], x - 1) + at(other[2], x + 1))
        to_own = here + _HALF * (beside + below) + _QUARTER * corners
        to_green = here + _QUARTER * (beside + around)
        put(out, x, alternate(to_own, to_green) if own_column == 0 else alternate(to_green, to_own))


@Operation
def malvar_adjoint(op: int, frame: int, y: int, first: int, last: int) -> None:
    """Gradient of the mosaic, as in `bilinear_adjoint`.

    At an own pixel ``crossed`` holds green's gradient, at a green one the own colour's; each was made with its own
    kernel.
    """
    own_column, out = own_site(op, y)[0], row_out(op, frame, 0, y)
    direct, crossed, other = row_in(op, frame, 0, y), five_in(op, frame, 1, y), five_in(op, frame, 2, y)
    for x in range(first, last, 16):
        here = at(direct, x)
        a0 = at(crossed[2], x)
        a_sides = at(crossed[2], x - 1) + at(crossed[2], x + 1)
        a_poles = at(crossed[1], x) + at(crossed[3], x)
        a_far_sides = at(crossed[2], x - 2) + at(crossed[2], x + 2)
        a_far_poles = at(crossed[0], x) + at(crossed[4], x)
        a_corners = (at(crossed[1], x - 1) + at(crossed[1], x + 1)) + (at(crossed[3], x - 1) + at(crossed[3], x + 1))
        c0 = at(other[2], x)
        c_poles = at(other[1], x) + at(other[3], x)
        c_far_sides = at(other[2], x - 2) + at(other[2], x + 2)
        c_far_poles = at(other[0], x) + at(other[4], x)
        c_corners = (at(other[1], x - 1) + at(other[1], x + 1)) + (at(other[3], x - 1) + at(other[3], x + 1))
        to_own = (
            here
            + _EIGHTH * (_FOUR * a0 - (a_far_sides + a_far_poles))
            + _HALF * a_sides
            + _HALF * c_poles
            + _EIGHTH * (_SIX * c0 + _TWO * c_corners - _ONE_HALF * (c_far_sides + c_far_poles))
        )
        to_green = (
            here
            + _QUARTER * (a_sides + a_poles)
            + _EIGHTH * (_FIVE * a0 - a_far_sides - a_corners + _HALF * a_far_poles)
            + _EIGHTH * (_FIVE * c0 - c_far_poles - c_corners + _HALF * c_far_sides)
        )
        put(out, x, alternate(to_own, to_green) if own_column == 0 else alternate(to_green, to_own))
