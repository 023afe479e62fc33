"""Linear filters whose weights depend on the place in a cell of 4x4, as those of `camsim.isp.cokriging` do.

A row of a tile is split into planes, one for each column of the cell. Two places of the cell are computed at a time, 64
of each, so that weights and samples that are once in a register are used several times.
"""

from __future__ import annotations

import numpy as np

from camsim.kernels.cells import copy_row, joiner, row_at, splitter
from camsim.kernels.jit import entry_point, lane_function, row_function
from camsim.kernels.registers import WIDE
from camsim.kernels.simd import FloatVector, at, copy_bytes, integer, number, put, single, spread

CELL, RADIUS = 4, 4
SIDE = 2 * RADIUS + 1
TILE_WIDTH = 64 * CELL
NONE = -1
PAIR = 4
"""Numbers of a pair of places in a plan: their columns, which may be the same, and where their weights begin; NONE for
the first column: there are no more. The last number is room."""
PLAN = CELL * PAIR
"""Numbers of the plan of a row of the cell: at most two pairs, then for each column whether it is kept as it is."""
KEPT = 2 * PAIR

_PLANE = 4 * 64
_ROW = (CELL + 2 * RADIUS) * _PLANE
_LINE = 4 * (TILE_WIDTH + 2 * RADIUS + 16)
_ROOM = SIDE * _ROW + CELL * _PLANE + _LINE

_ZERO = single(0)

_split, _join = splitter(CELL), joiner(CELL)


@lane_function
def put_four(plane: int, a: FloatVector, b: FloatVector, c: FloatVector, d: FloatVector) -> None:
    """A row of a plane."""
    put(plane, 0, a)
    put(plane, 16, b)
    put(plane, 32, c)
    put(plane, 48, d)


@row_function
def filter_wide(mosaics: int, y: int, weights: int, first: int, second: int, out: int) -> None:
    """Two columns of a row of cells.

    Args:
        mosaics: address of nine rows, row y at y % 9.
        y: the row.
        weights: (9, 9 + second - first, 2) float32.
        first: column of the cell.
        second: column of the cell, not before the first.
        out: address of the planes of the row.
    """
    a0, a1, a2, a3 = spread(_ZERO), spread(_ZERO), spread(_ZERO), spread(_ZERO)
    b0, b1, b2, b3 = a0, a1, a2, a3
    for down in range(SIDE):
        row = mosaics + (y - RADIUS + down) % SIDE * _ROW
        for plane in range(row + first * _PLANE, row + (second + SIDE) * _PLANE, _PLANE):
            a, b = number(weights, 0), number(weights, 1)
            x0, x1, x2, x3 = at(plane, 0), at(plane, 16), at(plane, 32), at(plane, 48)
            a0, a1, a2, a3 = a0 + x0 * a, a1 + x1 * a, a2 + x2 * a, a3 + x3 * a
            b0, b1, b2, b3 = b0 + x0 * b, b1 + x1 * b, b2 + x2 * b, b3 + x3 * b
            weights += 8
    put_four(out + first * _PLANE, a0, a1, a2, a3)
    put_four(out + second * _PLANE, b0, b1, b2, b3)


@row_function
def filter_by_halves(mosaics: int, y: int, weights: int, first: int, second: int, out: int) -> None:
    """As `filter_wide`, which where registers are short would send its sums to memory and back."""
    for x in range(0, 64, 32):
        weight = weights
        a0, a1, b0, b1 = spread(_ZERO), spread(_ZERO), spread(_ZERO), spread(_ZERO)
        for down in range(SIDE):
            row = mosaics + (y - RADIUS + down) % SIDE * _ROW
            for plane in range(row + first * _PLANE, row + (second + SIDE) * _PLANE, _PLANE):
                a, b = number(weight, 0), number(weight, 1)
                x0, x1 = at(plane, x), at(plane, x + 16)
                a0, a1, b0, b1 = a0 + x0 * a, a1 + x1 * a, b0 + x0 * b, b1 + x1 * b
                weight += 8
        put(out + first * _PLANE, x, a0)
        put(out + first * _PLANE, x + 16, a1)
        put(out + second * _PLANE, x, b0)
        put(out + second * _PLANE, x + 16, b1)


filter_pair = filter_wide if WIDE else filter_by_halves


@entry_point
def run(
    first: int,
    last: int,
    mosaic: int,
    height: int,
    width: int,
    tall: int,
    edges: int,
    plan: int,
    weights: int,
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
        edges: (4, 4) int64: the rows that stand for those above and below the frame, then the columns beside it.
        plan: (4, PLAN) int64.
        weights: float32, see `filter_wide`.
        out: (mosaics, height, width) float32.
    """
    memory = np.zeros(_ROOM // 4 + 16, np.float32)
    mosaics = (memory.ctypes.data + 63) // 64 * 64
    made = mosaics + SIDE * _ROW
    line = made + CELL * _PLANE
    tiles_x, tiles_y = (width + TILE_WIDTH - 1) // TILE_WIDTH, (height + tall - 1) // tall
    for tile in range(first, last):
        image, left, top = tile // (tiles_x * tiles_y), tile % tiles_x * TILE_WIDTH, tile // tiles_x % tiles_y * tall
        columns, bottom = min(TILE_WIDTH, width - left), min(top + tall, height)
        for loaded in range(top - RADIUS, bottom + RADIUS):
            source = mosaic + 4 * width * (image * height + row_at(loaded, height, edges, RADIUS))
            copy_row(source, width, left, left + TILE_WIDTH, edges + 16 * RADIUS, RADIUS, line)
            row = mosaics + loaded % SIDE * _ROW
            for x in range(0, 64, 16):
                for column in range(0, CELL + 2 * RADIUS, CELL):
                    _split(line + 4 * (CELL * x + column), row + column * _PLANE + 4 * x, _PLANE)
            y = loaded - RADIUS
            if y < top:
                continue
            row = mosaics + y % SIDE * _ROW + RADIUS * _PLANE
            places = plan + 8 * PLAN * (y % CELL)
            for pair in range(0, 2 * PAIR, PAIR):
                if integer(places, pair) != NONE:
                    place = weights + 4 * integer(places, pair + 2)
                    filter_pair(mosaics, y, place, integer(places, pair), integer(places, pair + 1), made)
            for column in range(CELL):
                if integer(places, KEPT + column) != 0:
                    copy_bytes(row + column * _PLANE, made + column * _PLANE, _PLANE)
            for x in range(0, 64, 16):
                _join(made + 4 * x, _PLANE, line + 4 * CELL * x)
            copy_bytes(line, out + 4 * ((image * height + y) * width + left), 4 * columns)
    memory[0] = 0  # numba frees an array after its last use, and an address is none: this is the last
