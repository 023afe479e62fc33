"""Rows of an image of three planes, with mirrored ends; and of a mosaic that goes out."""

from __future__ import annotations

from camsim.kernels.frame import (
    HEIGHT,
    IMAGE,
    IMAGES,
    LEFT,
    MOSAIC,
    RAW,
    TILE_COLUMNS,
    WIDTH,
    mirror_columns,
    row_in,
    row_out,
)
from camsim.kernels.operation import Operation
from camsim.kernels.program import ACROSS, SETTING
from camsim.kernels.simd import at, copy_bytes, integer, number, put, set_number, soon_read, soon_written


@Operation
def load_image(op: int, frame: int, y: int, first: int, last: int) -> None:
    """One row of each of the three float32 planes, as it is, with mirrored ends."""
    width, height, left = integer(frame, WIDTH), integer(frame, HEIGHT), integer(frame, LEFT)
    source = integer(frame, RAW) + 4 * ((3 * integer(frame, MOSAIC) * height + y) * width + left)
    begin, end = max(first, -left), min(last, width - left)
    stop = begin + (end - begin) // 16 * 16
    for plane in range(3):
        out = row_out(op, frame, plane, y)
        for x in range(begin, stop, 16):
            soon_read(source, 4 * (x + width))
            put(out, x, at(source, x))
        for x in range(stop, end):
            set_number(out, x, number(source, x))
        mirror_columns(out, width, left, integer(op, ACROSS), integer(frame, TILE_COLUMNS))
        source += 4 * height * width


@Operation
def store_plane(op: int, frame: int, y: int, first: int, last: int) -> None:
    """A row of a mosaic as it is, float32, into the image that the second setting names."""
    width, height, columns = integer(frame, WIDTH), integer(frame, HEIGHT), integer(frame, TILE_COLUMNS)
    row, image = row_in(op, frame, 0, y), integer(integer(frame, IMAGES), integer(op, SETTING + 1))
    out = image + 4 * ((integer(frame, IMAGE) * height + y) * width + integer(frame, LEFT))
    whole = columns // 16 * 16
    for x in range(0, whole, 16):
        soon_written(out, 4 * (x + width))
        put(out, x, at(row, x))
    if whole < columns:
        copy_bytes(row + 4 * whole, out + 4 * whole, 4 * (columns - whole))
