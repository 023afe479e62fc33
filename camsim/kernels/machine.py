"""The machine: runs the operations of a program over tiles of a batch of mosaics.

It knows nothing of what they do, only which rows they are to make, and in which order: it serves every chain,
forwards and backwards.
"""

from __future__ import annotations

import numpy as np

from camsim.kernels.frame import (
    ALL_NUMBERS,
    ALL_SUMS,
    BOTTOM,
    COEFFICIENTS,
    HEIGHT,
    IMAGE,
    LEFT,
    MOSAIC,
    MOSAICS,
    NUMBERS,
    PAD,
    ROW_BYTES,
    STEPS,
    SUMS,
    TILE_COLUMNS,
    TILE_HEIGHT,
    TILE_WIDTH,
    TOP,
    WEIGHTS,
    WIDTH,
)
from camsim.kernels.frame import DOWN as FRAME_DOWN
from camsim.kernels.jit import entry_point, row_function
from camsim.kernels.program import ACROSS, ADDRESS, COLUMNS, DOWN, LAG
from camsim.kernels.simd import call_operation, integer, set_integer, set_number, single, taken

_HALF, _ONE = single(0.5), single(1)


@row_function
def set_weights(frame: int) -> None:
    """1 inside the tile, 1/2 in the first and last column of the image, 0 outside; and a row with 1 for 1/2."""
    weights, pad, left = integer(frame, WEIGHTS), integer(frame, PAD), integer(frame, LEFT)
    columns, end = integer(frame, TILE_COLUMNS), integer(frame, WIDTH) - 1
    for x in range(-pad, integer(frame, TILE_WIDTH) + pad):
        inside = np.float32(0 <= x < columns)
        set_number(weights, x, inside * (_HALF if left + x in (0, end) else _ONE))
        set_number(weights + integer(frame, ROW_BYTES), x, inside)


@entry_point
def run(table: int, operations: int, frame: int, next_tile: int, tiles: int) -> None:
    """Run tiles of all settings of all mosaics until none is left.

    Args:
        table: address of the program's table.
        operations: its rows.
        frame: address of the frame; see camsim.kernels.frame.
        next_tile: address of the number of the next one, which all threads share; counted over settings, mosaics, tile
            rows and tile columns, the last fastest.
        tiles: how many there are.
    """
    height, width = integer(frame, HEIGHT), integer(frame, WIDTH)
    tile_h, tile_w = integer(frame, TILE_HEIGHT), integer(frame, TILE_WIDTH)
    tiles_y, tiles_x = (height + tile_h - 1) // tile_h, (width + tile_w - 1) // tile_w
    while True:
        tile = taken(next_tile)
        if tile >= tiles:
            return
        left, top = tile % tiles_x * tile_w, tile // tiles_x % tiles_y * tile_h
        image = tile // (tiles_x * tiles_y)
        setting = image // integer(frame, MOSAICS)
        columns, bottom = min(tile_w, width - left), min(height, top + tile_h)
        set_integer(frame, IMAGE, image)
        set_integer(frame, MOSAIC, image % integer(frame, MOSAICS))
        set_integer(frame, LEFT, left)
        set_integer(frame, TOP, top)
        set_integer(frame, TILE_COLUMNS, columns)
        set_integer(frame, BOTTOM, bottom)
        set_integer(frame, COEFFICIENTS, integer(frame, ALL_NUMBERS) + 4 * integer(frame, NUMBERS) * setting)
        if integer(frame, ALL_SUMS) != 0:
            set_integer(frame, SUMS, integer(frame, ALL_SUMS) + 64 * integer(frame, NUMBERS) * tile)
            set_weights(frame)
        for time in range(top - integer(frame, FRAME_DOWN), bottom + integer(frame, STEPS)):
            for index in range(operations):
                op = table + 8 * COLUMNS * index
                y, down = time - integer(op, LAG), integer(op, DOWN)
                if max(top - down, 0) <= y < min(bottom + down, height):
                    need = integer(op, ACROSS)
                    first, last = -((need + 15) // 16 * 16), (columns + need + 15) // 16 * 16
                    call_operation(integer(op, ADDRESS), op, frame, y, first, last)
