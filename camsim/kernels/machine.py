"""The machine: runs a program of row operations over tiles of a batch of mosaics.

One kernel serves every profile, so it is compiled once for a machine and kept on disk.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from camsim.kernels.jit import STAMP, entry_point, row_function
from camsim.kernels.program import INPUTS, Op
from camsim.kernels.rows.color import matrix
from camsim.kernels.rows.demosaic import bilinear, color_weights, malvar
from camsim.kernels.rows.load import copy, copy_bytes, load, mirror
from camsim.kernels.rows.median import median3, median5
from camsim.kernels.rows.menon import (
    choose,
    chroma,
    opposite,
    refine_green,
    refine_opposite,
    refine_sides,
    sides,
)
from camsim.kernels.rows.stencil import cross, horizontal, vertical
from camsim.kernels.rows.tone import tone

_LOAD, _BILINEAR, _MALVAR, _MATRIX = int(Op.LOAD), int(Op.BILINEAR), int(Op.MALVAR), int(Op.MATRIX)
_HORIZONTAL, _VERTICAL, _CROSS = int(Op.HORIZONTAL), int(Op.VERTICAL), int(Op.CROSS)
_MEDIAN3, _MEDIAN5, _TONE, _STORE = int(Op.MEDIAN3), int(Op.MEDIAN5), int(Op.TONE), int(Op.STORE)
_CHROMA, _CHOOSE, _SIDES = int(Op.MENON_CHROMA), int(Op.MENON_CHOOSE), int(Op.MENON_SIDES)
_OPPOSITE, _REFINE_GREEN = int(Op.MENON_OPPOSITE), int(Op.MENON_REFINE_GREEN)
_REFINE_SIDES, _REFINE_OPPOSITE = int(Op.MENON_REFINE_SIDES), int(Op.MENON_REFINE_OPPOSITE)

_IN, _OUT = 7, 7 + INPUTS


@row_function
def ring(planes: Any, plane: int, y: int) -> int:
    """Address of column 0 of a row of a plane; ``planes`` has address of row 0, rows - 1, and bytes a row."""
    return planes[plane, 0] + (y & planes[plane, 1]) * planes[plane, 2]


@row_function
def three(planes: Any, plane: int, y: int) -> tuple[int, int, int]:
    return ring(planes, plane, y - 1), ring(planes, plane, y), ring(planes, plane, y + 1)


@row_function
def five(planes: Any, plane: int, y: int) -> tuple[int, int, int, int, int]:
    return (
        ring(planes, plane, y - 2),
        ring(planes, plane, y - 1),
        ring(planes, plane, y),
        ring(planes, plane, y + 1),
        ring(planes, plane, y + 2),
    )


@row_function
def four_out(planes: Any, op: Any, y: int) -> tuple[int, int, int, int]:
    return (
        ring(planes, op[_OUT], y),
        ring(planes, op[_OUT + 1], y),
        ring(planes, op[_OUT + 2], y),
        ring(planes, op[_OUT + 3], y),
    )


@row_function
def site(cell: int, y: int) -> tuple[int, int]:
    """Column (0, 1) of the own colour in this row, and whether it is blue; ``cell`` packs both rows of the CFA cell."""
    code = cell >> (2 * (y & 1))
    return code & 1, (code >> 1) & 1


@row_function
def demosaic(op: Any, planes: Any, y: int, coefficients: int, first: int, last: int) -> None:
    """All operations that know the CFA; the first setting is the cell."""
    code = op[0]
    own_column, blue = site(op[5], y)
    if code == _BILINEAR:
        above, row, below = three(planes, op[_IN], y)
        weights = color_weights(coefficients, blue)
        bilinear(above, row, below, own_column, weights, four_out(planes, op, y), first, last)
    elif code == _MALVAR:
        a, b, c, d, e = five(planes, op[_IN], y)
        weights = color_weights(coefficients, blue)
        malvar(a, b, c, d, e, own_column, weights, four_out(planes, op, y), first, last)
    elif code == _CHROMA:
        chroma(
            five(planes, op[_IN], y),
            own_column,
            ring(planes, op[_OUT], y),
            ring(planes, op[_OUT + 1], y),
            ring(planes, op[_OUT + 2], y),
            first,
            last,
        )
    elif code == _CHOOSE:
        choose(
            ring(planes, op[_IN], y),
            five(planes, op[_IN + 1], y),
            five(planes, op[_IN + 2], y),
            five(planes, op[_IN + 3], y),
            ring(planes, op[_OUT], y),
            ring(planes, op[_OUT + 1], y),
            first,
            last,
        )
    else:
        # Planes come as red, then blue; the row says which is its own.
        if code == _SIDES:
            sides(
                three(planes, op[_IN], y),
                three(planes, op[_IN + 1], y),
                own_column,
                ring(planes, op[_OUT + blue], y),
                ring(planes, op[_OUT + 1 - blue], y),
                first,
                last,
            )
            return
        own, other = three(planes, op[_IN + blue], y), three(planes, op[_IN + 1 - blue], y)
        if code == _OPPOSITE:
            # Only the other plane changes at own pixels; the own plane is passed on as it is.
            out = ring(planes, op[_OUT + 1 - blue], y)
            opposite(own, other, ring(planes, op[_IN + 2], y), own_column, out, first, last)
            copy(own[1], ring(planes, op[_OUT + blue], y), first, last)
        elif code == _REFINE_GREEN:
            green = three(planes, op[_IN + 2], y)
            out = ring(planes, op[_OUT], y)
            refine_green(own, green, ring(planes, op[_IN + 3], y), own_column, out, first, last)
        elif code == _REFINE_SIDES:
            refine_sides(
                own,
                other,
                three(planes, op[_IN + 2], y),
                own_column,
                ring(planes, op[_OUT + blue], y),
                ring(planes, op[_OUT + 1 - blue], y),
                first,
                last,
            )
        else:
            weights = color_weights(coefficients, blue)
            refine_opposite(
                own,
                other,
                ring(planes, op[_IN + 2], y),
                ring(planes, op[_IN + 3], y),
                own_column,
                weights,
                four_out(planes, op, y),
                first,
                last,
            )


@row_function
def filters(op: Any, planes: Any, y: int, coefficients: int, rows: Any, scratch: int, first: int, last: int) -> None:
    """All operations on one plane."""
    code, radius = op[0], op[3]
    out = ring(planes, op[_OUT], y)
    if code == _CROSS:
        above, row, below = three(planes, op[_IN], y)
        cross(above, row, below, coefficients, out, first, last)
    elif code == _HORIZONTAL:
        horizontal(ring(planes, op[_IN], y), radius, coefficients, out, first, last)
    elif code == _VERTICAL:
        for k in range(-radius, radius + 1):
            rows[radius + k] = ring(planes, op[_IN], y + k)
        vertical(rows, radius, ring(planes, op[_IN + 1], y), coefficients, out, first, last)
    elif code == _MEDIAN3:
        above, row, below = three(planes, op[_IN], y)
        median3(above, row, below, out, first, last)
    else:
        median5(five(planes, op[_IN], y), scratch, out, first, last)


def _make(stamp: int) -> Any:
    @entry_point
    def run(
        table: Any,
        depths: Any,
        geometry: Any,
        coefficients: Any,
        raw: int,
        raw_is_uint16: bool,
        outs: Any,
        out_is_bytes: bool,
        first_tile: int,
        last_tile: int,
    ) -> None:
        """Run tiles [first_tile, last_tile) of all settings of all mosaics.

        Args:
            table: of the program.
            depths: of the program.
            geometry: mosaics, height, width, tile height, tile width, reach, radius, steps.
            coefficients: (settings, n) float32.
            raw: address of (mosaics, height, width) float32 or uint16.
            raw_is_uint16: which of them.
            outs: addresses of (settings, mosaics, 3, height, width), one for each image stored.
            out_is_bytes: uint8 or float32.
            first_tile: counted over settings, mosaics, tile rows and tile columns, the last fastest.
            last_tile: exclusive.
        """
        _ = stamp
        count, height, width, tile_h, tile_w = geometry[0], geometry[1], geometry[2], geometry[3], geometry[4]
        reach, radius, steps = geometry[5], geometry[6], geometry[7]
        pad = 16 * ((reach + 15) // 16 + (radius + 15) // 16 + 1)
        stride = 4 * (tile_w + 2 * pad)
        planes = np.empty((depths.shape[0], 3), dtype=np.int64)
        memory = np.zeros((depths.sum() + 2) * stride + 4 * 16 * 25 + 64, dtype=np.uint8)
        place = (memory.ctypes.data + 63) // 64 * 64 + 4 * pad
        for plane in range(depths.shape[0]):
            planes[plane, 0], planes[plane, 1], planes[plane, 2] = place, depths[plane] - 1, stride
            place += depths[plane] * stride
        spare = place
        scratch = spare + 2 * stride - 4 * pad
        rows = np.empty(2 * radius + 1, dtype=np.int64)
        raw_size = 2 if raw_is_uint16 else 4
        out_size = 1 if out_is_bytes else 4
        tiles_y, tiles_x = (height + tile_h - 1) // tile_h, (width + tile_w - 1) // tile_w
        for tile in range(first_tile, last_tile):
            left = tile % tiles_x * tile_w
            top = tile // tiles_x % tiles_y * tile_h
            image = tile // (tiles_x * tiles_y)
            mosaic = image % count
            numbers = coefficients.ctypes.data + 4 * (image // count) * coefficients.shape[1]
            w, bottom = min(tile_w, width - left), min(height, top + tile_h)
            for time in range(top - reach, bottom + steps):
                for index in range(table.shape[0]):
                    op = table[index]
                    code, need, y = op[0], op[2], time - op[1]
                    if y < top - need or y >= bottom + need:
                        continue
                    first, last = -((need + 15) // 16 * 16), (w + need + 15) // 16 * 16
                    numbers_here = numbers + 4 * op[4]
                    if code == _LOAD:
                        source = raw + raw_size * (mosaic * height + mirror(y, height)) * width
                        out = ring(planes, op[_OUT], y)
                        load(source, raw_is_uint16, width, left, y & 1, -need, w + need, numbers_here, out, first, last)
                    elif code == _STORE or code == _TONE:
                        filtered, luma = ring(planes, op[_IN + 3], y), ring(planes, op[_IN + 4], y)
                        for color in range(3):
                            plane = ring(planes, op[_IN + color], y)
                            if code == _TONE:
                                out = ring(planes, op[_OUT + color], y)
                                tone(plane, filtered, luma, op[5], numbers_here, False, out, out, first, last)
                                continue
                            out = outs[op[6]] + out_size * (((image * 3 + color) * height + y) * width + left)
                            following = out + out_size * width
                            args = (op[5], numbers_here, out_is_bytes)
                            full = w // 16 * 16
                            tone(plane, filtered, luma, *args, out, following, 0, full)
                            if full == w:
                                continue
                            if w >= 16:  # once more, up to the end: nothing may be written beyond it
                                tone(plane, filtered, luma, *args, out, following, w - 16, w)
                            else:
                                tone(plane, filtered, luma, *args, spare, spare, 0, 16)
                                copy_bytes(spare, out, out_size * w)
                    elif code == _MATRIX:
                        weights = color_weights(numbers_here, 0)
                        matrix(
                            ring(planes, op[_IN], y),
                            ring(planes, op[_IN + 1], y),
                            ring(planes, op[_IN + 2], y),
                            ring(planes, op[_IN + 3], y),
                            ring(planes, op[_IN + 4], y),
                            weights,
                            four_out(planes, op, y),
                            first,
                            last,
                        )
                    elif code == _BILINEAR or code == _MALVAR or code >= _CHROMA:
                        demosaic(op, planes, y, numbers_here, first, last)
                    else:
                        filters(op, planes, y, numbers_here, rows, scratch, first, last)

    return run


run = _make(STAMP)
"""See its inner docstring; compiled or loaded on the first call."""
