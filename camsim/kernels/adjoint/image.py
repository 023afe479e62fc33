"""Where the gradients of an image go out, and where those of a mosaic come in."""

from __future__ import annotations

from camsim.kernels.frame import (
    GRADIENTS,
    HEIGHT,
    LEFT,
    MOSAIC,
    RAW_GRADIENT,
    TILE_COLUMNS,
    VECTORS,
    WEIGHTS,
    WIDTH,
    mirror_columns,
    row_in,
    row_out,
    share_of,
)
from camsim.kernels.operation import Operation
from camsim.kernels.program import ACROSS, SETTING
from camsim.kernels.simd import (
    at,
    copy_bytes,
    integer,
    number,
    put,
    set_number,
    single,
    soon_read,
    soon_written,
)

_ONE, _TWO = single(1), single(2)


@Operation
def load_image_adjoint(op: int, frame: int, y: int, first: int, last: int) -> None:
    """The gradient of the image, where somebody wants it; inputs those of its three planes."""
    image = integer(frame, RAW_GRADIENT)
    if image == 0:
        return
    width, height, columns = integer(frame, WIDTH), integer(frame, HEIGHT), integer(frame, TILE_COLUMNS)
    weights, share, few = integer(frame, WEIGHTS), share_of(frame, y), integer(frame, VECTORS)
    out = image + 4 * ((3 * integer(frame, MOSAIC) * height + y) * width + integer(frame, LEFT))
    whole = columns // 16 * 16
    for plane in range(3):
        gradient = row_in(op, frame, plane, y)
        for x in range(0, whole, 16):
            soon_written(out, 4 * (x + width))
            put(out, x, share * (at(gradient, x) * at(weights, x)))
        if whole < columns:
            put(few, 0, share * (at(gradient, whole) * at(weights, whole)))
            copy_bytes(few, out + 4 * whole, 4 * (columns - whole))
        out += 4 * height * width


@Operation
def store_plane_adjoint(op: int, frame: int, y: int, first: int, last: int) -> None:
    """The gradient of the mosaic that the second setting names, with edge pixels doubled and mirrored ends."""
    width, height, left = integer(frame, WIDTH), integer(frame, HEIGHT), integer(frame, LEFT)
    image, out = integer(integer(frame, GRADIENTS), integer(op, SETTING + 1)), row_out(op, frame, 0, y)
    source = image + 4 * ((integer(frame, MOSAIC) * height + y) * width + left)
    share = _TWO if y in (0, height - 1) else _ONE
    begin, end = max(first, -left), min(last, width - left)
    whole = begin + (end - begin) // 16 * 16
    for x in range(begin, whole, 16):
        soon_read(source, 4 * (x + width))
        put(out, x, share * at(source, x))
    for x in range(whole, end):
        set_number(out, x, share * number(source, x))
    if begin == -left:
        set_number(out, begin, _TWO * number(out, begin))
    if end == width - left:
        set_number(out, end - 1, _TWO * number(out, end - 1))
    mirror_columns(out, width, left, integer(op, ACROSS), integer(frame, TILE_COLUMNS))
