"""A table of colours: each pixel is looked up in it by its red, green and blue."""

from __future__ import annotations

from camsim.kernels.frame import coefficients_of
from camsim.kernels.jit import lane_function
from camsim.kernels.operation import Operation
from camsim.kernels.power import Three
from camsim.kernels.program import SETTING, TETRAHEDRAL
from camsim.kernels.rows.curve import all_in, limited, place_of, put_light
from camsim.kernels.rows.demosaic import colors_out
from camsim.kernels.simd import (
    FloatVector,
    gathered,
    greatest,
    integer,
    least,
    narrow,
    number,
    real,
    single,
    spread,
    where_at_least,
    whole,
)

_ZERO, _ONE, _THREE = single(0), single(1), single(3)
_TABLE = 12
"""Where the table begins among the numbers."""


@lane_function
def place_in(value: FloatVector, numbers: int, channel: int, most: float) -> FloatVector:
    """In entries from the first on, within the table; most is that of the last."""
    place = (value - number(numbers, 5 + channel)) * number(numbers, 8 + channel)
    return least(greatest(place, spread(_ZERO)), spread(most))


@lane_function
def entry(table: int, place: FloatVector) -> Three:
    """Red, green and blue of an entry: whole numbers, as floats."""
    index = whole(place * _THREE)
    return gathered(table, index), gathered(table + 4, index), gathered(table + 8, index)


@lane_function
def more(found: Three, share: FloatVector, color: Three) -> Three:
    """With one corner."""
    return found[0] + share * color[0], found[1] + share * color[1], found[2] + share * color[2]


@lane_function
def in_tetrahedron(table: int, first: FloatVector, part: Three, steps: tuple[float, float]) -> Three:
    """Between four corners, from the first to the last along the channels, the one that has gone farthest first."""
    red, green, blue = part
    red_step, green_step, blue_step = spread(_ONE), spread(steps[0]), spread(steps[1])
    far, near = greatest(greatest(red, green), blue), least(least(red, green), blue)
    middle = greatest(least(greatest(red, green), blue), least(red, green))
    longest = where_at_least(
        red, green, where_at_least(red, blue, red_step, blue_step), where_at_least(green, blue, green_step, blue_step)
    )
    shortest = where_at_least(
        red, green, where_at_least(green, blue, blue_step, green_step), where_at_least(red, blue, blue_step, red_step)
    )
    last = first + ((red_step + green_step) + blue_step)
    zero = spread(_ZERO)
    found = more((zero, zero, zero), _ONE - far, entry(table, first))
    found = more(found, far - middle, entry(table, first + longest))
    found = more(found, middle - near, entry(table, last - shortest))
    return more(found, near, entry(table, last))


@lane_function
def along(part: FloatVector, end: int) -> FloatVector:
    """Share of the beginning (0) or of the end (1) of a side."""
    return part if end == 1 else spread(_ONE) - part


@lane_function
def in_cube(table: int, first: FloatVector, part: Three, steps: tuple[float, float]) -> Three:
    """Between eight corners."""
    zero = spread(_ZERO)
    found = zero, zero, zero
    for blue in range(2):
        for green in range(2):
            across = along(part[2], blue) * along(part[1], green)
            corner = first + (narrow(blue) * steps[1] + narrow(green) * steps[0])
            found = more(found, across * along(part[0], 0), entry(table, corner))
            found = more(found, across * part[0], entry(table, corner + _ONE))
    return found


@Operation
def lut3d(op: int, frame: int, y: int, first: int, last: int) -> None:
    """See camsim.isp.lut3d; the first setting is the entries along a side, the second how it interpolates.

    The numbers go on with red, green and blue where the table begins, entries per unit of each, the strength, and the
    table by blue, green, red and what comes out.
    """
    colors, out, numbers = all_in(op, frame, y), colors_out(op, frame, y), coefficients_of(op, frame)
    size, table, strength = integer(op, SETTING), numbers + 4 * _TABLE, number(numbers, 11)
    most, steps = narrow(size - 1), (narrow(size), narrow(size * size))
    tetrahedral = integer(op, SETTING + 1) == TETRAHEDRAL
    for x in range(first, last, 16):
        v = limited(colors, numbers, x)
        red, green = place_in(v[0], numbers, 0, most), place_in(v[1], numbers, 1, most)
        blue = place_in(v[2], numbers, 2, most)
        cells = real(place_of(red, most)), real(place_of(green, most)), real(place_of(blue, most))
        part = red - cells[0], green - cells[1], blue - cells[2]
        corner = cells[0] + cells[1] * steps[0] + cells[2] * steps[1]
        found = in_tetrahedron(table, corner, part, steps) if tetrahedral else in_cube(table, corner, part, steps)
        graded = (
            v[0] + strength * (found[0] - v[0]),
            v[1] + strength * (found[1] - v[1]),
            v[2] + strength * (found[2] - v[2]),
        )
        put_light(out, x, graded, numbers)
