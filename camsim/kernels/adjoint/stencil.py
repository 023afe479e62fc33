"""Adjoints of filters: the same filter, since all are symmetric, and sums for its taps."""

from __future__ import annotations

import numpy as np

from camsim.kernels.adjoint.sums import add
from camsim.kernels.frame import ROWS, WEIGHTS, coefficients_of, five_in, row_in, row_near, row_out, share_of, sums_of
from camsim.kernels.jit import lane_function
from camsim.kernels.operation import Operation
from camsim.kernels.program import KEEPS, RADIUS, SETTING
from camsim.kernels.rows.stencil import across, down
from camsim.kernels.simd import FloatVector, at, integer, number, put, set_integer, single, spread

_ZERO = single(0)


@lane_function
def weighted(gradient: int, weights: int, x: int) -> FloatVector:
    """The gradient as it counts in sums."""
    return at(gradient, x) * at(weights, x)


@lane_function
def beside(row: int, k: int, x: int) -> FloatVector:
    """The sum of the two pixels k columns away."""
    return at(row, x - k) + at(row, x + k)


@lane_function
def above_and_below(rows: int, radius: int, k: int, x: int) -> FloatVector:
    """The sum of the two pixels k rows away; ``rows`` lists 2 * radius + 1 addresses."""
    return at(integer(rows, radius - k), x) + at(integer(rows, radius + k), x)


@lane_function
def add_taps(sums: int, share: float, to_0: FloatVector, to_1: FloatVector, to_2: FloatVector) -> None:
    """Sums for the taps of a filter of radius 2; the pixel itself was counted twice."""
    add(sums, 0, share / 2, to_0)
    add(sums, 1, share, to_1)
    add(sums, 2, share, to_2)


@Operation
def horizontal_adjoint(op: int, frame: int, y: int, first: int, last: int) -> None:
    """Gradient of the row, and for tap k the sum of gradient times (row[-k] + row[k]); inputs gradient, row."""
    gradient, row, out = row_in(op, frame, 0, y), row_in(op, frame, 1, y), row_out(op, frame, 0, y)
    weights, share, sums = integer(frame, WEIGHTS), share_of(frame, y), sums_of(op, frame)
    radius, taps = integer(op, RADIUS), coefficients_of(op, frame)
    if radius == 2:  # the usual one, in one loop
        to_0, to_1, to_2 = spread(_ZERO), spread(_ZERO), spread(_ZERO)
        for x in range(first, last, 16):
            put(out, x, across(gradient, 2, taps, x))
            here = weighted(gradient, weights, x)
            to_0 = to_0 + here * beside(row, 0, x)
            to_1 = to_1 + here * beside(row, 1, x)
            to_2 = to_2 + here * beside(row, 2, x)
        add_taps(sums, share, to_0, to_1, to_2)
        return
    for x in range(first, last, 16):
        put(out, x, across(gradient, radius, taps, x))
    if share > 0:
        for k in range(radius + 1):
            to_tap = spread(_ZERO)
            for x in range(0, last, 16):
                to_tap = to_tap + weighted(gradient, weights, x) * beside(row, k, x)
            add(sums, k, share if k > 0 else share / 2, to_tap)


@lane_function
def five_rows_adjoint(
    gradients: tuple[int, int, int, int, int],
    rows: tuple[int, int, int, int, int],
    numbers: int,
    weights: int,
    share: float,
    sums: int,
    out: int,
    first: int,
    last: int,
) -> None:
    """`vertical_adjoint` of a filter of radius 2, the usual one, in one loop, but for what is kept."""
    factor, tap_0, tap_1, tap_2 = number(numbers, 1), number(numbers, 2), number(numbers, 3), number(numbers, 4)
    to_0, to_1, to_2 = spread(_ZERO), spread(_ZERO), spread(_ZERO)
    for x in range(first, last, 16):
        value = tap_0 * at(gradients[2], x) + tap_1 * (at(gradients[1], x) + at(gradients[3], x))
        put(out, x, factor * (value + tap_2 * (at(gradients[0], x) + at(gradients[4], x))))
        here = weighted(gradients[2], weights, x)
        to_0 = to_0 + here * (at(rows[2], x) + at(rows[2], x))
        to_1 = to_1 + here * (at(rows[1], x) + at(rows[3], x))
        to_2 = to_2 + here * (at(rows[0], x) + at(rows[4], x))
    add_taps(sums + 2 * 64, share, to_0, to_1, to_2)


@Operation
def vertical_adjoint(op: int, frame: int, y: int, first: int, last: int) -> None:
    """Gradient of the filtered rows, and of the kept one if a share of it is kept; inputs gradient, filtered rows,
    kept.

    Sums are of gradient times kept, and of gradient times (rows[-k] + rows[k]). They lie where the coefficients do:
    kept share, nothing for the filtered share (it follows from the others), then the taps, not yet times the filtered
    share.
    """
    radius, numbers, out = integer(op, RADIUS), coefficients_of(op, frame), row_out(op, frame, 0, y)
    weights, share, sums = integer(frame, WEIGHTS), share_of(frame, y), sums_of(op, frame)
    here = row_in(op, frame, 0, y)
    if radius == 2:
        gradients_5, rows_5 = five_in(op, frame, 0, y), five_in(op, frame, 1, y)
        five_rows_adjoint(gradients_5, rows_5, numbers, weights, share, sums, out, first, last)
    else:
        rows, filtered_share, taps = integer(frame, ROWS), number(numbers, 1), numbers + 8
        gradients = rows + 8 * (2 * radius + 1)
        for k in range(-radius, radius + 1):
            set_integer(gradients, radius + k, row_near(op, frame, 0, y + k))
            set_integer(rows, radius + k, row_near(op, frame, 1, y + k))
        for x in range(first, last, 16):
            put(out, x, filtered_share * down(gradients, radius, taps, x))
        if share > 0:
            for k in range(radius + 1):
                to_tap = spread(_ZERO)
                for x in range(0, last, 16):
                    to_tap = to_tap + weighted(here, weights, x) * above_and_below(rows, radius, k, x)
                add(sums, 2 + k, share if k > 0 else share / 2, to_tap)
    if integer(op, SETTING) == KEEPS:
        kept, kept_out, kept_share = row_in(op, frame, 2, y), row_out(op, frame, 1, y), number(numbers, 0)
        to_kept = spread(_ZERO)
        for x in range(first, last, 16):
            put(kept_out, x, kept_share * at(here, x))
            to_kept = to_kept + weighted(here, weights, x) * at(kept, x)
        add(sums, 0, share, to_kept)


@Operation
def weighted_sum(op: int, frame: int, y: int, first: int, last: int) -> None:
    """The two settings times the two inputs."""
    a, b, out = row_in(op, frame, 0, y), row_in(op, frame, 1, y), row_out(op, frame, 0, y)
    weight_a, weight_b = np.float32(integer(op, SETTING)), np.float32(integer(op, SETTING + 1))
    for x in range(first, last, 16):
        put(out, x, weight_a * at(a, x) + weight_b * at(b, x))
