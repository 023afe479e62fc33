"""A 3x3 matrix on three planes."""

from __future__ import annotations

from camsim.kernels.jit import row_function
from camsim.kernels.rows.demosaic import put_colors
from camsim.kernels.simd import at


@row_function
def matrix(
    red: int,
    green: int,
    blue: int,
    filtered: int,
    luma: int,
    weights: tuple[float, ...],
    out: tuple[int, ...],
    first: int,
    last: int,
) -> None:
    """Matrix times (R, G, B) + (filtered luma - luma), and the luma of the result; ``filtered == luma``: no filter."""
    if filtered == luma:
        for x in range(first, last, 16):
            put_colors(x, at(red, x), at(green, x), at(blue, x), weights, out)
    else:
        for x in range(first, last, 16):
            change = at(filtered, x) - at(luma, x)
            put_colors(x, at(red, x) + change, at(green, x) + change, at(blue, x) + change, weights, out)
