"""Rows of mosaics whose cell is larger than 2x2, taken apart: a plane for each column of the cell.

Sixteen pixels beside each other in such a plane are a cell apart in the mosaic, so they see the same colour: one weight
serves them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from camsim.kernels.jit import row_function
from camsim.kernels.simd import LANES, copy_bytes, integer, number, set_number

_LONG, _INT = ir.IntType(64), ir.IntType(32)
_FLOATS = ir.VectorType(ir.FloatType(), LANES)


def _vector(builder: Any, address: Any, on: Any) -> Any:
    return builder.inttoptr(builder.add(address, on), _FLOATS.as_pointer())


def _picked(builder: Any, vectors: Sequence[Any], places: Sequence[tuple[int, int]]) -> Any:
    """For each lane which vector and which of its lanes it comes from."""
    made = vectors[0]
    for own, vector in enumerate(vectors):
        lanes = [LANES + lane if source == own else kept for kept, (source, lane) in enumerate(places)]
        mask = ir.Constant(ir.VectorType(_INT, LANES), [ir.Constant(_INT, lane) for lane in lanes])
        made = builder.shuffle_vector(made, vector, mask)
    return made


def splitter(period: int) -> Any:
    """``split(row, planes, step)``: 16 * period numbers of a row, one after the other, go to as many planes, ``step``
    bytes apart."""

    @intrinsic
    def split(typing: Any, row: Any, planes: Any, step: Any) -> Any:
        def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            row, planes, step = args
            places = [_vector(builder, row, _LONG(4 * LANES * turn)) for turn in range(period)]
            vectors = [builder.load(place, align=4) for place in places]
            for column in range(period):
                made = _picked(builder, vectors, [divmod(period * lane + column, LANES) for lane in range(LANES)])
                builder.store(made, _vector(builder, planes, builder.mul(step, _LONG(column))), align=4)
            return context.get_dummy_value()

        return types.void(types.int64, types.int64, types.int64), lower

    return split


def joiner(period: int) -> Any:
    """``join(planes, step, row)``: the way back from `splitter`."""

    @intrinsic
    def join(typing: Any, planes: Any, step: Any, row: Any) -> Any:
        def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            planes, step, row = args
            places = [_vector(builder, planes, builder.mul(step, _LONG(column))) for column in range(period)]
            vectors = [builder.load(place, align=4) for place in places]
            for turn in range(period):
                pixels = [divmod(LANES * turn + lane, period) for lane in range(LANES)]
                made = _picked(builder, vectors, [(column, lane) for lane, column in pixels])
                builder.store(made, _vector(builder, row, _LONG(4 * LANES * turn)), align=4)
            return context.get_dummy_value()

        return types.void(types.int64, types.int64, types.int64), lower

    return join


@row_function
def copy_row(row: int, width: int, start: int, stop: int, edges: int, radius: int, line: int) -> None:
    """Columns start - radius ... stop + radius - 1 of a row of the mosaic, as far as they are wanted.

    Args:
        row: address of its column 0.
        width: of the mosaic.
        start: the first column but for the radius, a multiple of the period.
        stop: the last one, exclusive; it may lie beyond the edge, where ``radius`` columns are made.
        edges: the columns that stand for those beyond the left edge, then for those beyond the right one.
        radius: columns beside.
        line: where column start - radius goes.
    """
    begin, end = max(start - radius, 0), min(stop + radius, width)
    copy_bytes(row + 4 * begin, line + 4 * (begin - start + radius), 4 * (end - begin))
    for n in range(radius):
        if start == 0:
            set_number(line, n, number(row, integer(edges, n)))
        if stop + radius > width:
            set_number(line, width - start + radius + n, number(row, integer(edges, radius + n)))


@row_function
def row_at(y: int, height: int, edges: int, radius: int) -> int:
    """The row of the mosaic that stands for row y, which may lie up to ``radius`` rows outside."""
    if y < 0:
        return integer(edges, y + radius)
    return y if y < height else integer(edges, radius + y - height)
