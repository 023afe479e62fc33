"""Where gradients come in and go out."""

from __future__ import annotations

from camsim.kernels.adjoint.sums import add
from camsim.kernels.frame import (
    GRADIENTS,
    HEIGHT,
    LEFT,
    MOSAIC,
    RAW_GRADIENT,
    SPARE,
    TILE_COLUMNS,
    WEIGHTS,
    WIDTH,
    coefficients_of,
    row_in,
    row_out,
    share_of,
    sums_of,
)
from camsim.kernels.operation import Operation
from camsim.kernels.program import ACROSS, SETTING
from camsim.kernels.rows.load import mirror, mirror_ends
from camsim.kernels.simd import (
    alternate,
    at,
    copy_bytes,
    integer,
    number,
    put,
    set_number,
    single,
    soon_read,
    spread,
    where_at_least,
)

_ZERO, _ONE, _TWO = single(0), single(1), single(2)


@Operation
def gradient_in(op: int, frame: int, y: int, first: int, last: int) -> None:
    """A row of the gradient of the image that the second setting names, mirrored, with edge pixels doubled."""
    width, height, left = integer(frame, WIDTH), integer(frame, HEIGHT), integer(frame, LEFT)
    inside = mirror(y, height)
    share = _TWO if inside in (0, height - 1) else _ONE
    image = integer(integer(frame, GRADIENTS), integer(op, SETTING + 1))
    begin, end = max(first, -left), min(last, width - left)
    stop = begin + (end - begin) // 16 * 16
    need = integer(op, ACROSS)
    for color in range(3):
        source = image + 4 * (((integer(frame, MOSAIC) * 3 + color) * height + inside) * width + left)
        out = row_out(op, frame, color, y)
        for x in range(begin, stop, 16):
            soon_read(source, 4 * (x + width))
            put(out, x, share * at(source, x))
        for x in range(stop, end):
            set_number(out, x, share * number(source, x))
        if begin == -left:
            set_number(out, begin, _TWO * number(out, begin))
        if end == width - left:
            set_number(out, end - 1, _TWO * number(out, end - 1))
        mirror_ends(out, width, left, begin, end, -need, integer(frame, TILE_COLUMNS) + need)


@Operation
def load_adjoint(op: int, frame: int, y: int, first: int, last: int) -> None:
    """Sums for scale and offset of each CFA site, and the gradient of the mosaic; inputs the linear one's, and DN."""
    gradient, dn, weights = row_in(op, frame, 0, y), row_in(op, frame, 1, y), integer(frame, WEIGHTS)
    numbers, sums, share = coefficients_of(op, frame), sums_of(op, frame), share_of(frame, y)
    cell = 2 * (y & 1)
    scale = alternate(spread(number(numbers, cell)), spread(number(numbers, cell + 1)))
    offset = alternate(spread(number(numbers, 4 + cell)), spread(number(numbers, 5 + cell)))
    low, high, zero = spread(number(numbers, 8)), spread(number(numbers, 9)), spread(_ZERO)
    to_scale, to_offset = zero, zero
    spare = integer(frame, SPARE)
    for x in range(first, last, 16):
        units = at(dn, x)
        linear = units * scale + offset
        here = at(gradient, x) * at(weights, x)
        here = where_at_least(linear, low, where_at_least(high, linear, here, zero), zero)
        to_scale = to_scale + here * units
        to_offset = to_offset + here
        put(spare, x, share * (here * scale))
    add(sums, cell, share, alternate(to_scale, zero))
    add(sums, cell + 1, share, alternate(zero, to_scale))
    add(sums, 4 + cell, share, alternate(to_offset, zero))
    add(sums, 5 + cell, share, alternate(zero, to_offset))
    image = integer(frame, RAW_GRADIENT)
    if image != 0:
        row = integer(frame, MOSAIC) * integer(frame, HEIGHT) + y
        copy_bytes(
            spare, image + 4 * (row * integer(frame, WIDTH) + integer(frame, LEFT)), 4 * integer(frame, TILE_COLUMNS)
        )
