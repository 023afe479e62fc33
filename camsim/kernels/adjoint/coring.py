"""Adjoint of sharpening that leaves out what is small."""

from __future__ import annotations

from camsim.kernels.adjoint.sums import add
from camsim.kernels.frame import WEIGHTS, coefficients_of, row_in, row_out, share_of, sums_of
from camsim.kernels.operation import Operation
from camsim.kernels.rows.coring import cored
from camsim.kernels.simd import absolute, at, integer, number, put, single, spread, where_at_least, with_sign

_ZERO, _ONE = single(0), single(1)


@Operation
def coring_adjoint(op: int, frame: int, y: int, first: int, last: int) -> None:
    """Gradients of the plane and of the blurred one, and sums for amount and threshold; inputs gradient, plane,
    blurred."""
    gradient, plane, blurred = row_in(op, frame, 0, y), row_in(op, frame, 1, y), row_in(op, frame, 2, y)
    to_plane, to_blurred = row_out(op, frame, 0, y), row_out(op, frame, 1, y)
    numbers, weights, sums = coefficients_of(op, frame), integer(frame, WEIGHTS), sums_of(op, frame)
    amount, threshold, share = number(numbers, 0), spread(number(numbers, 1)), share_of(frame, y)
    to_amount, to_threshold, zero = spread(_ZERO), spread(_ZERO), spread(_ZERO)
    for x in range(first, last, 16):
        g, difference = at(gradient, x), at(plane, x) - at(blurred, x)
        through = where_at_least(threshold, absolute(difference), zero, amount * g)
        put(to_plane, x, g + through)
        put(to_blurred, x, _ZERO - through)
        here = at(weights, x)
        to_amount = to_amount + here * g * cored(difference, threshold)
        to_threshold = to_threshold - here * through * with_sign(spread(_ONE), difference)
    add(sums, 0, share, to_amount)
    add(sums, 1, share, to_threshold)
