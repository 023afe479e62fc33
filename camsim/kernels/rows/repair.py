"""What is repaired in a mosaic before its colours are: pixels that stand out, and greens that differ.

Numbers begin with low and high, to which what is made is limited.
"""

from __future__ import annotations

from camsim.kernels.frame import coefficients_of, five_in, own_site, row_out
from camsim.kernels.jit import lane_function
from camsim.kernels.operation import Operation
from camsim.kernels.program import LEAST_GRADIENT, SETTING
from camsim.kernels.simd import (
    FloatVector,
    absolute,
    alternate,
    at,
    greatest,
    integer,
    least,
    number,
    put,
    single,
    spread,
    where_at_least,
)

_ZERO, _ONE, _HALF, _QUARTER = single(0), single(1), single(0.5), single(0.25)
_SIXTH, _TIE = single(1 / 6), single(1e-6)
_BRIGHT, _MOST = single(0.95), single(2)

Four = tuple[FloatVector, FloatVector, FloatVector, FloatVector]
Rows = tuple[int, int, int, int, int]


@lane_function
def mean_of(four: Four) -> FloatVector:
    """Of four."""
    return ((four[0] + four[1]) + (four[2] + four[3])) * _QUARTER


@lane_function
def unevenness(four: Four) -> FloatVector:
    """Mean difference of the six pairs."""
    a = absolute(four[0] - four[1]) + absolute(four[0] - four[2]) + absolute(four[0] - four[3])
    return (a + absolute(four[1] - four[2]) + absolute(four[1] - four[3]) + absolute(four[2] - four[3])) * _SIXTH


@lane_function
def where_below(a: FloatVector, b: FloatVector, then: FloatVector, otherwise: FloatVector) -> FloatVector:
    """``then`` where a < b."""
    return where_at_least(a, b, otherwise, then)


@lane_function
def evened(rows: Rows, numbers: int, x: int) -> FloatVector:
    """A pixel if it were a green of a blue row: see camsim.isp.green_equalization."""
    here, amount, threshold = at(rows[2], x), number(numbers, 2), spread(number(numbers, 3))
    others = at(rows[1], x - 1), at(rows[1], x + 1), at(rows[3], x - 1), at(rows[3], x + 1)
    own = at(rows[0], x), at(rows[2], x - 2), at(rows[2], x + 2), at(rows[4], x)
    mean_others, mean_own, zero = mean_of(others), mean_of(own), spread(_ZERO)
    ratio = mean_others / where_below(zero, mean_own, mean_own, spread(_ONE))
    made = here * (_ONE + amount * (ratio - _ONE))
    made = where_below(zero, mean_own, where_below(zero, mean_others, made, here), here)
    made = where_below(ratio, spread(_MOST), where_below(here, spread(_BRIGHT), made, here), here)
    even = where_below(unevenness(own), threshold, made, here)
    return where_below(unevenness(others), threshold, even, here)


@Operation
def equalize_greens(op: int, frame: int, y: int, first: int, last: int) -> None:
    """See camsim.isp.green_equalization; numbers go on with amount and threshold. The first setting packs the cell."""
    own_column, blue = own_site(op, y)
    rows, out, numbers = five_in(op, frame, 0, y), row_out(op, frame, 0, y), coefficients_of(op, frame)
    low, high = spread(number(numbers, 0)), spread(number(numbers, 1))
    for x in range(first, last, 16):
        value = at(rows[2], x)
        if blue:
            made = evened(rows, numbers, x)
            value = alternate(value, made) if own_column == 0 else alternate(made, value)
        put(out, x, least(greatest(value, low), high))


@lane_function
def in_order(a: FloatVector, b: FloatVector) -> tuple[FloatVector, FloatVector]:
    """The smaller first."""
    return least(a, b), greatest(a, b)


@lane_function
def ranked(a: Four, b: Four) -> tuple[FloatVector, FloatVector, FloatVector]:
    """The least, the mean of the middle two and the greatest of eight: two sorted fours, and then what is left."""
    a0, a1, a2, a3 = sorted4(a)
    b0, b1, b2, b3 = sorted4(b)
    # Of the merged eight, the lower half are the smaller of each and the other's opposite.
    low = greatest(greatest(least(a0, b3), least(a1, b2)), greatest(least(a2, b1), least(a3, b0)))
    high = least(least(greatest(a0, b3), greatest(a1, b2)), least(greatest(a2, b1), greatest(a3, b0)))
    return least(a0, b0), (low + high) * _HALF, greatest(a3, b3)


@lane_function
def sorted4(x: Four) -> Four:
    """Four in order."""
    a, b = in_order(x[0], x[1])
    c, d = in_order(x[2], x[3])
    a, c = in_order(a, c)
    b, d = in_order(b, d)
    b, c = in_order(b, c)
    return a, b, c, d


@lane_function
def least_gradient(one: Four, other: Four) -> FloatVector:
    """The mean of the opposite two that differ least; of several such pairs, the mean of all."""
    g0, g1 = absolute(one[0] - other[0]), absolute(one[1] - other[1])
    g2, g3 = absolute(one[2] - other[2]), absolute(one[3] - other[3])
    limit = least(least(g0, g1), least(g2, g3)) + _TIE
    zero, unit = spread(_ZERO), spread(_ONE)
    w0, w1 = where_at_least(limit, g0, unit, zero), where_at_least(limit, g1, unit, zero)
    w2, w3 = where_at_least(limit, g2, unit, zero), where_at_least(limit, g3, unit, zero)
    total = (w0 * (one[0] + other[0]) + w1 * (one[1] + other[1])) + (
        w2 * (one[2] + other[2]) + w3 * (one[3] + other[3])
    )
    return total * _HALF / ((w0 + w1) + (w2 + w3))


@Operation
def replace_defects(op: int, frame: int, y: int, first: int, last: int) -> None:
    """See camsim.isp.defect_pixel_correction.dynamic; numbers go on with the threshold, the second setting says what
    replaces a defect."""
    rows, out, numbers = five_in(op, frame, 0, y), row_out(op, frame, 0, y), coefficients_of(op, frame)
    low, high, threshold = spread(number(numbers, 0)), spread(number(numbers, 1)), spread(number(numbers, 2))
    by_gradient = integer(op, SETTING + 1) == LEAST_GRADIENT
    for x in range(first, last, 16):
        value = at(rows[2], x)
        one = at(rows[2], x + 2), at(rows[4], x), at(rows[4], x + 2), at(rows[4], x - 2)
        other = at(rows[2], x - 2), at(rows[0], x), at(rows[0], x - 2), at(rows[0], x + 2)
        smallest, middle, largest = ranked(one, other)
        made = least_gradient(one, other) if by_gradient else middle
        stands_out = greatest(value - largest, smallest - value)
        value = where_below(threshold, stands_out, made, value)
        put(out, x, least(greatest(value, low), high))
