"""Adjoint of the curve of a sensor's readout."""

from __future__ import annotations

from camsim.kernels.adjoint.curve import scatter
from camsim.kernels.adjoint.sums import add
from camsim.kernels.adjoint.tone import inside
from camsim.kernels.frame import (
    TILE_COLUMNS,
    WEIGHTS,
    coefficients_of,
    row_in,
    row_out,
    share_of,
    spare_rows,
    sums_of,
)
from camsim.kernels.jit import lane_function, row_function
from camsim.kernels.operation import Operation
from camsim.kernels.program import EVEN, SETTING
from camsim.kernels.rows.curve import place_of
from camsim.kernels.rows.linearize import Sites, even_place, even_slope, linear_of, piece_of, sites_of
from camsim.kernels.simd import (
    FloatVector,
    alternate,
    at,
    integer,
    narrow,
    number,
    put,
    real,
    single,
    spread,
    where_at_least,
)

_ZERO = single(0)


@lane_function
def to_linear(linear: FloatVector, sites: Sites, numbers: int, gradient: FloatVector) -> FloatVector:
    """The gradient where the limits let the linear DN through, not yet times the scale."""
    return inside(linear * sites[0] + sites[1], spread(number(numbers, 8)), spread(number(numbers, 9)), gradient)


@row_function
def add_piece(
    row: int, gradients: int, weights: int, pieces: int, piece: int, count: int, share: float, sums: int, last: int
) -> None:
    """Sums for value and slope of one piece; ``gradients`` are of linear DN."""
    zero, knot = spread(_ZERO), number(pieces, 3 * piece)
    after = number(pieces, 3 * piece + 3) if piece + 1 < count else _ZERO
    to_value, to_slope = zero, zero
    for x in range(0, last, 16):
        dn, g = at(row, x), at(gradients, x) * at(weights, x)
        if piece > 0:
            g = where_at_least(dn, spread(knot), g, zero)
        if piece + 1 < count:
            g = where_at_least(dn, spread(after), zero, g)
        to_value, to_slope = to_value + g, to_slope + g * (dn - knot)
    add(sums, 3 * piece + 1, share, to_value)
    add(sums, 3 * piece + 2, share, to_slope)


@Operation
def linearize_adjoint(op: int, frame: int, y: int, first: int, last: int) -> None:
    """Gradient of the DN, and sums for scales, offsets and the curve's values and slopes; inputs gradient, DN."""
    gradient, row, out = row_in(op, frame, 0, y), row_in(op, frame, 1, y), row_out(op, frame, 0, y)
    numbers, sums, weights = coefficients_of(op, frame), sums_of(op, frame), integer(frame, WEIGHTS)
    share, table, count = share_of(frame, y), numbers + 40, integer(op, SETTING)
    even, sites, columns = integer(op, SETTING + 1) == EVEN, sites_of(numbers, y), integer(frame, TILE_COLUMNS)
    to_scale, to_offset, zero = spread(_ZERO), spread(_ZERO), spread(_ZERO)
    linear_gradient, before, after = spare_rows(frame)
    for x in range(first, last, 16):
        dn = at(row, x)
        if even:
            linear, slope = linear_of(dn, table, count, True), even_slope(dn, table, narrow(count))
        else:
            knot, value, slope = piece_of(dn, table, count)
            linear = value + slope * (dn - knot)
        g = to_linear(linear, sites, numbers, at(gradient, x))
        counted = g * at(weights, x)
        to_scale, to_offset = to_scale + counted * linear, to_offset + counted
        put(linear_gradient, x, g * sites[0])
        put(out, x, g * sites[0] * slope)
    cell = 2 * (y & 1)
    add(sums, cell, share, alternate(to_scale, zero))
    add(sums, cell + 1, share, alternate(zero, to_scale))
    add(sums, 4 + cell, share, alternate(to_offset, zero))
    add(sums, 5 + cell, share, alternate(zero, to_offset))
    if share > 0 and even:
        for x in range(0, columns, 16):
            place = even_place(at(row, x), table)
            left = real(place_of(place, narrow(count)))
            counted = at(linear_gradient, x) * at(weights, x) * share
            put(after, x, counted * (place - left))
            put(before, x, counted - at(after, x))
            put(linear_gradient, x, left)
        scatter(linear_gradient, before, after, sums + 12 * 64, columns)
    elif share > 0:
        for piece in range(count):
            add_piece(row, linear_gradient, weights, table, piece, count, share, sums + 10 * 64, last)
