"""Linear filters of one plane."""

from __future__ import annotations


from camsim.kernels.jit import row_function
from camsim.kernels.simd import at, integer, number, put


@row_function
def horizontal(row: int, radius: int, coefficients: int, out: int, first: int, last: int) -> None:
    """Symmetric filter along the row: taps from the centre outwards."""
    centre = number(coefficients, 0)
    for x in range(first, last, 16):
        value = centre * at(row, x)
        for k in range(1, radius + 1):
            value = value + number(coefficients, k) * (at(row, x - k) + at(row, x + k))
        put(out, x, value)


@row_function
def vertical(rows: int, radius: int, kept: int, coefficients: int, out: int, first: int, last: int) -> None:
    """kept_share * kept + filtered_share * (symmetric filter down the column).

    ``rows`` lists 2 * radius + 1 addresses; the coefficients are the two shares, then the taps from the centre outwards.
    """
    kept_share, share, centre = number(coefficients, 0), number(coefficients, 1), number(coefficients, 2)
    for x in range(first, last, 16):
        value = centre * at(integer(rows, radius), x)
        for k in range(1, radius + 1):
            value = value + number(coefficients, 2 + k) * (at(integer(rows, radius - k), x) + at(integer(rows, radius + k), x))
        put(out, x, kept_share * at(kept, x) + share * value)


@row_function
def cross(above: int, row: int, below: int, coefficients: int, out: int, first: int, last: int) -> None:
    """centre * x + arm * (the four neighbours)."""
    centre, arm = number(coefficients, 0), number(coefficients, 1)
    for x in range(first, last, 16):
        neighbours = (at(above, x) + at(below, x)) + (at(row, x - 1) + at(row, x + 1))
        put(out, x, centre * at(row, x) + arm * neighbours)


