"""Where gradients come in and go out."""

from __future__ import annotations

import numpy as np

from camsim.kernels.adjoint.sums import add
from camsim.kernels.jit import row_function
from camsim.kernels.rows.load import mirror_ends
from camsim.kernels.simd import (
    alternate,
    at,
    number,
    put,
    set_number,
    spread,
    where_at_least,
)

_ZERO, _TWO = np.float32(0), np.float32(2)


@row_function
def gradient_in(
    source: int, width: int, left: int, share: float, need_first: int, need_last: int, out: int, first: int, last: int
) -> None:
    """A row of the gradient of an image, mirrored, with its edge pixels doubled; ``share`` is 2 in an edge row."""
    begin, end = max(first, -left), min(last, width - left)
    stop = begin + (end - begin) // 16 * 16
    for x in range(begin, stop, 16):
        put(out, x, share * at(source, left + x))
    for x in range(stop, end):
        set_number(out, x, share * number(source, left + x))
    if begin == -left:
        set_number(out, begin, _TWO * number(out, begin))
    if end == width - left:
        set_number(out, end - 1, _TWO * number(out, end - 1))
    # The mirror image of an edge is the edge itself, so that copies never repeat it.
    mirror_ends(out, width, left, begin, end, need_first, need_last)


@row_function
def load_adjoint(
    gradient: int,
    dn: int,
    weights: int,
    share: float,
    y: int,
    coefficients: int,
    sums: int,
    out: int,
    first: int,
    last: int,
) -> None:
    """Sums for scale and offset of each CFA site, and the gradient of the mosaic itself.

    Args:
        gradient: of the linear mosaic.
        dn: the mosaic as it came, float32.
        weights: see the package.
        share: see the package.
        y: row of the CFA cell.
        coefficients: of the load.
        sums: where they are added.
        out: row of the gradient of the mosaic; room for whole vectors.
        first: column.
        last: exclusive.
    """
    scale = alternate(spread(number(coefficients, 2 * y)), spread(number(coefficients, 2 * y + 1)))
    offset = alternate(spread(number(coefficients, 4 + 2 * y)), spread(number(coefficients, 5 + 2 * y)))
    low, high = spread(number(coefficients, 8)), spread(number(coefficients, 9))
    zero = spread(_ZERO)
    to_scale, to_offset = zero, zero
    row_share = spread(share)
    for x in range(first, last, 16):
        units = at(dn, x)
        linear = units * scale + offset
        here = at(gradient, x) * at(weights, x)
        here = where_at_least(linear, low, where_at_least(high, linear, here, zero), zero)
        to_scale = to_scale + here * units
        to_offset = to_offset + here
        put(out, x, row_share * here * scale)
    add(sums, 2 * y, share, alternate(to_scale, zero))
    add(sums, 2 * y + 1, share, alternate(zero, to_scale))
    add(sums, 4 + 2 * y, share, alternate(to_offset, zero))
    add(sums, 5 + 2 * y, share, alternate(zero, to_offset))


