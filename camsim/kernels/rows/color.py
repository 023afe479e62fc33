"""A 3x3 matrix on three planes."""

from __future__ import annotations

from camsim.kernels.jit import row_function
from camsim.kernels.rows.demosaic import put_colors
from camsim.kernels.simd import at


@row_function
def matrix(
    planes: tuple[int, int, int, int, int],
    weights: tuple[float, ...],
    out: tuple[int, ...],
    first: int,
    last: int,
) -> None:
    """Matrix times (R, G, B) + (filtered luma - luma), and the luma of the result; the planes come in this order."""
    for x in range(first, last, 16):
        change = at(planes[3], x) - at(planes[4], x)
        red, green, blue = at(planes[0], x) + change, at(planes[1], x) + change, at(planes[2], x) + change
        put_colors(x, red, green, blue, weights, out)
