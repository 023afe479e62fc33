"""Menon 2007 demosaic in seven operations; camsim.isp.demosaic.menon2007 is the readable definition.

In a row, *own* is the colour that alternates with green, *other* the one of the rows above and below. Lanes hold own
and green pixels in turn: each function computes both and `pick` takes its turn.
"""

from __future__ import annotations

from camsim.kernels.frame import coefficients_of, five_in, own_site, row_in, row_out, three_in
from camsim.kernels.jit import lane_function
from camsim.kernels.operation import Operation
from camsim.kernels.rows.demosaic import color_weights, colors_out, put_colors
from camsim.kernels.simd import FloatVector, absolute, alternate, at, greatest, put, single, spread, where_at_least

_HALF, _QUARTER, _THIRD = single(0.5), single(0.25), single(1 / 3)
_ZERO, _ONE, _THREE = single(0), single(1), single(3)
_TIE = single(3e-6)


@lane_function
def pick(own_column: int, at_own: FloatVector, at_green: FloatVector) -> FloatVector:
    """Each lane its turn; the own colour lies in even (0) or odd (1) columns."""
    if own_column == 0:
        return alternate(at_own, at_green)
    return alternate(at_green, at_own)


@lane_function
def beside(row: int, x: int) -> FloatVector:
    """Mean of left and right."""
    return (at(row, x - 1) + at(row, x + 1)) * _HALF


@lane_function
def around(above: int, below: int, x: int) -> FloatVector:
    """Mean of above and below."""
    return (at(above, x) + at(below, x)) * _HALF


@lane_function
def step(a: int, b: int, x: int, dx: int) -> FloatVector:
    """|a(x) - b(x + dx)|."""
    return absolute(at(a, x) - at(b, x + dx))


@lane_function
def along(horizontal: FloatVector, across: FloatVector, down: FloatVector) -> FloatVector:
    """The first where the direction is along the row, else the second."""
    return where_at_least(horizontal, spread(_ONE), across, down)


@Operation
def chroma(op: int, frame: int, y: int, first: int, last: int) -> None:
    """Own colour minus green as interpolated along the row and down the column, and the largest |raw| of five."""
    rows, own_column = five_in(op, frame, 0, y), own_site(op, y)[0]
    across_out, down_out, peak_out = row_out(op, frame, 0, y), row_out(op, frame, 1, y), row_out(op, frame, 2, y)
    row = rows[2]
    zero = spread(_ZERO)
    for x in range(first, last, 16):
        here = at(row, x)
        half = here * _HALF
        across = half - beside(row, x) + (at(row, x - 2) + at(row, x + 2)) * _QUARTER
        down = half - around(rows[1], rows[3], x) + (at(rows[0], x) + at(rows[4], x)) * _QUARTER
        put(across_out, x, pick(own_column, across, zero))
        put(down_out, x, pick(own_column, down, zero))
        near = greatest(absolute(at(row, x - 1)), absolute(at(row, x + 1)))
        far = greatest(absolute(at(row, x - 2)), absolute(at(row, x + 2)))
        put(peak_out, x, greatest(absolute(here), greatest(near, far)))


@Operation
def choose(op: int, frame: int, y: int, first: int, last: int) -> None:
    """Green by the smoother direction, and 1 where that is along the row; inputs raw, both chromas, peaks."""
    raw = row_in(op, frame, 0, y)
    across, down, peaks = five_in(op, frame, 1, y), five_in(op, frame, 2, y), five_in(op, frame, 3, y)
    green_out, horizontal_out = row_out(op, frame, 0, y), row_out(op, frame, 1, y)
    for x in range(first, last, 16):
        row = (
            (step(across[0], across[0], x - 2, 2) + step(across[0], across[0], x, 2))
            + (step(across[4], across[4], x - 2, 2) + step(across[4], across[4], x, 2))
            + (step(across[1], across[1], x - 1, 2) + step(across[3], across[3], x - 1, 2))
            + _THREE * (step(across[2], across[2], x - 2, 2) + step(across[2], across[2], x, 2))
        )
        column = (
            (step(down[0], down[2], x - 2, 0) + step(down[2], down[4], x - 2, 0))
            + (step(down[0], down[2], x + 2, 0) + step(down[2], down[4], x + 2, 0))
            + (step(down[1], down[3], x - 1, 0) + step(down[1], down[3], x + 1, 0))
            + _THREE * (step(down[0], down[2], x, 0) + step(down[2], down[4], x, 0))
        )
        peak = greatest(greatest(at(peaks[0], x), at(peaks[1], x)), greatest(at(peaks[3], x), at(peaks[4], x)))
        limit = row - _TIE * greatest(peak, at(peaks[2], x))
        horizontal = where_at_least(column, limit, spread(_ONE), spread(_ZERO))
        put(horizontal_out, x, horizontal)
        put(green_out, x, at(raw, x) - along(horizontal, at(across[2], x), at(down[2], x)))


@lane_function
def by_green(
    own: tuple[int, int, int], other: tuple[int, int, int], green: tuple[int, int, int], x: int
) -> tuple[FloatVector, FloatVector]:
    """Own and other colour at green pixels, by the differences to green of their neighbours; three rows of each."""
    base = at(green[1], x)
    own_here = base + (beside(own[1], x) - beside(green[1], x))
    other_here = base + (around(other[0], other[2], x) - around(green[0], green[2], x))
    return own_here, other_here


@Operation
def sides(op: int, frame: int, y: int, first: int, last: int) -> None:
    """Red and blue at green pixels, by the differences to green of their neighbours; inputs raw, green."""
    own_column, blue = own_site(op, y)
    raw, green = three_in(op, frame, 0, y), three_in(op, frame, 1, y)
    own_out, other_out = row_out(op, frame, blue, y), row_out(op, frame, 1 - blue, y)
    for x in range(first, last, 16):
        own, other = by_green(raw, raw, green, x)
        put(own_out, x, pick(own_column, at(raw[1], x), own))
        put(other_out, x, pick(own_column, spread(_ZERO), other))


@Operation
def opposite(op: int, frame: int, y: int, first: int, last: int) -> None:
    """Red at blue pixels and blue at red ones, along the chosen direction; inputs red, blue, direction."""
    own_column, blue = own_site(op, y)
    own, other = three_in(op, frame, blue, y), three_in(op, frame, 1 - blue, y)
    horizontal = row_in(op, frame, 2, y)
    own_out, other_out = row_out(op, frame, blue, y), row_out(op, frame, 1 - blue, y)
    for x in range(first, last, 16):
        across = beside(other[1], x) - beside(own[1], x)
        down = around(other[0], other[2], x) - around(own[0], own[2], x)
        filled = at(own[1], x) + along(at(horizontal, x), across, down)
        put(other_out, x, pick(own_column, filled, at(other[1], x)))
        put(own_out, x, at(own[1], x))


@lane_function
def mean_difference(a: tuple[int, int, int], b: tuple[int, int, int], horizontal: int, x: int) -> FloatVector:
    """Mean of three of a - b, along the chosen direction."""
    here = at(a[1], x) - at(b[1], x)
    across = (at(a[1], x - 1) - at(b[1], x - 1)) + (at(a[1], x + 1) - at(b[1], x + 1))
    down = (at(a[0], x) - at(b[0], x)) + (at(a[2], x) - at(b[2], x))
    return (here + along(at(horizontal, x), across, down)) * _THIRD


@Operation
def refine_green(op: int, frame: int, y: int, first: int, last: int) -> None:
    """Green at own pixels from the smoothed difference; inputs red, blue, green, direction."""
    own_column, blue = own_site(op, y)
    own, green = three_in(op, frame, blue, y), three_in(op, frame, 2, y)
    horizontal, out = row_in(op, frame, 3, y), row_out(op, frame, 0, y)
    for x in range(first, last, 16):
        refined = at(own[1], x) - mean_difference(own, green, horizontal, x)
        put(out, x, pick(own_column, refined, at(green[1], x)))


@Operation
def refine_sides(op: int, frame: int, y: int, first: int, last: int) -> None:
    """Red and blue at green pixels from the refined green; inputs red, blue, green."""
    own_column, blue = own_site(op, y)
    own, other = three_in(op, frame, blue, y), three_in(op, frame, 1 - blue, y)
    green = three_in(op, frame, 2, y)
    own_out, other_out = row_out(op, frame, blue, y), row_out(op, frame, 1 - blue, y)
    for x in range(first, last, 16):
        own_here, other_here = by_green(own, other, green, x)
        put(own_out, x, pick(own_column, at(own[1], x), own_here))
        put(other_out, x, pick(own_column, at(other[1], x), other_here))


@Operation
def refine_opposite(op: int, frame: int, y: int, first: int, last: int) -> None:
    """The other colour at own pixels from the smoothed difference; then matrix and luma. Inputs as `refine_green`'s."""
    own_column, blue = own_site(op, y)
    own, other = three_in(op, frame, blue, y), three_in(op, frame, 1 - blue, y)
    green, horizontal = row_in(op, frame, 2, y), row_in(op, frame, 3, y)
    weights, out = color_weights(coefficients_of(op, frame), blue), colors_out(op, frame, y)
    for x in range(first, last, 16):
        here = at(own[1], x)
        refined = here - mean_difference(own, other, horizontal, x)
        put_colors(x, (here, at(green, x), pick(own_column, refined, at(other[1], x))), weights, out)
