"""The curve of a sensor's readout, undone on the mosaic."""

from __future__ import annotations

from camsim.kernels.frame import coefficients_of, row_in, row_out
from camsim.kernels.jit import lane_function
from camsim.kernels.operation import Operation
from camsim.kernels.program import EVEN, SETTING
from camsim.kernels.rows.curve import place_of, sampled
from camsim.kernels.simd import (
    FloatVector,
    alternate,
    at,
    gathered,
    greatest,
    integer,
    least,
    narrow,
    number,
    put,
    spread,
    where_at_least,
)

Sites = tuple[FloatVector, FloatVector]
"""Scales and offsets of the two sites of a row."""


@lane_function
def sites_of(numbers: int, y: int) -> Sites:
    """Of four scales and four offsets by CFA site."""
    cell = 2 * (y & 1)
    scale = alternate(spread(number(numbers, cell)), spread(number(numbers, cell + 1)))
    return scale, alternate(spread(number(numbers, 4 + cell)), spread(number(numbers, 5 + cell)))


@lane_function
def piece_of(dn: FloatVector, pieces: int, count: int) -> tuple[FloatVector, FloatVector, FloatVector]:
    """Knot, value there and slope of the last piece whose knot is not above; the first counts below its knot too."""
    knot, value, slope = spread(number(pieces, 0)), spread(number(pieces, 1)), spread(number(pieces, 2))
    for piece in range(1, count):
        numbers = pieces + 12 * piece
        here = spread(number(numbers, 0))
        value = where_at_least(dn, here, spread(number(numbers, 1)), value)
        slope = where_at_least(dn, here, spread(number(numbers, 2)), slope)
        knot = where_at_least(dn, here, here, knot)
    return knot, value, slope


@lane_function
def even_place(dn: FloatVector, table: int) -> FloatVector:
    """How many knots lie below; the table is the first knot, 1 / their distance, and the values at all of them."""
    return (dn - number(table, 0)) * number(table, 1)


@lane_function
def even_slope(dn: FloatVector, table: int, pieces: float) -> FloatVector:
    """The slope where the knots are evenly spaced."""
    left = place_of(even_place(dn, table), pieces)
    return (gathered(table + 12, left) - gathered(table + 8, left)) * number(table, 1)


@lane_function
def linear_of(dn: FloatVector, table: int, count: int, even: bool) -> FloatVector:
    """See camsim.isp.linearize."""
    if even:
        return sampled(even_place(dn, table), table + 8, narrow(count))
    knot, value, slope = piece_of(dn, table, count)
    return value + slope * (dn - knot)


@Operation
def linearize(op: int, frame: int, y: int, first: int, last: int) -> None:
    """clip(scale(site) * curve(DN) + offset(site)).

    The numbers are four scales, four offsets, low, high, then as many pieces as the first setting says: knot, value
    there and slope of each; or as `even_place` has them, where the second setting is `EVEN`.
    """
    row, out, numbers = row_in(op, frame, 0, y), row_out(op, frame, 0, y), coefficients_of(op, frame)
    scale, offset = sites_of(numbers, y)
    lows, highs, table = spread(number(numbers, 8)), spread(number(numbers, 9)), numbers + 40
    count = integer(op, SETTING)
    if integer(op, SETTING + 1) == EVEN:
        for x in range(first, last, 16):
            linear = linear_of(at(row, x), table, count, True)
            put(out, x, least(greatest(linear * scale + offset, lows), highs))
    else:
        for x in range(first, last, 16):
            linear = linear_of(at(row, x), table, count, False)
            put(out, x, least(greatest(linear * scale + offset, lows), highs))
