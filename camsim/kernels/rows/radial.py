"""Gains that depend on the distance from the optical axis: a polynomial of the squared distance, or 1 over it.

The numbers go on with the axis, in widths and heights of the frame, and five coefficients for each of red, green, blue.
"""

from __future__ import annotations

import numpy as np

from camsim.kernels.frame import HEIGHT, LEFT, WIDTH, coefficients_of, row_in, row_out
from camsim.kernels.jit import lane_function
from camsim.kernels.operation import Operation
from camsim.kernels.power import Three
from camsim.kernels.program import FALLOFF, SETTING
from camsim.kernels.rows.curve import all_in, limited, put_light
from camsim.kernels.rows.demosaic import colors_out
from camsim.kernels.rows.grid import mirror_all_ends, mirror_ends, site_colors
from camsim.kernels.simd import (
    FloatVector,
    alternate,
    at,
    greatest,
    integer,
    least,
    narrow,
    number,
    put,
    single,
    spread,
    to_the_right,
)

_ONE = single(1)

Lens = tuple[int, float, float, float]
"""The tile's left column, the column of the axis, squared distance of the row from the axis, 1 over the largest squared
distance; in px."""


@lane_function
def lens_at(frame: int, axis: int, y: int) -> Lens:
    """Of a row."""
    width, height = integer(frame, WIDTH), integer(frame, HEIGHT)
    across, down = number(axis, 0), number(axis, 1)
    widest, tallest = width * np.float64(max(across, _ONE - across)), height * np.float64(max(down, _ONE - down))
    axis_column, below = width * np.float64(across) - 0.5, y + 0.5 - height * np.float64(down)
    scale = narrow(1 / (widest * widest + tallest * tallest))
    return integer(frame, LEFT), axis_column, narrow(below * below), scale


@lane_function
def squared_at(lens: Lens, x: int) -> FloatVector:
    """Squared distances of sixteen pixels from the axis, 1 at the farthest corner."""
    across = to_the_right() + narrow(lens[0] + x - lens[1])
    return (across * across + lens[2]) * lens[3]


@lane_function
def polynomial_at(r: FloatVector, numbers: int) -> FloatVector:
    """1 + k1 r + k2 r^2 ... of squared distances."""
    high = r * (number(numbers, 3) + r * number(numbers, 4))
    return _ONE + r * (number(numbers, 0) + r * (number(numbers, 1) + r * (number(numbers, 2) + high)))


@lane_function
def gain_of(polynomial: FloatVector, falloff: int) -> FloatVector:
    """The polynomial, or 1 over it."""
    return spread(_ONE) / polynomial if falloff else polynomial


@lane_function
def mosaic_polynomial(r: FloatVector, even: int, odd: int) -> FloatVector:
    """Of the two sites of a row."""
    return alternate(polynomial_at(r, even), polynomial_at(r, odd))


@Operation
def radial_mosaic(op: int, frame: int, y: int, first: int, last: int) -> None:
    """clip(gain * mosaic); the first numbers are low and high."""
    row, out, numbers = row_in(op, frame, 0, y), row_out(op, frame, 0, y), coefficients_of(op, frame)
    low, high = spread(number(numbers, 0)), spread(number(numbers, 1))
    falloff, lens = integer(op, SETTING) & FALLOFF, lens_at(frame, numbers + 8, y)
    colors = site_colors(op, y)
    even, odd = numbers + 16 + 20 * colors[0], numbers + 16 + 20 * colors[1]
    for x in range(first, last, 16):
        gain = gain_of(mosaic_polynomial(squared_at(lens, x), even, odd), falloff)
        put(out, x, least(greatest(at(row, x) * gain, low), high))
    mirror_ends(op, frame, out)


@lane_function
def color_gains(r: FloatVector, numbers: int, falloff: int) -> Three:
    """Of red, green and blue."""
    return (
        gain_of(polynomial_at(r, numbers), falloff),
        gain_of(polynomial_at(r, numbers + 20), falloff),
        gain_of(polynomial_at(r, numbers + 40), falloff),
    )


@Operation
def radial_colors(op: int, frame: int, y: int, first: int, last: int) -> None:
    """Colours times gains; inputs, outputs and first numbers as of curves (camsim.kernels.rows.curve)."""
    colors, out, numbers = all_in(op, frame, y), colors_out(op, frame, y), coefficients_of(op, frame)
    falloff, lens = integer(op, SETTING) & FALLOFF, lens_at(frame, numbers + 20, y)
    for x in range(first, last, 16):
        value, gains = limited(colors, numbers, x), color_gains(squared_at(lens, x), numbers + 28, falloff)
        put_light(out, x, (value[0] * gains[0], value[1] * gains[1], value[2] * gains[2]), numbers)
    mirror_all_ends(op, frame, out)
