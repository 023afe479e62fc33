"""Adjoints of filters: the same filter, since all are symmetric, and sums for its taps."""

from __future__ import annotations

import numpy as np

from camsim.kernels.adjoint.sums import add
from camsim.kernels.frame import ROWS, WEIGHTS, coefficients_of, row_in, row_out, share_of, sums_of
from camsim.kernels.operation import Operation
from camsim.kernels.program import RADIUS, SETTING
from camsim.kernels.rows.stencil import across, down
from camsim.kernels.simd import at, integer, number, put, set_integer, single, spread

_ZERO = single(0)


@Operation
def horizontal_adjoint(op: int, frame: int, y: int, first: int, last: int) -> None:
    """Gradient of the row, and for tap k the sum of gradient times (row[-k] + row[k]); inputs gradient, row."""
    gradient, row, out = row_in(op, frame, 0, y), row_in(op, frame, 1, y), row_out(op, frame, 0, y)
    weights, share, sums = integer(frame, WEIGHTS), share_of(frame, y), sums_of(op, frame)
    radius, taps = integer(op, RADIUS), coefficients_of(op, frame)
    for x in range(first, last, 16):
        put(out, x, across(gradient, radius, taps, x))
    if share > 0:
        for k in range(radius + 1):
            to_tap = spread(_ZERO)
            for x in range(0, last, 16):
                to_tap = to_tap + at(gradient, x) * at(weights, x) * (at(row, x - k) + at(row, x + k))
            add(sums, k, share if k > 0 else share / 2, to_tap)


@Operation
def vertical_adjoint(op: int, frame: int, y: int, first: int, last: int) -> None:
    """Gradients of the filtered rows and of the kept one; inputs gradient, filtered rows, kept.

    Sums are of gradient times kept, and of gradient times (rows[-k] + rows[k]). They lie where the coefficients do:
    kept share, nothing for the filtered share (it follows from the others), then the taps, not yet times the filtered
    share.
    """
    radius, rows, numbers = integer(op, RADIUS), integer(frame, ROWS), coefficients_of(op, frame)
    gradients = rows + 8 * (2 * radius + 1)
    for k in range(-radius, radius + 1):
        set_integer(gradients, radius + k, row_in(op, frame, 0, y + k))
        set_integer(rows, radius + k, row_in(op, frame, 1, y + k))
    kept, out, kept_out = row_in(op, frame, 2, y), row_out(op, frame, 0, y), row_out(op, frame, 1, y)
    weights, share, sums = integer(frame, WEIGHTS), share_of(frame, y), sums_of(op, frame)
    kept_share, filtered_share, taps = number(numbers, 0), number(numbers, 1), numbers + 8
    here = integer(gradients, radius)
    for x in range(first, last, 16):
        put(out, x, filtered_share * down(gradients, radius, taps, x))
        put(kept_out, x, kept_share * at(here, x))
    if share > 0:
        to_kept = spread(_ZERO)
        for x in range(0, last, 16):
            to_kept = to_kept + at(here, x) * at(weights, x) * at(kept, x)
        add(sums, 0, share, to_kept)
        for k in range(radius + 1):
            to_tap = spread(_ZERO)
            for x in range(0, last, 16):
                both = at(integer(rows, radius - k), x) + at(integer(rows, radius + k), x)
                to_tap = to_tap + at(here, x) * at(weights, x) * both
            add(sums, 2 + k, share if k > 0 else share / 2, to_tap)


@Operation
def weighted_sum(op: int, frame: int, y: int, first: int, last: int) -> None:
    """The two settings times the two inputs."""
    a, b, out = row_in(op, frame, 0, y), row_in(op, frame, 1, y), row_out(op, frame, 0, y)
    weight_a, weight_b = np.float32(integer(op, SETTING)), np.float32(integer(op, SETTING + 1))
    for x in range(first, last, 16):
        put(out, x, weight_a * at(a, x) + weight_b * at(b, x))
