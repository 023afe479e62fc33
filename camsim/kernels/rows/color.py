"""A 3x3 matrix on three planes."""

from __future__ import annotations

from camsim.kernels.frame import coefficients_of, row_in
from camsim.kernels.operation import Operation
from camsim.kernels.rows.demosaic import color_weights, colors_out, put_colors
from camsim.kernels.simd import at


@Operation
def matrix(op: int, frame: int, y: int, first: int, last: int) -> None:
    """Matrix times (R, G, B) + (filtered luma - luma), and the luma of the result; the inputs come in this order."""
    red, green, blue = row_in(op, frame, 0, y), row_in(op, frame, 1, y), row_in(op, frame, 2, y)
    filtered, luma = row_in(op, frame, 3, y), row_in(op, frame, 4, y)
    weights, out = color_weights(coefficients_of(op, frame), 0), colors_out(op, frame, y)
    for x in range(first, last, 16):
        change = at(filtered, x) - at(luma, x)
        put_colors(x, (at(red, x) + change, at(green, x) + change, at(blue, x) + change), weights, out)
