"""One operation on one row: which function, on which rows."""

from __future__ import annotations

from typing import Any

from camsim.kernels.jit import lane_function, row_function
from camsim.kernels.program import INPUTS, Op
from camsim.kernels.rows.color import matrix
from camsim.kernels.rows.demosaic import bilinear, color_weights, malvar
from camsim.kernels.rows.load import copy
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
from camsim.kernels.simd import integer, set_integer

_BILINEAR, _MALVAR, _MATRIX, _TONE = int(Op.BILINEAR), int(Op.MALVAR), int(Op.MATRIX), int(Op.TONE)
_HORIZONTAL, _VERTICAL, _CROSS = int(Op.HORIZONTAL), int(Op.VERTICAL), int(Op.CROSS)
_MEDIAN3, _MEDIAN5 = int(Op.MEDIAN3), int(Op.MEDIAN5)
_CHROMA, _CHOOSE, _SIDES = int(Op.MENON_CHROMA), int(Op.MENON_CHOOSE), int(Op.MENON_SIDES)
_OPPOSITE, _REFINE_GREEN = int(Op.MENON_OPPOSITE), int(Op.MENON_REFINE_GREEN)
_REFINE_SIDES, _REFINE_OPPOSITE = int(Op.MENON_REFINE_SIDES), int(Op.MENON_REFINE_OPPOSITE)

IN, OUT = 7, 7 + INPUTS


@lane_function
def ring(planes: int, plane: int, y: int) -> int:
    """Address of column 0 of a row of a plane; ``planes`` lists address of row 0, rows - 1, and bytes a row."""
    entry = planes + 24 * plane
    return integer(entry, 0) + (y & integer(entry, 1)) * integer(entry, 2)


@lane_function
def three(planes: int, plane: int, y: int) -> tuple[int, int, int]:
    return ring(planes, plane, y - 1), ring(planes, plane, y), ring(planes, plane, y + 1)


@lane_function
def five(planes: int, plane: int, y: int) -> tuple[int, int, int, int, int]:
    return (
        ring(planes, plane, y - 2),
        ring(planes, plane, y - 1),
        ring(planes, plane, y),
        ring(planes, plane, y + 1),
        ring(planes, plane, y + 2),
    )


@lane_function
def five_in(planes: int, op: int, y: int) -> tuple[int, int, int, int, int]:
    return (
        ring(planes, integer(op, IN), y),
        ring(planes, integer(op, IN + 1), y),
        ring(planes, integer(op, IN + 2), y),
        ring(planes, integer(op, IN + 3), y),
        ring(planes, integer(op, IN + 4), y),
    )


@lane_function
def four_out(planes: int, op: int, y: int) -> tuple[int, int, int, int]:
    return (
        ring(planes, integer(op, OUT), y),
        ring(planes, integer(op, OUT + 1), y),
        ring(planes, integer(op, OUT + 2), y),
        ring(planes, integer(op, OUT + 3), y),
    )


@lane_function
def site(cell: int, y: int) -> tuple[int, int]:
    """Column (0, 1) of the own colour in this row, and whether it is blue; ``cell`` packs both rows of the CFA cell."""
    code = cell >> (2 * (y & 1))
    return code & 1, (code >> 1) & 1


@row_function
def demosaic(op: int, planes: int, y: int, coefficients: int, first: int, last: int) -> None:
    """All operations that know the CFA; the first setting is the cell."""
    code = integer(op, 0)
    own_column, blue = site(integer(op, 5), y)
    if code == _BILINEAR:
        weights = color_weights(coefficients, blue)
        bilinear(three(planes, integer(op, IN), y), own_column, weights, four_out(planes, op, y), first, last)
    elif code == _MALVAR:
        weights = color_weights(coefficients, blue)
        malvar(five(planes, integer(op, IN), y), own_column, weights, four_out(planes, op, y), first, last)
    elif code == _CHROMA:
        chroma(
            five(planes, integer(op, IN), y),
            own_column,
            ring(planes, integer(op, OUT), y),
            ring(planes, integer(op, OUT + 1), y),
            ring(planes, integer(op, OUT + 2), y),
            first,
            last,
        )
    elif code == _CHOOSE:
        choose(
            ring(planes, integer(op, IN), y),
            five(planes, integer(op, IN + 1), y),
            five(planes, integer(op, IN + 2), y),
            five(planes, integer(op, IN + 3), y),
            ring(planes, integer(op, OUT), y),
            ring(planes, integer(op, OUT + 1), y),
            first,
            last,
        )
    else:
        # Planes come as red, then blue; the row says which is its own.
        if code == _SIDES:
            sides(
                three(planes, integer(op, IN), y),
                three(planes, integer(op, IN + 1), y),
                own_column,
                ring(planes, integer(op, OUT + blue), y),
                ring(planes, integer(op, OUT + 1 - blue), y),
                first,
                last,
            )
            return
        own, other = three(planes, integer(op, IN + blue), y), three(planes, integer(op, IN + 1 - blue), y)
        if code == _OPPOSITE:
            # Only the other plane changes at own pixels; the own plane is passed on as it is.
            out = ring(planes, integer(op, OUT + 1 - blue), y)
            opposite(own, other, ring(planes, integer(op, IN + 2), y), own_column, out, first, last)
            copy(own[1], ring(planes, integer(op, OUT + blue), y), first, last)
        elif code == _REFINE_GREEN:
            green = three(planes, integer(op, IN + 2), y)
            out = ring(planes, integer(op, OUT), y)
            refine_green(own, green, ring(planes, integer(op, IN + 3), y), own_column, out, first, last)
        elif code == _REFINE_SIDES:
            refine_sides(
                own,
                other,
                three(planes, integer(op, IN + 2), y),
                own_column,
                ring(planes, integer(op, OUT + blue), y),
                ring(planes, integer(op, OUT + 1 - blue), y),
                first,
                last,
            )
        else:
            weights = color_weights(coefficients, blue)
            refine_opposite(
                own,
                other,
                ring(planes, integer(op, IN + 2), y),
                ring(planes, integer(op, IN + 3), y),
                own_column,
                weights,
                four_out(planes, op, y),
                first,
                last,
            )


@row_function
def filters(op: int, planes: int, y: int, coefficients: int, rows: int, scratch: int, first: int, last: int) -> None:
    """All operations on one plane."""
    code, radius = integer(op, 0), integer(op, 3)
    out = ring(planes, integer(op, OUT), y)
    if code == _CROSS:
        above, row, below = three(planes, integer(op, IN), y)
        cross(above, row, below, coefficients, out, first, last)
    elif code == _HORIZONTAL:
        horizontal(ring(planes, integer(op, IN), y), radius, coefficients, out, first, last)
    elif code == _VERTICAL:
        for k in range(-radius, radius + 1):
            set_integer(rows, radius + k, ring(planes, integer(op, IN), y + k))
        vertical(rows, radius, ring(planes, integer(op, IN + 1), y), coefficients, out, first, last)
    elif code == _MEDIAN3:
        above, row, below = three(planes, integer(op, IN), y)
        median3(above, row, below, out, first, last)
    else:
        median5(five(planes, integer(op, IN), y), scratch, out, first, last)



@row_function
def plane_operation(
    op: int, planes: int, y: int, coefficients: int, rows: int, scratch: int, first: int, last: int
) -> None:
    """Any operation that reads planes and writes planes.

    Args:
        op: its row of the table.
        planes: list of planes.
        y: row to make.
        coefficients: its numbers.
        rows: room for a list of rows.
        scratch: room for 25 vectors.
        first: column.
        last: exclusive.
    """
    code = integer(op, 0)
    if code == _TONE:
        filtered, luma = ring(planes, integer(op, IN + 3), y), ring(planes, integer(op, IN + 4), y)
        for color in range(3):
            plane, out = ring(planes, integer(op, IN + color), y), ring(planes, integer(op, OUT + color), y)
            tone(plane, filtered, luma, integer(op, 5), coefficients, False, out, out, first, last)
    elif code == _MATRIX:
        weights = color_weights(coefficients, 0)
        matrix(five_in(planes, op, y), weights, four_out(planes, op, y), first, last)
    elif code == _BILINEAR or code == _MALVAR or code >= _CHROMA:
        demosaic(op, planes, y, coefficients, first, last)
    else:
        filters(op, planes, y, coefficients, rows, scratch, first, last)
