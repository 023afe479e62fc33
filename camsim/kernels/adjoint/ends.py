"""Where gradients go out."""

from __future__ import annotations

from camsim.kernels.adjoint.sums import add
from camsim.kernels.frame import (
    HEIGHT,
    LEFT,
    MOSAIC,
    RAW,
    RAW_GRADIENT,
    TILE_COLUMNS,
    VECTORS,
    WEIGHTS,
    WIDTH,
    coefficients_of,
    row_in,
    share_of,
    spare_rows,
    sums_of,
)
from camsim.kernels.jit import lane_function
from camsim.kernels.operation import Operation
from camsim.kernels.simd import (
    FloatVector,
    alternate,
    at,
    copy_bytes,
    integer,
    number,
    put,
    single,
    soon_written,
    spread,
    where_at_least,
)

_ZERO = single(0)


@lane_function
def load_slope(
    dn: FloatVector, numbers: tuple[FloatVector, FloatVector, FloatVector, FloatVector], gradient: FloatVector
) -> FloatVector:
    """The gradient where the load did not clip; numbers scale, offset, low, high."""
    scale, offset, low, high = numbers
    linear, zero = dn * scale + offset, spread(_ZERO)
    return where_at_least(linear, low, where_at_least(high, linear, gradient, zero), zero)


@Operation
def load_adjoint(op: int, frame: int, y: int, first: int, last: int) -> None:
    """Sums for scale and offset of each CFA site, and the gradient of the mosaic; input that of the linear one."""
    gradient, weights, share = row_in(op, frame, 0, y), integer(frame, WEIGHTS), share_of(frame, y)
    numbers, sums, few = coefficients_of(op, frame), sums_of(op, frame), integer(frame, VECTORS)
    width, columns = integer(frame, WIDTH), integer(frame, TILE_COLUMNS)
    cell, zero = 2 * (y & 1), spread(_ZERO)
    scale = alternate(spread(number(numbers, cell)), spread(number(numbers, cell + 1)))
    offset = alternate(spread(number(numbers, 4 + cell)), spread(number(numbers, 5 + cell)))
    given = scale, offset, spread(number(numbers, 8)), spread(number(numbers, 9))
    place = 4 * ((integer(frame, MOSAIC) * integer(frame, HEIGHT) + y) * width + integer(frame, LEFT))
    dn, image = integer(frame, RAW) + place, integer(frame, RAW_GRADIENT)
    out = image + place if image != 0 else spare_rows(frame)[0]  # the spare row where nobody wants it
    to_scale, to_offset = zero, zero
    whole = columns // 16 * 16
    for x in range(0, whole, 16):
        soon_written(out, 4 * (x + width))
        units = at(dn, x)
        here = load_slope(units, given, at(gradient, x) * at(weights, x))
        to_scale = to_scale + here * units
        to_offset = to_offset + here
        put(out, x, share * (here * scale))
    if whole < columns:
        put(few, 0, zero)
        copy_bytes(dn + 4 * whole, few, 4 * (columns - whole))
        units = at(few, 0)
        here = load_slope(units, given, at(gradient, whole) * at(weights, whole))
        to_scale = to_scale + here * units
        to_offset = to_offset + here
        put(few, 0, share * (here * scale))
        copy_bytes(few, out + 4 * whole, 4 * (columns - whole))
    add(sums, cell, share, alternate(to_scale, zero))
    add(sums, cell + 1, share, alternate(zero, to_scale))
    add(sums, 4 + cell, share, alternate(to_offset, zero))
    add(sums, 5 + cell, share, alternate(zero, to_offset))
