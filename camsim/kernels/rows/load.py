"""Rows of a mosaic, linearised, with mirrored ends."""

from __future__ import annotations


from camsim.kernels.jit import row_function
from camsim.kernels.simd import (
    alternate,
    at,
    at_uint16,
    byte,
    greatest,
    least,
    number,
    number_uint16,
    put,
    set_byte,
    set_number,
    soon_read,
    spread,
)


@row_function
def mirror(index: int, size: int) -> int:
    """Where a position outside [0, size) lies when the image is mirrored without repeating its edge."""
    if size == 1:
        return 0
    period = 2 * (size - 1)
    index = index % period
    return index if index < size else period - index


@row_function
def load(
    source: int,
    is_uint16: bool,
    width: int,
    left: int,
    y: int,
    need_first: int,
    need_last: int,
    coefficients: int,
    out: int,
    first: int,
    last: int,
) -> None:
    """clip(scale(site) * DN + offset(site)) for one row of the mosaic.

    Args:
        source: address of the row in the mosaic.
        is_uint16: or float32.
        width: of the mosaic.
        left: column of the mosaic where the tile begins; even.
        y: row of the CFA cell, 0 or 1.
        need_first: first column that must hold the mirror image where it lies outside the mosaic.
        need_last: end of these columns.
        coefficients: four scales and four offsets by CFA site, low, high.
        out: the row to write.
        first: of the columns of the tile, counted from ``left``.
        last: end of these columns.
    """
    scale_even, scale_odd = number(coefficients, 2 * y), number(coefficients, 2 * y + 1)
    offset_even, offset_odd = number(coefficients, 4 + 2 * y), number(coefficients, 5 + 2 * y)
    begin, end = max(first, -left), min(last, width - left)
    scale = alternate(spread(scale_even), spread(scale_odd))
    offset = alternate(spread(offset_even), spread(offset_odd))
    low, high = number(coefficients, 8), number(coefficients, 9)
    lows, highs = spread(low), spread(high)
    stop = begin + (end - begin) // 16 * 16  # begin is even: 0 or a multiple of 16
    if is_uint16:
        for x in range(begin, stop, 16):
            soon_read(source, 2 * (left + x + width))
            put(out, x, least(greatest(at_uint16(source, left + x) * scale + offset, lows), highs))
    else:
        for x in range(begin, stop, 16):
            soon_read(source, 4 * (left + x + width))
            put(out, x, least(greatest(at(source, left + x) * scale + offset, lows), highs))
    for x in range(stop, end):
        dn = number_uint16(source, left + x) if is_uint16 else number(source, left + x)
        value = dn * scale_odd + offset_odd if x & 1 else dn * scale_even + offset_even
        set_number(out, x, min(max(value, low), high))
    mirror_ends(out, width, left, begin, end, need_first, need_last)


@row_function
def mirror_ends(row: int, width: int, left: int, begin: int, end: int, need_first: int, need_last: int) -> None:
    """Fill the columns outside the image, where the tile touches its edge, from those inside [begin, end)."""
    if begin == -left:
        for x in range(need_first, begin):
            set_number(row, x, number(row, mirror(left + x, width) - left))
    if end == width - left:
        for x in range(end, need_last):
            set_number(row, x, number(row, mirror(left + x, width) - left))


@row_function
def copy(row: int, out: int, first: int, last: int) -> None:
    for x in range(first, last, 16):
        put(out, x, at(row, x))


@row_function
def copy_bytes(source: int, out: int, count: int) -> None:
    for index in range(count):
        set_byte(out, index, byte(source, index))
