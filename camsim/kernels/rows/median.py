"""Medians by networks of comparisons, so that no lane waits for another."""

from __future__ import annotations

from camsim.kernels.frame import VECTORS, five_in, row_out, three_in
from camsim.kernels.jit import lane_function
from camsim.kernels.operation import Operation
from camsim.kernels.simd import FloatVector, at, greatest, integer, least, put


@lane_function
def median_of_3(a: FloatVector, b: FloatVector, c: FloatVector) -> FloatVector:
    return greatest(least(a, b), least(greatest(a, b), c))


@Operation
def median3(op: int, frame: int, y: int, first: int, last: int) -> None:
    """Median of 3x3: of the largest low, the median middle and the smallest high of the sorted columns.

    Source: A. W. Paeth, "Median finding on a 3x3 grid", Graphics Gems, 1990.
    """
    above, row, below = three_in(op, frame, 0, y)
    out = row_out(op, frame, 0, y)
    for x in range(first, last, 16):
        low_l, mid_l, high_l = sorted3(at(above, x - 1), at(row, x - 1), at(below, x - 1))
        low_c, mid_c, high_c = sorted3(at(above, x), at(row, x), at(below, x))
        low_r, mid_r, high_r = sorted3(at(above, x + 1), at(row, x + 1), at(below, x + 1))
        low = greatest(greatest(low_l, low_c), low_r)
        high = least(least(high_l, high_c), high_r)
        put(out, x, median_of_3(low, median_of_3(mid_l, mid_c, mid_r), high))


@lane_function
def sorted3(a: FloatVector, b: FloatVector, c: FloatVector) -> tuple[FloatVector, FloatVector, FloatVector]:
    low, high = least(a, b), greatest(a, b)
    middle = least(high, c)
    return least(low, middle), greatest(low, middle), greatest(high, c)


@lane_function
def exchange(values: int, i: int, j: int) -> None:
    """Put the smaller of two vectors in a scratch row first."""
    a, b = at(values, 16 * i), at(values, 16 * j)
    put(values, 16 * i, least(a, b))
    put(values, 16 * j, greatest(a, b))


@Operation
def median5(op: int, frame: int, y: int, first: int, last: int) -> None:
    """Median of 5x5: a selection that drops the smallest and the largest of what is left, round by round."""
    rows, out, scratch = five_in(op, frame, 0, y), row_out(op, frame, 0, y), integer(frame, VECTORS)
    for x in range(first, last, 16):
        for i in range(5):
            for j in range(5):
                put(scratch, 16 * (5 * j + i), at(rows[j], x + i - 2))
        # With n candidates left for the middle, n - k of them decide the extremes: the rest is kept for later rounds.
        begin, kept, taken = 0, 14, 14
        while kept > 1:
            # min to the front, max to the back of scratch[begin : begin + kept]
            for i in range(kept // 2):
                exchange(scratch, begin + i, begin + kept - 1 - i)
            half = (kept + 1) // 2
            for i in range(1, half):
                exchange(scratch, begin, begin + i)
            for i in range(kept // 2, kept - 1):
                exchange(scratch, begin + i, begin + kept - 1)
            # Neither can be the median: the minimum is dropped, the maximum is replaced by a value not yet seen.
            begin += 1
            if taken < 25:
                put(scratch, 16 * (begin + kept - 2), at(scratch, 16 * taken))
                taken += 1
                kept -= 1
            else:
                kept -= 2
        put(out, x, at(scratch, 16 * begin))
