"""Rows of a mosaic, linearised, with mirrored ends."""

from __future__ import annotations

from camsim.kernels.frame import (
    HEIGHT,
    HIGHEST,
    LEFT,
    LOWEST,
    MOSAIC,
    RAW,
    RAW_IS_UINT16,
    TILE_COLUMNS,
    WIDTH,
    coefficients_of,
    mirror_columns,
    row_out,
)
from camsim.kernels.operation import Operation
from camsim.kernels.program import ACROSS
from camsim.kernels.simd import (
    alternate,
    at,
    at_uint16,
    bits,
    from_bits,
    greatest,
    integer,
    larger,
    least,
    number,
    number_uint16,
    put,
    set_number,
    smaller,
    soon_read,
    spread,
)


@Operation
def load(op: int, frame: int, y: int, first: int, last: int) -> None:
    """clip(scale(site) * DN + offset(site)) for one row of the mosaic, with mirrored ends.

    The coefficients are four scales and four offsets by CFA site, low, high. The smallest and largest DN are noted in
    the frame, by their bit patterns (see camsim.kernels.limits), where the mosaic has 16 columns: looking for them in a
    pass of its own would read it from memory twice.
    """
    width, left = integer(frame, WIDTH), integer(frame, LEFT)
    numbers = coefficients_of(op, frame)
    index = (integer(frame, MOSAIC) * integer(frame, HEIGHT) + y) * width + left
    is_uint16 = integer(frame, RAW_IS_UINT16) == 1
    source = integer(frame, RAW) + (2 if is_uint16 else 4) * index
    out = row_out(op, frame, 0, y)
    cell = 2 * (y & 1)
    scale_even, scale_odd = number(numbers, cell), number(numbers, cell + 1)
    offset_even, offset_odd = number(numbers, 4 + cell), number(numbers, 5 + cell)
    scale = alternate(spread(scale_even), spread(scale_odd))
    offset = alternate(spread(offset_even), spread(offset_odd))
    low, high = number(numbers, 8), number(numbers, 9)
    lows, highs = spread(low), spread(high)
    begin, end = max(first, -left), min(last, width - left)
    stop = begin + (end - begin) // 16 * 16  # begin is even: the tile's left is, and first is a multiple of 16
    lowest, highest = bits(at(frame, 2 * LOWEST)), bits(at(frame, 2 * HIGHEST))
    if is_uint16:
        for x in range(begin, stop, 16):
            soon_read(source, 2 * (x + width))
            dns = at_uint16(source, x)
            lowest, highest = smaller(lowest, bits(dns)), larger(highest, bits(dns))
            put(out, x, least(greatest(dns * scale + offset, lows), highs))
    else:
        for x in range(begin, stop, 16):
            soon_read(source, 4 * (x + width))
            dns = at(source, x)
            lowest, highest = smaller(lowest, bits(dns)), larger(highest, bits(dns))
            put(out, x, least(greatest(dns * scale + offset, lows), highs))
    if stop < end and width >= 16:  # the last sixteen of the row here, some of them for the second time
        pattern = bits(at_uint16(source, end - 16) if is_uint16 else at(source, end - 16))
        lowest, highest = smaller(lowest, pattern), larger(highest, pattern)
    put(frame, 2 * LOWEST, from_bits(lowest))
    put(frame, 2 * HIGHEST, from_bits(highest))
    for x in range(stop, end):
        dn = number_uint16(source, x) if is_uint16 else number(source, x)
        value = dn * scale_odd + offset_odd if x & 1 else dn * scale_even + offset_even
        set_number(out, x, min(max(value, low), high))
    mirror_columns(out, width, left, integer(op, ACROSS), integer(frame, TILE_COLUMNS))
