"""Adjoints of matrices and of linear demosaics."""

from __future__ import annotations

import numpy as np

from camsim.kernels.adjoint.sums import add
from camsim.kernels.jit import lane_function, row_function
from camsim.kernels.rows.demosaic import bilinear_colors, malvar_colors
from camsim.kernels.simd import FloatVector, alternate, at, put, spread

_ZERO = np.float32(0)
_QUARTER, _HALF, _EIGHTH = np.float32(0.25), np.float32(0.5), np.float32(0.125)
_TWO, _FOUR, _FIVE, _SIX, _ONE_HALF = np.float32(2), np.float32(4), np.float32(5), np.float32(6), np.float32(1.5)


@lane_function
def gather(g: tuple[FloatVector, ...], weights: tuple[float, ...], column: int) -> FloatVector:
    """Gradient of one of (own, green, other) from those of red, green, blue and luma."""
    return (
        weights[column] * g[0]
        + weights[3 + column] * g[1]
        + weights[6 + column] * g[2]
        + weights[9 + column] * g[3]
    )


@lane_function
def gradients_at(planes: tuple[int, ...], x: int) -> tuple[FloatVector, FloatVector, FloatVector, FloatVector]:
    """Of red, green, blue and luma; the luma's comes as plus and minus."""
    return at(planes[0], x), at(planes[1], x), at(planes[2], x), at(planes[3], x) - at(planes[4], x)


@lane_function
def colors_at(
    rows: tuple[int, ...], is_malvar: bool, own_column: int, x: int
) -> tuple[FloatVector, FloatVector, FloatVector]:
    if is_malvar:
        return malvar_colors(rows[0], rows[1], rows[2], rows[3], rows[4], own_column, x)
    return bilinear_colors(rows[1], rows[2], rows[3], own_column, x)


@row_function
def demosaic_adjoint(
    rows: tuple[int, ...],
    is_malvar: bool,
    own_column: int,
    blue: int,
    gradients: tuple[int, ...],
    color_weights: tuple[float, ...],
    weights: int,
    share: float,
    sums: int,
    out: tuple[int, ...],
    first: int,
    last: int,
) -> None:
    """Gradients of own, green and other colour before the matrix, and sums for the matrix and the luma's weights.

    ``out`` are three rows: own at own pixels and green at green ones (what the mosaic gave as it is), green at own pixels
    and own at green ones, and other.
    """
    zero = spread(_ZERO)
    a0 = a1 = a2 = b0 = b1 = b2 = c0 = c1 = c2 = d0 = d1 = d2 = zero
    for x in range(first, last, 16):
        g = gradients_at(gradients, x)
        to_own = gather(g, color_weights, 0)
        to_green = gather(g, color_weights, 1)
        to_other = gather(g, color_weights, 2)
        if own_column == 0:
            put(out[0], x, alternate(to_own, to_green))
            put(out[1], x, alternate(to_green, to_own))
        else:
            put(out[0], x, alternate(to_green, to_own))
            put(out[1], x, alternate(to_own, to_green))
        put(out[2], x, to_other)
        if share > 0:
            own, green, other = colors_at(rows, is_malvar, own_column, x)
            w = at(weights, x)
            own, green, other = own * w, green * w, other * w
            a0, a1, a2 = a0 + g[0] * own, a1 + g[0] * green, a2 + g[0] * other
            b0, b1, b2 = b0 + g[1] * own, b1 + g[1] * green, b2 + g[1] * other
            c0, c1, c2 = c0 + g[2] * own, c1 + g[2] * green, c2 + g[2] * other
            d0, d1, d2 = d0 + g[3] * own, d1 + g[3] * green, d2 + g[3] * other
    if share > 0:
        i, j = 2 * blue, 2 - 2 * blue
        add(sums, i, share, a0)
        add(sums, 1, share, a1)
        add(sums, j, share, a2)
        add(sums, 3 + i, share, b0)
        add(sums, 4, share, b1)
        add(sums, 3 + j, share, b2)
        add(sums, 6 + i, share, c0)
        add(sums, 7, share, c1)
        add(sums, 6 + j, share, c2)
        add(sums, 9 + i, share, d0)
        add(sums, 10, share, d1)
        add(sums, 9 + j, share, d2)


@row_function
def matrix_adjoint(
    planes: tuple[int, ...],
    gradients: tuple[int, ...],
    color_weights: tuple[float, ...],
    weights: int,
    share: float,
    sums: int,
    out: tuple[int, ...],
    first: int,
    last: int,
) -> None:
    """Gradients of the three planes that went in, their sum (the filtered luma's), and sums for matrix and luma weights."""
    zero = spread(_ZERO)
    a0 = a1 = a2 = b0 = b1 = b2 = c0 = c1 = c2 = d0 = d1 = d2 = zero
    for x in range(first, last, 16):
        g = gradients_at(gradients, x)
        to_red, to_green, to_blue = (
            gather(g, color_weights, 0),
            gather(g, color_weights, 1),
            gather(g, color_weights, 2),
        )
        put(out[0], x, to_red)
        put(out[1], x, to_green)
        put(out[2], x, to_blue)
        put(out[3], x, (to_red + to_green) + to_blue)
        if share > 0:
            change = at(planes[3], x) - at(planes[4], x)
            w = at(weights, x)
            red, green, blue = (
                (at(planes[0], x) + change) * w,
                (at(planes[1], x) + change) * w,
                (at(planes[2], x) + change) * w,
            )
            a0, a1, a2 = a0 + g[0] * red, a1 + g[0] * green, a2 + g[0] * blue
            b0, b1, b2 = b0 + g[1] * red, b1 + g[1] * green, b2 + g[1] * blue
            c0, c1, c2 = c0 + g[2] * red, c1 + g[2] * green, c2 + g[2] * blue
            d0, d1, d2 = d0 + g[3] * red, d1 + g[3] * green, d2 + g[3] * blue
    if share > 0:
        add(sums, 0, share, a0)
        add(sums, 1, share, a1)
        add(sums, 2, share, a2)
        add(sums, 3, share, b0)
        add(sums, 4, share, b1)
        add(sums, 5, share, b2)
        add(sums, 6, share, c0)
        add(sums, 7, share, c1)
        add(sums, 8, share, c2)
        add(sums, 9, share, d0)
        add(sums, 10, share, d1)
        add(sums, 11, share, d2)


@row_function
def bilinear_adjoint(
    direct: int,
    crossed: tuple[int, int, int],
    other: tuple[int, int, int],
    own_column: int,
    out: int,
    first: int,
    last: int,
) -> None:
    """Gradient of the mosaic: each colour's gradient gathered with the weights that spread it; three rows of two.

    A pixel gave its colour to itself and its neighbours. At an own pixel: left and right (their own), above and below
    (their other), corners (their other). At a green pixel: the four neighbours (their green).
    """
    for x in range(first, last, 16):
        here = at(direct, x)
        beside = at(crossed[1], x - 1) + at(crossed[1], x + 1)
        around = at(crossed[0], x) + at(crossed[2], x)
        below = at(other[0], x) + at(other[2], x)
        corners = (at(other[0], x - 1) + at(other[0], x + 1)) + (at(other[2], x - 1) + at(other[2], x + 1))
        to_own = here + _HALF * (beside + below) + _QUARTER * corners
        to_green = here + _QUARTER * (beside + around)
        put(out, x, alternate(to_own, to_green) if own_column == 0 else alternate(to_green, to_own))


@row_function
def malvar_adjoint(
    direct: int,
    crossed: tuple[int, int, int, int, int],
    other: tuple[int, int, int, int, int],
    own_column: int,
    out: int,
    first: int,
    last: int,
) -> None:
    """Gradient of the mosaic, as in `bilinear_adjoint`; five rows of the last two.

    At an own pixel ``crossed`` holds green's gradient, at a green one the own colour's; each was made with its own kernel.
    """
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
