"""X-Trans demosaic, row by row; `camsim.isp.demosaic.x_trans` is the readable definition.

A tile goes down its rows once. Of everything in between only the few rows are kept that are still needed, each as six
planes, one for each column of the cell: the mosaic (8 rows), the pictures of the four directions (4), their costs (8).
Nothing is added up along the way, so a pixel does not depend on the tile that it is computed in.
"""

from __future__ import annotations

import numpy as np

from camsim.kernels.cells import copy_row, joiner, row_at, splitter
from camsim.kernels.jit import entry_point, lane_function, row_function
from camsim.kernels.registers import WIDE
from camsim.kernels.simd import (
    FloatVector,
    at,
    copy_bytes,
    integer,
    least,
    number,
    put,
    set_integer,
    set_number,
    single,
    spread,
)

CELL, RADIUS = 6, 3
SIDE = 2 * RADIUS + 1
DIRECTIONS = 4
WEIGHTS = 2 * DIRECTIONS
"""For each sample and place of the cell: the two colours that are not measured there, in every direction."""
VECTORS = 3
"""The most of a row of a plane."""
WIDEST = 16 * CELL * VECTORS
"""Columns of a frame that is one tile across."""
TILE_WIDTH = WIDEST - 2 * CELL
"""Columns of a tile that has others beside it."""
AROUND = RADIUS
"""Rows and columns of pictures outside a tile that its pixels depend on: one for the costs, two for their mean."""

# Bytes. A plane has room for its neighbour to be read sixteen at a time one column farther on.
_COLUMN = 64 * (VECTORS + 1)
_PLANES = CELL * _COLUMN
_MOSAIC_ROW, _MOSAIC_ROWS = (CELL + 2 * RADIUS) * _COLUMN, 8
_PICTURE_ROW, _PICTURE_ROWS = 3 * DIRECTIONS * _PLANES, 4
_COST_ROW, _COST_ROWS = DIRECTIONS * _PLANES, 8
_LINE = 4 * (WIDEST + 64)
_ROOM = (
    _MOSAIC_ROWS * _MOSAIC_ROW
    + _PICTURE_ROWS * _PICTURE_ROW
    + (_COST_ROWS + 1) * _COST_ROW
    + 3 * _PLANES
    + _LINE
    + 8 * SIDE
)

_ZERO, _HALF, _ONE = single(0), single(0.5), single(1)
_BRIGHTNESS = single(0.1)
"""Of R + G + B: 0.3 of their mean."""
_MEAN, _EVEN = single(1 / 25), single(1e-6)

_split, _join = splitter(CELL), joiner(CELL)

Four = tuple[FloatVector, FloatVector, FloatVector, FloatVector]


@lane_function
def place(x: int) -> int:
    """Where column x of a tile lies in its planes, in bytes; from -2 on."""
    return x % CELL * _COLUMN + 4 * (x // CELL)


@row_function
def mirror(y: int, height: int) -> int:
    """The row that stands for y, at most a frame outside."""
    if y < 0:
        return -y
    return y if y < height else 2 * (height - 1) - y


@row_function
def mirror_ends(row: int, count: int, sides: int, start: int, width: int, last: int) -> None:
    """Columns beside the frame, of ``count`` rows of planes: without repeating the edge.

    ``start``: of the tile in the frame; ``last``: whether it reaches the right edge.
    """
    for side in range(1, sides + 1):
        if start == 0:
            out, source = row + place(-side), row + place(side)
            for _ in range(count):
                set_number(out, 0, number(source, 0))
                out, source = out + _PLANES, source + _PLANES
        if last:
            edge = width - start - 1
            out, source = row + place(edge + side), row + place(edge - side)
            for _ in range(count):
                set_number(out, 0, number(source, 0))
                out, source = out + _PLANES, source + _PLANES


@row_function
def take_apart(line: int, gains: int, out: int, vectors: int) -> None:
    """A row of the mosaic as twelve planes, balanced: columns -3 ... 8 of every cell."""
    for x in range(0, 16 * vectors, 16):
        for half in range(0, CELL + 2 * RADIUS, CELL):
            _split(line + 4 * (CELL * x + half), out + half * _COLUMN + 4 * x, _COLUMN)
        for column in range(CELL + 2 * RADIUS):
            plane = out + column * _COLUMN
            put(plane, x, at(plane, x) * number(gains, (column + CELL - RADIUS) % CELL))


@lane_function
def two_directions(rows: int, column: int, x: int, weight: int) -> Four:
    """Both colours that are not measured, in one direction after the other; ``weight``: address of the first."""
    a, b, c, d = spread(_ZERO), spread(_ZERO), spread(_ZERO), spread(_ZERO)
    for y in range(SIDE):
        plane = integer(rows, y) + column * _COLUMN
        for _ in range(SIDE):
            seen = at(plane, x)
            a, b = a + seen * number(weight, 0), b + seen * number(weight, 1)
            c, d = c + seen * number(weight, 2), d + seen * number(weight, 3)
            plane, weight = plane + _COLUMN, weight + 4 * WEIGHTS
    return a, b, c, d


@lane_function
def two_and_two(rows: int, column: int, x: int, weight: int) -> tuple[Four, Four]:
    """All directions."""
    return two_directions(rows, column, x, weight), two_directions(rows, column, x, weight + 2 * WEIGHTS)


@lane_function
def four_directions(rows: int, column: int, x: int, weight: int) -> tuple[Four, Four]:
    """All directions, each sample loaded once."""
    a, b, c, d = spread(_ZERO), spread(_ZERO), spread(_ZERO), spread(_ZERO)
    e, f, g, h = a, b, c, d
    for y in range(SIDE):
        plane = integer(rows, y) + column * _COLUMN
        for _ in range(SIDE):
            seen = at(plane, x)
            a, b = a + seen * number(weight, 0), b + seen * number(weight, 1)
            c, d = c + seen * number(weight, 2), d + seen * number(weight, 3)
            e, f = e + seen * number(weight, 4), f + seen * number(weight, 5)
            g, h = g + seen * number(weight, 6), h + seen * number(weight, 7)
            plane, weight = plane + _COLUMN, weight + 4 * WEIGHTS
    return (a, b, c, d), (e, f, g, h)


_directions = four_directions if WIDE else two_and_two
"""Where registers are short, eight sums would go to memory and back."""


@row_function
def estimate(rows: int, weights: int, measured: int, out: int, vectors: int) -> None:
    """A row of the four pictures: red, green and blue planes of one direction after the other.

    Args:
        rows: addresses of seven rows of the mosaic.
        weights: (6, 49, 8) float32 of the row of the cell.
        measured: (6,) the colour of each place: 0, 1 or 2.
        out: where to.
        vectors: of each plane.
    """
    for column in range(CELL):
        own = integer(measured, column)
        to = out + column * _COLUMN
        kept, first, second = to + own * _PLANES, to, to + 2 * _PLANES
        if own == 0:
            first = to + _PLANES
        elif own == 2:
            second = to + _PLANES
        weight = weights + 4 * WEIGHTS * SIDE * SIDE * column
        for x in range(0, 16 * vectors, 16):
            (a, b, c, d), (e, f, g, h) = _directions(rows, column, x, weight)
            put(first, x, a)
            put(second, x, b)
            put(first + 3 * _PLANES, x, c)
            put(second + 3 * _PLANES, x, d)
            put(first + 6 * _PLANES, x, e)
            put(second + 6 * _PLANES, x, f)
            put(first + 9 * _PLANES, x, g)
            put(second + 9 * _PLANES, x, h)
            seen = at(integer(rows, RADIUS) + (column + RADIUS) * _COLUMN, x)
            for direction in range(DIRECTIONS):
                put(kept + 3 * direction * _PLANES, x, seen)


@lane_function
def change(a: int, b: int) -> FloatVector:
    """Squared difference of two places of a picture, in R - G, B - G and the weighted brightness."""
    red, green = at(a, 0) - at(b, 0), at(a + _PLANES, 0) - at(b + _PLANES, 0)
    blue = at(a + 2 * _PLANES, 0) - at(b + 2 * _PLANES, 0)
    light = (red + green + blue) * _BRIGHTNESS
    return (red - green) * (red - green) + (blue - green) * (blue - green) + light * light


@row_function
def cost(above: int, here: int, below: int, out: int, vectors: int) -> None:
    """A row of the costs of the four pictures, each between neighbours along its direction."""
    for column in range(CELL):
        own = column * _COLUMN
        right, left = place(column + 1) - own, place(column - 1) - own
        for x in range(own, own + 64 * vectors, 64):
            to, p = out + x, here + x
            put(to, 0, change(p, p + right) + change(p, p + left))
            p, up, down = p + 3 * _PLANES, above + x + 3 * _PLANES, below + x + 3 * _PLANES
            put(to + _PLANES, 0, change(p, down) + change(p, up))
            p, up, down = p + 3 * _PLANES, up + 3 * _PLANES, down + 3 * _PLANES
            put(to + 2 * _PLANES, 0, (change(p, down + right) + change(p, up + left)) * _HALF)
            p, up, down = p + 3 * _PLANES, up + 3 * _PLANES, down + 3 * _PLANES
            put(to + 3 * _PLANES, 0, (change(p, down + left) + change(p, up + right)) * _HALF)


@row_function
def add_rows(rows: int, out: int, vectors: int) -> None:
    """The sum of five rows of costs, given by a list of addresses."""
    a, b, c, d, e = integer(rows, 0), integer(rows, 1), integer(rows, 2), integer(rows, 3), integer(rows, 4)
    for plane in range(0, _COST_ROW, _COLUMN):
        for x in range(plane, plane + 64 * vectors, 64):
            put(out + x, 0, at(c + x, 0) + (at(b + x, 0) + at(d + x, 0)) + (at(a + x, 0) + at(e + x, 0)))


@lane_function
def mean(sums: int, left2: int, left: int, right: int, right2: int) -> FloatVector:
    """Of 25 costs, given the sums of five in each column."""
    near, far = at(sums + left, 0) + at(sums + right, 0), at(sums + left2, 0) + at(sums + right2, 0)
    return (at(sums, 0) + near + far) * _MEAN + _EVEN


@row_function
def blend(pictures: int, sums: int, scales: int, out: int, vectors: int) -> None:
    """A row of red, green and blue planes: the pictures, each with the weight 1 / cost^2; not balanced any more."""
    for column in range(CELL):
        own = column * _COLUMN
        left2, left = place(column - 2) - own, place(column - 1) - own
        right, right2 = place(column + 1) - own, place(column + 2) - own
        for x in range(own, own + 64 * vectors, 64):
            p = sums + x
            c0 = mean(p, left2, left, right, right2)
            c1 = mean(p + _PLANES, left2, left, right, right2)
            c2 = mean(p + 2 * _PLANES, left2, left, right, right2)
            c3 = mean(p + 3 * _PLANES, left2, left, right, right2)
            lowest = least(least(c0, c1), least(c2, c3))
            s0, s1, s2, s3 = lowest / c0, lowest / c1, lowest / c2, lowest / c3
            s0, s1, s2, s3 = s0 * s0, s1 * s1, s2 * s2, s3 * s3
            total = spread(_ONE) / ((s0 + s1) + (s2 + s3))
            for color in range(3):
                q = pictures + x + color * _PLANES
                mixed = s0 * at(q, 0) + s1 * at(q + 3 * _PLANES, 0)
                mixed = mixed + s2 * at(q + 6 * _PLANES, 0) + s3 * at(q + 9 * _PLANES, 0)
                put(out + x + color * _PLANES, 0, mixed * total * number(scales, color))


@entry_point
def run(
    first: int,
    last: int,
    mosaic: int,
    height: int,
    width: int,
    tall: int,
    wide: int,
    edges: int,
    weights: int,
    measured: int,
    gains: int,
    out: int,
) -> None:
    """Run tiles [first, last). Everything but sizes is given by its address.

    Args:
        first: counted over mosaics, tile rows and tile columns, the last fastest.
        last: exclusive.
        mosaic: (mosaics, height, width) float32.
        height: of a mosaic.
        width: of a mosaic.
        tall: rows of a tile.
        wide: columns of a tile: the width up to WIDEST, else TILE_WIDTH.
        edges: (4, 3) int64: the rows that stand for those above and below the frame, then the columns beside it.
        weights: (6, 6, 49, 8) float32 by place of the cell; see WEIGHTS.
        measured: (6, 6) int64: the colour of each place.
        gains: (39,) float32 for each place of the cell, then the factor that takes each colour back.
        out: (mosaics, 3, height, width) float32.
    """
    memory = np.zeros(_ROOM // 4 + 16, np.float32)
    mosaics = (memory.ctypes.data + 63) // 64 * 64
    pictures = mosaics + _MOSAIC_ROWS * _MOSAIC_ROW
    costs = pictures + _PICTURE_ROWS * _PICTURE_ROW
    sums = costs + _COST_ROWS * _COST_ROW
    blended = sums + _COST_ROW
    line = blended + 3 * _PLANES
    rows = line + _LINE
    tiles_x, tiles_y = (width + wide - 1) // wide, (height + tall - 1) // tall
    for tile in range(first, last):
        image, left, top = tile // (tiles_x * tiles_y), tile % tiles_x * wide, tile // tiles_x % tiles_y * tall
        right, bottom = min(left + wide, width), min(top + tall, height)
        start, at_end = max(left - CELL, 0), right + AROUND >= width
        vectors = (min(right + AROUND, width) - start + 16 * CELL - 1) // (16 * CELL)
        stop = start + 16 * CELL * vectors
        lowest = min(bottom + AROUND, height)
        loaded = max(top - AROUND, 0) - RADIUS
        for newest in range(max(top - AROUND, 0), bottom + AROUND):
            while loaded <= min(newest, lowest - 1) + RADIUS:
                y = row_at(loaded, height, edges, RADIUS)
                copy_row(mosaic + 4 * width * (image * height + y), width, start, stop, edges + 48, RADIUS, line)
                to = mosaics + loaded % _MOSAIC_ROWS * _MOSAIC_ROW
                take_apart(line, gains + 4 * CELL * (y % CELL), to, vectors)
                loaded += 1
            if newest < lowest:
                for n in range(SIDE):
                    set_integer(rows, n, mosaics + (newest - RADIUS + n) % _MOSAIC_ROWS * _MOSAIC_ROW)
                cell_row = CELL * (newest % CELL)
                to = pictures + newest % _PICTURE_ROWS * _PICTURE_ROW
                estimate(rows, weights + 4 * WEIGHTS * SIDE * SIDE * cell_row, measured + 8 * cell_row, to, vectors)
                mirror_ends(to, 3 * DIRECTIONS, 1, start, width, at_end)
            y = newest - 1
            if max(top - 2, 0) <= y < min(bottom + 2, height):
                above, below = mirror(y - 1, height), mirror(y + 1, height)
                cost(
                    pictures + above % _PICTURE_ROWS * _PICTURE_ROW,
                    pictures + y % _PICTURE_ROWS * _PICTURE_ROW,
                    pictures + below % _PICTURE_ROWS * _PICTURE_ROW,
                    costs + y % _COST_ROWS * _COST_ROW,
                    vectors,
                )
            y = newest - AROUND
            if y < top:
                continue
            for n in range(5):
                set_integer(rows, n, costs + mirror(y - 2 + n, height) % _COST_ROWS * _COST_ROW)
            add_rows(rows, sums, vectors)
            mirror_ends(sums, DIRECTIONS, 2, start, width, at_end)
            blend(pictures + y % _PICTURE_ROWS * _PICTURE_ROW, sums, gains + 4 * CELL * CELL, blended, vectors)
            for color in range(3):
                for x in range(0, 16 * vectors, 16):
                    _join(blended + color * _PLANES + 4 * x, _COLUMN, line + 4 * CELL * x)
                to = out + 4 * (((3 * image + color) * height + y) * width + left)
                copy_bytes(line + 4 * (left - start), to, 4 * (right - left))
    memory[0] = 0  # numba frees an array after its last use, and an address is none: this is the last
