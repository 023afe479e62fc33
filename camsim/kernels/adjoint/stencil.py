"""Adjoints of filters: the same filter, since all are symmetric, and sums for its taps."""

from __future__ import annotations

import numpy as np

from camsim.kernels.adjoint.sums import add
from camsim.kernels.jit import row_function
from camsim.kernels.simd import at, integer, number, put, spread

_ZERO = np.float32(0)


@row_function
def horizontal_adjoint(
    gradient: int,
    row: int,
    radius: int,
    weights: int,
    share: float,
    coefficients: int,
    sums: int,
    out: int,
    first: int,
    last: int,
) -> None:
    """Gradient of the row, and for tap k the sum of gradient times (row[-k] + row[k])."""
    centre = number(coefficients, 0)
    for x in range(first, last, 16):
        value = centre * at(gradient, x)
        for k in range(1, radius + 1):
            value = value + number(coefficients, k) * (at(gradient, x - k) + at(gradient, x + k))
        put(out, x, value)
    if share > 0:
        to_tap = spread(_ZERO)
        for x in range(0, last, 16):
            to_tap = to_tap + at(gradient, x) * at(weights, x) * at(row, x)
        add(sums, 0, share, to_tap)
        for k in range(1, radius + 1):
            to_tap = spread(_ZERO)
            for x in range(0, last, 16):
                to_tap = to_tap + at(gradient, x) * at(weights, x) * (at(row, x - k) + at(row, x + k))
            add(sums, k, share, to_tap)


@row_function
def vertical_adjoint(
    gradients: int,
    rows: int,
    radius: int,
    kept: int,
    weights: int,
    share: float,
    coefficients: int,
    sums: int,
    out: int,
    kept_out: int,
    first: int,
    last: int,
) -> None:
    """Gradients of the filtered rows and of the kept one; sums of gradient times kept, and times rows[-k] + rows[k].

    ``gradients`` and ``rows`` list 2 * radius + 1 addresses each. The sums lie where the coefficients do: kept share,
    nothing for the filtered share (it follows from the others), then the taps, not yet times the filtered share.
    """
    kept_share, filtered_share, centre = number(coefficients, 0), number(coefficients, 1), number(coefficients, 2)
    for x in range(first, last, 16):
        value = centre * at(integer(gradients, radius), x)
        for k in range(1, radius + 1):
            both = at(integer(gradients, radius - k), x) + at(integer(gradients, radius + k), x)
            value = value + number(coefficients, 2 + k) * both
        put(out, x, filtered_share * value)
        put(kept_out, x, kept_share * at(integer(gradients, radius), x))
    if share > 0:
        here = integer(gradients, radius)
        to_kept, to_tap = spread(_ZERO), spread(_ZERO)
        for x in range(0, last, 16):
            g = at(here, x) * at(weights, x)
            to_kept = to_kept + g * at(kept, x)
            to_tap = to_tap + g * at(integer(rows, radius), x)
        add(sums, 0, share, to_kept)
        add(sums, 2, share, to_tap)
        for k in range(1, radius + 1):
            to_tap = spread(_ZERO)
            for x in range(0, last, 16):
                both = at(integer(rows, radius - k), x) + at(integer(rows, radius + k), x)
                to_tap = to_tap + at(here, x) * at(weights, x) * both
            add(sums, 2 + k, share, to_tap)


@row_function
def weighted_sum(a: int, b: int, weight_a: float, weight_b: float, out: int, first: int, last: int) -> None:
    """weight_a * a + weight_b * b."""
    for x in range(first, last, 16):
        put(out, x, weight_a * at(a, x) + weight_b * at(b, x))
