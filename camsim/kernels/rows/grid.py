"""Grids of numbers stretched over the frame: gains of a mosaic or of colours, offsets of colours.

A grid has one plane, or three for red, green and blue. Between its points all is bilinear: along a row of pixels every
point counts 1 - its distance in points, or nothing. A vector of pixels sees only the few points around it. A row of
points lies in a spare row, which has room for the 256 that a grid may have.
"""

from __future__ import annotations

import numpy as np

from camsim.kernels.frame import (
    HEIGHT,
    LEFT,
    TILE_COLUMNS,
    WIDTH,
    coefficients_of,
    mirror_columns,
    own_site,
    row_in,
    row_out,
    spare_rows,
)
from camsim.kernels.jit import lane_function, row_function
from camsim.kernels.operation import Operation
from camsim.kernels.power import Three
from camsim.kernels.program import ACROSS, CELLS, MULTIPLIES, SETTING, THREE_PLANES
from camsim.kernels.rows.curve import Out, all_in, limited, put_light
from camsim.kernels.rows.demosaic import colors_out
from camsim.kernels.simd import (
    FloatVector,
    absolute,
    alternate,
    at,
    greatest,
    integer,
    least,
    narrow,
    number,
    put,
    set_number,
    single,
    spread,
    to_the_right,
)

_ZERO, _ONE = single(0), single(1)


@lane_function
def size_of(op: int) -> tuple[int, int]:
    """Rows and columns of the grid: the second setting."""
    packed = integer(op, SETTING + 1)
    return packed >> 16, packed & 0xFFFF


@lane_function
def line_of(op: int, points: int, pixels: int) -> tuple[float, float]:
    """Distance of two pixels in points, and the place of pixel -1/2: see camsim.isp.lens_shading.grid."""
    if integer(op, SETTING) & CELLS:
        return points / pixels, -0.5
    return (points - 1) / pixels, 0.0


@row_function
def rows_at(op: int, frame: int, y: int) -> tuple[int, int, float]:
    """The two rows of the grid that a row of pixels lies between, and the share of the second."""
    rows = size_of(op)[0]
    step, start = line_of(op, rows, integer(frame, HEIGHT))
    place = min(max((y + 0.5) * step + start, 0.0), rows - 1.0)
    above = int(place)
    return above, min(above + 1, rows - 1), place - above


@row_function
def grid_row(op: int, frame: int, grid: int, y: int, out: int) -> None:
    """The points of a row of pixels, of one plane of the grid."""
    columns = size_of(op)[1]
    above, below, share = rows_at(op, frame, y)
    first, second, share_below = grid + 4 * columns * above, grid + 4 * columns * below, narrow(share)
    for i in range(columns):
        set_number(out, i, (_ONE - share_below) * number(first, i) + share_below * number(second, i))


@row_function
def points_at(op: int, frame: int, x: int) -> tuple[int, int, float, float]:
    """The first and last point that sixteen pixels from x on see, how far the first pixel lies behind that first
    point, and the distance of two pixels."""
    columns = size_of(op)[1]
    step, start = line_of(op, columns, integer(frame, WIDTH))
    place = (integer(frame, LEFT) + x + 0.5) * step + start
    first = min(max(int(np.floor(place)), 0), columns - 1)
    last = min(max(int(np.floor(place + 15 * step)) + 1, 0), columns - 1)
    return first, last, place - first, step


@lane_function
def behind(op: int, first: int, offset: float, step: float) -> FloatVector:
    """How far sixteen pixels lie behind the first point, within the grid."""
    place = narrow(offset) + narrow(step) * to_the_right()
    low, high = narrow(-first), narrow(size_of(op)[1] - 1 - first)
    return least(greatest(place, spread(low)), spread(high))


@lane_function
def share_at(place: FloatVector, point: int) -> FloatVector:
    """How much a point counts, so many points after the first."""
    return greatest(_ONE - absolute(place - narrow(point)), spread(_ZERO))


@lane_function
def two_at(op: int, frame: int, even: int, odd: int, x: int) -> FloatVector:
    """Sixteen numbers from x on: of one row of points in even columns, of another in odd ones."""
    first, last, offset, step = points_at(op, frame, x)
    place, evens, odds = behind(op, first, offset, step), spread(_ZERO), spread(_ZERO)
    for point in range(first, last + 1):
        share = share_at(place, point - first)
        evens = evens + share * number(even, point)
        odds = odds + share * number(odd, point)
    return alternate(evens, odds)


@lane_function
def three_grid_at(op: int, frame: int, rows: tuple[int, int, int], x: int) -> Three:
    """Sixteen numbers from x on of three rows of points."""
    first, last, offset, step = points_at(op, frame, x)
    place = behind(op, first, offset, step)
    red, green, blue = spread(_ZERO), spread(_ZERO), spread(_ZERO)
    for point in range(first, last + 1):
        share = share_at(place, point - first)
        red = red + share * number(rows[0], point)
        green = green + share * number(rows[1], point)
        blue = blue + share * number(rows[2], point)
    return red, green, blue


@lane_function
def plane_bytes(op: int) -> int:
    """From a plane of the grid to the next; 0 where all colours share one."""
    rows, columns = size_of(op)
    return 4 * rows * columns if integer(op, SETTING) & THREE_PLANES else 0


@lane_function
def site_colors(op: int, y: int) -> tuple[int, int]:
    """Which of red, green and blue the even and the odd columns of a row see; the first setting packs the cell."""
    own_column, blue = own_site(op, y)
    return (2 * blue, 1) if own_column == 0 else (1, 2 * blue)


@lane_function
def mosaic_points(op: int, frame: int, grid: int, y: int) -> tuple[int, int]:
    """Points of a row of the mosaic, for its even and its odd columns."""
    even, odd = site_colors(op, y)
    rows, plane = spare_rows(frame), plane_bytes(op)
    grid_row(op, frame, grid + plane * even, y, rows[0])
    grid_row(op, frame, grid + plane * odd, y, rows[1])
    return rows[0], rows[1]


@lane_function
def color_points(op: int, frame: int, grid: int, y: int) -> tuple[int, int, int]:
    """Points of a row for red, green and blue."""
    rows, plane = spare_rows(frame), plane_bytes(op)
    grid_row(op, frame, grid, y, rows[0])
    grid_row(op, frame, grid + plane, y, rows[1])
    grid_row(op, frame, grid + 2 * plane, y, rows[2])
    return rows


@lane_function
def mirror_ends(op: int, frame: int, row: int) -> None:
    """What depends on the place is no mirror image by itself beyond the frame."""
    mirror_columns(row, integer(frame, WIDTH), integer(frame, LEFT), integer(op, ACROSS), integer(frame, TILE_COLUMNS))


@lane_function
def mirror_all_ends(op: int, frame: int, rows: Out) -> None:
    """Of four rows."""
    mirror_ends(op, frame, rows[0])
    mirror_ends(op, frame, rows[1])
    mirror_ends(op, frame, rows[2])
    mirror_ends(op, frame, rows[3])


@Operation
def grid_mosaic(op: int, frame: int, y: int, first: int, last: int) -> None:
    """clip(gain * mosaic); the numbers are low, high, the gains."""
    row, out, numbers = row_in(op, frame, 0, y), row_out(op, frame, 0, y), coefficients_of(op, frame)
    even, odd = mosaic_points(op, frame, numbers + 8, y)
    low, high = spread(number(numbers, 0)), spread(number(numbers, 1))
    for x in range(first, last, 16):
        put(out, x, least(greatest(at(row, x) * two_at(op, frame, even, odd, x), low), high))
    mirror_ends(op, frame, out)


@Operation
def grid_colors(op: int, frame: int, y: int, first: int, last: int) -> None:
    """Colours plus a grid, or times a grid where the setting has `MULTIPLIES`; inputs, outputs and first numbers as
    of curves (camsim.kernels.rows.curve)."""
    colors, out, numbers = all_in(op, frame, y), colors_out(op, frame, y), coefficients_of(op, frame)
    points, multiplies = color_points(op, frame, numbers + 20, y), integer(op, SETTING) & MULTIPLIES
    for x in range(first, last, 16):
        value, grid = limited(colors, numbers, x), three_grid_at(op, frame, points, x)
        if multiplies:
            put_light(out, x, (value[0] * grid[0], value[1] * grid[1], value[2] * grid[2]), numbers)
        else:
            put_light(out, x, (value[0] + grid[0], value[1] + grid[1], value[2] + grid[2]), numbers)
    mirror_all_ends(op, frame, out)
