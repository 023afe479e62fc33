"""Adjoints of what depends on the place in the frame.

On the mosaic, inputs are gradient and mosaic; on colours as those of curves (camsim.kernels.adjoint.curve). Beyond the
frame, gradients are its mirror image: they are made so at the end.
"""

from __future__ import annotations

from camsim.kernels.adjoint.color import gradients_in
from camsim.kernels.adjoint.curve import arriving, before_limits
from camsim.kernels.adjoint.sums import add
from camsim.kernels.adjoint.tone import gradients_out, inside, product, put_gradients
from camsim.kernels.frame import WEIGHTS, coefficients_of, row_in, row_out, share_of, sums_of
from camsim.kernels.jit import lane_function
from camsim.kernels.operation import Operation
from camsim.kernels.power import Three
from camsim.kernels.program import FALLOFF, MULTIPLIES, SETTING
from camsim.kernels.rows.curve import all_in, limited
from camsim.kernels.rows.grid import (
    behind,
    color_points,
    mirror_all_ends,
    mirror_ends,
    mosaic_points,
    plane_bytes,
    points_at,
    rows_at,
    share_at,
    site_colors,
    size_of,
    three_grid_at,
    two_at,
)
from camsim.kernels.rows.radial import color_gains, gain_of, lens_at, mosaic_polynomial, squared_at
from camsim.kernels.simd import FloatVector, alternate, at, integer, narrow, number, put, single, spread

_ZERO, _ONE = single(0), single(1)


@lane_function
def add_to_points(op: int, frame: int, y: int, sums: int, share: float, x: int, counted: FloatVector) -> None:
    """Sums for the points of one plane that sixteen pixels see."""
    above, below, second = rows_at(op, frame, y)
    first, last, offset, step = points_at(op, frame, x)
    columns, place = size_of(op)[1], behind(op, first, offset, step)
    share_below = share * narrow(second)
    for point in range(first, last + 1):
        more = share_at(place, point - first) * counted
        add(sums, columns * above + point, share - share_below, more)
        add(sums, columns * below + point, share_below, more)


@Operation
def grid_mosaic_adjoint(op: int, frame: int, y: int, first: int, last: int) -> None:
    """Also sums for the gains."""
    gradient, row, out = row_in(op, frame, 0, y), row_in(op, frame, 1, y), row_out(op, frame, 0, y)
    numbers, weights, share = coefficients_of(op, frame), integer(frame, WEIGHTS), share_of(frame, y)
    even, odd = mosaic_points(op, frame, numbers + 8, y)
    low, high, zero = spread(number(numbers, 0)), spread(number(numbers, 1)), spread(_ZERO)
    colors, sums, plane = site_colors(op, y), sums_of(op, frame) + 2 * 64, 16 * plane_bytes(op)
    for x in range(first, last, 16):
        gain, value = two_at(op, frame, even, odd, x), at(row, x)
        g = inside(value * gain, low, high, at(gradient, x))
        put(out, x, g * gain)
        if share > 0 and 0 <= x < last:
            counted = g * value * at(weights, x)
            add_to_points(op, frame, y, sums + plane * colors[0], share, x, alternate(counted, zero))
            add_to_points(op, frame, y, sums + plane * colors[1], share, x, alternate(zero, counted))
    mirror_ends(op, frame, out)


@Operation
def grid_colors_adjoint(op: int, frame: int, y: int, first: int, last: int) -> None:
    """Also sums for the grid."""
    colors, numbers, gradients = all_in(op, frame, y), coefficients_of(op, frame), gradients_in(op, frame, 5, y)
    out, weights, share = gradients_out(op, frame, y), integer(frame, WEIGHTS), share_of(frame, y)
    points, multiplies = color_points(op, frame, numbers + 20, y), integer(op, SETTING) & MULTIPLIES
    sums, plane = sums_of(op, frame) + 5 * 64, 16 * plane_bytes(op)
    for x in range(first, last, 16):
        g = arriving(gradients, numbers, x)
        counted = times_vector(g, at(weights, x))
        if multiplies:
            counted = product(counted, limited(colors, numbers, x))
            g = product(g, three_grid_at(op, frame, points, x))
        put_gradients(out, x, before_limits(colors, numbers, x, g))
        if share > 0 and 0 <= x < last:
            add_to_points(op, frame, y, sums, share, x, counted[0])
            add_to_points(op, frame, y, sums + plane, share, x, counted[1])
            add_to_points(op, frame, y, sums + 2 * plane, share, x, counted[2])
    mirror_all_ends(op, frame, out)


@lane_function
def times_vector(x: Three, factor: FloatVector) -> Three:
    """Each times the same."""
    return x[0] * factor, x[1] * factor, x[2] * factor


Five = tuple[FloatVector, FloatVector, FloatVector, FloatVector, FloatVector]
"""Sums for the coefficients of a polynomial."""


@lane_function
def nothing() -> Five:
    """Before the first."""
    zero = spread(_ZERO)
    return zero, zero, zero, zero, zero


@lane_function
def more_powers(sums: Five, r: FloatVector, counted: FloatVector) -> Five:
    """With what r, r^2 ... r^5 give."""
    first = counted * r
    second = first * r
    third = second * r
    fourth = third * r
    return sums[0] + first, sums[1] + second, sums[2] + third, sums[3] + fourth, sums[4] + fourth * r


@lane_function
def add_powers(sums: int, share: float, powers: Five) -> None:
    """Into the places of five coefficients."""
    add(sums, 0, share, powers[0])
    add(sums, 1, share, powers[1])
    add(sums, 2, share, powers[2])
    add(sums, 3, share, powers[3])
    add(sums, 4, share, powers[4])


@lane_function
def to_polynomial(gain: FloatVector, gradient: FloatVector, falloff: int) -> FloatVector:
    """The gradient of the polynomial, from that of the gain."""
    return gradient * (_ZERO - gain * gain) if falloff else gradient


@Operation
def radial_mosaic_adjoint(op: int, frame: int, y: int, first: int, last: int) -> None:
    """Also sums for the coefficients."""
    gradient, row, out = row_in(op, frame, 0, y), row_in(op, frame, 1, y), row_out(op, frame, 0, y)
    numbers, weights, share = coefficients_of(op, frame), integer(frame, WEIGHTS), share_of(frame, y)
    low, high = spread(number(numbers, 0)), spread(number(numbers, 1))
    falloff, lens = integer(op, SETTING) & FALLOFF, lens_at(frame, numbers + 8, y)
    colors, sums, powers = site_colors(op, y), sums_of(op, frame) + 4 * 64, nothing()
    even, odd = numbers + 16 + 20 * colors[0], numbers + 16 + 20 * colors[1]
    for x in range(first, last, 16):
        r, value = squared_at(lens, x), at(row, x)
        gain = gain_of(mosaic_polynomial(r, even, odd), falloff)
        g = inside(value * gain, low, high, at(gradient, x))
        put(out, x, g * gain)
        powers = more_powers(powers, r, to_polynomial(gain, g * value * at(weights, x), falloff))
    add_powers(sums + 5 * 64 * colors[0], share, of_site(powers, 0))
    add_powers(sums + 5 * 64 * colors[1], share, of_site(powers, 1))
    mirror_ends(op, frame, out)


@lane_function
def of_site(powers: Five, column: int) -> Five:
    """The lanes of even or of odd columns."""
    zero = spread(_ZERO)
    if column == 0:
        return (
            alternate(powers[0], zero),
            alternate(powers[1], zero),
            alternate(powers[2], zero),
            alternate(powers[3], zero),
            alternate(powers[4], zero),
        )
    return (
        alternate(zero, powers[0]),
        alternate(zero, powers[1]),
        alternate(zero, powers[2]),
        alternate(zero, powers[3]),
        alternate(zero, powers[4]),
    )


@Operation
def radial_colors_adjoint(op: int, frame: int, y: int, first: int, last: int) -> None:
    """Also sums for the coefficients."""
    colors, numbers, gradients = all_in(op, frame, y), coefficients_of(op, frame), gradients_in(op, frame, 5, y)
    out, weights, share = gradients_out(op, frame, y), integer(frame, WEIGHTS), share_of(frame, y)
    falloff, lens, sums = integer(op, SETTING) & FALLOFF, lens_at(frame, numbers + 20, y), sums_of(op, frame) + 7 * 64
    red, green, blue = nothing(), nothing(), nothing()
    for x in range(first, last, 16):
        r, g, value = squared_at(lens, x), arriving(gradients, numbers, x), limited(colors, numbers, x)
        gains = color_gains(r, numbers + 28, falloff)
        counted = product(times_vector(g, at(weights, x)), value)
        put_gradients(out, x, before_limits(colors, numbers, x, product(g, gains)))
        red = more_powers(red, r, to_polynomial(gains[0], counted[0], falloff))
        green = more_powers(green, r, to_polynomial(gains[1], counted[1], falloff))
        blue = more_powers(blue, r, to_polynomial(gains[2], counted[2], falloff))
    add_powers(sums, share, red)
    add_powers(sums + 5 * 64, share, green)
    add_powers(sums + 10 * 64, share, blue)
    mirror_all_ends(op, frame, out)
