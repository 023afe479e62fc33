"""Sharpening that leaves out what is small."""

from __future__ import annotations

from camsim.kernels.frame import coefficients_of, row_in, row_out
from camsim.kernels.jit import lane_function
from camsim.kernels.operation import Operation
from camsim.kernels.simd import FloatVector, at, greatest, least, number, put, single, spread

_ZERO = single(0)


@lane_function
def cored(difference: FloatVector, threshold: FloatVector) -> FloatVector:
    """See camsim.isp.coring."""
    return difference - least(greatest(difference, _ZERO - threshold), threshold)


@Operation
def coring(op: int, frame: int, y: int, first: int, last: int) -> None:
    """plane + amount * cored(plane - blurred); inputs plane, blurred; the numbers are amount and threshold."""
    plane, blurred, out = row_in(op, frame, 0, y), row_in(op, frame, 1, y), row_out(op, frame, 0, y)
    numbers = coefficients_of(op, frame)
    amount, threshold = number(numbers, 0), spread(number(numbers, 1))
    for x in range(first, last, 16):
        here = at(plane, x)
        put(out, x, here + amount * cored(here - at(blurred, x), threshold))
