"""The machine backwards: gradients of coefficients and mosaics from those of images."""

from __future__ import annotations

from typing import Any

import numpy as np

from camsim.kernels.adjoint.color import bilinear_adjoint, demosaic_adjoint, malvar_adjoint, matrix_adjoint
from camsim.kernels.adjoint.ends import gradient_in, load_adjoint
from camsim.kernels.adjoint.stencil import horizontal_adjoint, vertical_adjoint, weighted_sum
from camsim.kernels.adjoint.tone import add_three, tone_adjoint
from camsim.kernels.jit import STAMP, entry_point, row_function
from camsim.kernels.operations import IN, OUT, five, plane_operation, ring, site, three
from camsim.kernels.program import COLUMNS, Op
from camsim.kernels.rows.demosaic import color_weights
from camsim.kernels.rows.load import copy_bytes, load, mirror
from camsim.kernels.simd import integer, set_integer, set_number

_LOAD, _GRADIENT_IN, _LOAD_ADJOINT = int(Op.LOAD), int(Op.GRADIENT_IN), int(Op.LOAD_ADJOINT)
_TONE, _ADD_THREE, _WEIGHTED = int(Op.TONE_ADJOINT), int(Op.ADD_THREE), int(Op.WEIGHTED_SUM)
_HORIZONTAL, _VERTICAL = int(Op.HORIZONTAL_ADJOINT), int(Op.VERTICAL_ADJOINT)
_MATRIX, _DEMOSAIC = int(Op.MATRIX_ADJOINT), int(Op.DEMOSAIC_ADJOINT)
_BILINEAR = int(Op.BILINEAR_ADJOINT)
_ADJOINT = int(Op.GRADIENT_IN)
_HALF, _ONE, _TWO = np.float32(0.5), np.float32(1), np.float32(2)


@row_function
def set_weights(weights: int, width: int, left: int, w: int, first: int, last: int) -> None:
    """1 inside the tile, 1/2 in the first and last column of the image, 0 outside."""
    for x in range(first, last):
        inside = np.float32(0 <= x < w)
        set_number(weights, x, inside * (_HALF if left + x == 0 or left + x == width - 1 else _ONE))


@row_function
def planes_in(planes: int, op: int, start: int, y: int) -> tuple[int, int, int, int, int]:
    return (
        ring(planes, integer(op, IN + start), y),
        ring(planes, integer(op, IN + start + 1), y),
        ring(planes, integer(op, IN + start + 2), y),
        ring(planes, integer(op, IN + start + 3), y),
        ring(planes, integer(op, IN + start + 4), y),
    )


@row_function
def adjoint_operation(
    op: int,
    planes: int,
    y: int,
    coefficients: int,
    sums: int,
    weights: int,
    share: float,
    rows: int,
    first: int,
    last: int,
) -> None:
    """Any adjoint operation that reads planes and writes planes."""
    code, radius = integer(op, 0), integer(op, 3)
    source, out = ring(planes, integer(op, IN), y), ring(planes, integer(op, OUT), y)
    if code == _TONE:
        filtered, luma = ring(planes, integer(op, IN + 1), y), ring(planes, integer(op, IN + 2), y)
        gradient = ring(planes, integer(op, IN + 3), y)
        encoding = integer(op, 5)
        tone_adjoint(
            source, filtered, luma, gradient, encoding, weights, share, coefficients, sums, out, first, last
        )
    elif code == _ADD_THREE:
        second, third = ring(planes, integer(op, IN + 1), y), ring(planes, integer(op, IN + 2), y)
        add_three(source, second, third, out, first, last)
    elif code == _WEIGHTED:
        second = ring(planes, integer(op, IN + 1), y)
        weighted_sum(source, second, np.float32(integer(op, 5)), np.float32(integer(op, 6)), out, first, last)
    elif code == _HORIZONTAL:
        row = ring(planes, integer(op, IN + 1), y)
        horizontal_adjoint(source, row, radius, weights, share, coefficients, sums, out, first, last)
    elif code == _VERTICAL:
        gradients = rows + 8 * (2 * radius + 1)
        for k in range(-radius, radius + 1):
            set_integer(gradients, radius + k, ring(planes, integer(op, IN), y + k))
            set_integer(rows, radius + k, ring(planes, integer(op, IN + 1), y + k))
        kept, kept_out = ring(planes, integer(op, IN + 2), y), ring(planes, integer(op, OUT + 1), y)
        vertical_adjoint(
            gradients, rows, radius, kept, weights, share, coefficients, sums, out, kept_out, first, last
        )
    elif code == _MATRIX:
        outs = (
            out,
            ring(planes, integer(op, OUT + 1), y),
            ring(planes, integer(op, OUT + 2), y),
            ring(planes, integer(op, OUT + 3), y),
        )
        numbers = color_weights(coefficients, 0)
        before, after = planes_in(planes, op, 0, y), planes_in(planes, op, 5, y)
        matrix_adjoint(before, after, numbers, weights, share, sums, outs, first, last)
    elif code == _DEMOSAIC:
        own_column, blue = site(integer(op, 5), y)
        numbers = color_weights(coefficients, blue)
        outs3 = (out, ring(planes, integer(op, OUT + 1), y), ring(planes, integer(op, OUT + 2), y))
        mosaic, after = five(planes, integer(op, IN), y), planes_in(planes, op, 1, y)
        is_malvar = integer(op, 6) == 1
        demosaic_adjoint(
            mosaic, is_malvar, own_column, blue, after, numbers, weights, share, sums, outs3, first, last
        )
    elif code == _BILINEAR:
        own_column, blue = site(integer(op, 5), y)
        crossed, other = three(planes, integer(op, IN + 1), y), three(planes, integer(op, IN + 2), y)
        bilinear_adjoint(source, crossed, other, own_column, out, first, last)
    else:
        own_column, blue = site(integer(op, 5), y)
        crossed5, other5 = five(planes, integer(op, IN + 1), y), five(planes, integer(op, IN + 2), y)
        malvar_adjoint(source, crossed5, other5, own_column, out, first, last)


def _make(stamp: int) -> Any:
    @entry_point
    def run_adjoint(
        operations: int,
        count_of_operations: int,
        planes: int,
        geometry: int,
        all_numbers: int,
        count_of_numbers: int,
        plain_numbers: int,
        raw: int,
        gradients: int,
        raw_gradient: int,
        all_sums: int,
        first_tile: int,
        last_tile: int,
    ) -> None:
        """Run tiles [first_tile, last_tile) of one setting backwards.

        Args:
            operations: table of the program.
            count_of_operations: its rows.
            planes: for each, address of row 0, rows kept - 1, and bytes a row.
            geometry: as for `camsim.kernels.machine.run`, then the address of a row for weights, and columns on each
                side of it.
            all_numbers: (n,) float32.
            count_of_numbers: n.
            plain_numbers: of a load that changes nothing.
            raw: (mosaics, height, width) float32.
            gradients: list of addresses of (mosaics, 3, height, width), one for each image.
            raw_gradient: (mosaics, height, width) to write, or 0 where nobody wants it.
            all_sums: (tiles, n) float64, zero.
            first_tile: counted over mosaics, tile rows and tile columns, the last fastest.
            last_tile: exclusive.
        """
        _ = stamp
        height, width = integer(geometry, 1), integer(geometry, 2)
        tile_h, tile_w = integer(geometry, 3), integer(geometry, 4)
        reach, steps = integer(geometry, 5), integer(geometry, 6)
        spare, rows, scratch = integer(geometry, 7), integer(geometry, 8), integer(geometry, 9)
        weights, pad = integer(geometry, 10), integer(geometry, 11)
        tiles_y, tiles_x = (height + tile_h - 1) // tile_h, (width + tile_w - 1) // tile_w
        for tile in range(first_tile, last_tile):
            left = tile % tiles_x * tile_w
            top = tile // tiles_x % tiles_y * tile_h
            mosaic = tile // (tiles_x * tiles_y)
            sums = all_sums + 8 * count_of_numbers * tile
            w, bottom = min(tile_w, width - left), min(height, top + tile_h)
            set_weights(weights, width, left, w, -pad, tile_w + pad)
            for time in range(top - reach, bottom + steps):
                for index in range(count_of_operations):
                    op = operations + 8 * COLUMNS * index
                    code, need, y = integer(op, 0), integer(op, 2), time - integer(op, 1)
                    if y < top - need or y >= bottom + need:
                        continue
                    first, last = -((need + 15) // 16 * 16), (w + need + 15) // 16 * 16
                    coefficients = all_numbers + 4 * integer(op, 4)
                    here = sums + 8 * integer(op, 4)
                    inside = mirror(y, height)
                    at_edge = inside == 0 or inside == height - 1
                    if code == _LOAD:
                        numbers = plain_numbers if integer(op, 5) == 1 else coefficients
                        source = raw + 4 * (mosaic * height + inside) * width
                        out = ring(planes, integer(op, OUT), y)
                        load(source, False, width, left, y & 1, -need, w + need, numbers, out, first, last)
                    elif code == _GRADIENT_IN:
                        share_in = _TWO if at_edge else _ONE
                        for color in range(3):
                            source = integer(gradients, integer(op, 6))
                            source += 4 * ((mosaic * 3 + color) * height + inside) * width
                            out = ring(planes, integer(op, OUT + color), y)
                            gradient_in(source, width, left, share_in, -need, w + need, out, first, last)
                    elif code < _ADJOINT:
                        plane_operation(op, planes, y, coefficients, rows, scratch, first, last)
                    else:
                        share = np.float32(top <= y < bottom) * (_HALF if at_edge else _ONE)
                        if code == _LOAD_ADJOINT:
                            gradient, dn = ring(planes, integer(op, IN), y), ring(planes, integer(op, IN + 1), y)
                            load_adjoint(gradient, dn, weights, share, y & 1, coefficients, here, spare, first, last)
                            if raw_gradient != 0:
                                copy_bytes(spare, raw_gradient + 4 * ((mosaic * height + y) * width + left), 4 * w)
                        else:
                            adjoint_operation(
                                op, planes, y, coefficients, here, weights, share, rows, first, last
                            )

    return run_adjoint


run_adjoint = _make(STAMP)
"""See its inner docstring; compiled or loaded on the first call."""
