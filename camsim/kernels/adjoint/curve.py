"""Adjoints of curves. Inputs are those of the curve, then gradients as camsim.kernels.adjoint.color takes them; outputs
the gradients of the three planes, and their sum, which reaches the luma that all of them got."""

from __future__ import annotations

from camsim.kernels.adjoint.color import gradients_at, gradients_in
from camsim.kernels.adjoint.sums import add
from camsim.kernels.adjoint.tone import each_inside, gradients_out, product, put_gradients
from camsim.kernels.frame import (
    TILE_COLUMNS,
    WEIGHTS,
    coefficients_of,
    share_of,
    spare_rows,
    sums_of,
)
from camsim.kernels.jit import lane_function, row_function
from camsim.kernels.operation import Operation
from camsim.kernels.power import Three, exp2_of_three, log2_of_three, times
from camsim.kernels.program import BY_LUMINANCE, SETTING
from camsim.kernels.rows.curve import (
    BT709_KNEE,
    BT709_SLOPE,
    all_in,
    exposed,
    limited,
    place_of,
    polynomials,
    weighed,
)
from camsim.kernels.rows.tone import Rows, at_least, changed
from camsim.kernels.simd import (
    FloatVector,
    absolute,
    add_double,
    at,
    gathered,
    integer,
    narrow,
    number,
    put,
    real,
    single,
    spread,
    where_at_least,
)

_ZERO, _ONE, _TWO, _THREE = single(0), single(1), single(2), single(3)
_BT709_CURVE_SLOPE, _BT709_CURVE_EXPONENT = single(1.099 * 0.45), single(0.45 - 1)
_EXPOSURE, _ABOVE = 5, 8

Gradients = tuple[int, int, int, int, int]


@lane_function
def arriving(gradients: Gradients, numbers: int, x: int) -> Three:
    """Gradients of the three colours after the curve, that of their luma among them."""
    g = gradients_at(gradients, x)
    return g[0] + number(numbers, 2) * g[3], g[1] + number(numbers, 3) * g[3], g[2] + number(numbers, 4) * g[3]


@lane_function
def before_limits(colors: tuple[Rows, int, int], numbers: int, x: int, gradient: Three) -> Three:
    """The gradient where the curve's limits let the light through."""
    value = changed(colors[0], colors[1], colors[2], x)
    return each_inside(value, spread(number(numbers, 0)), spread(number(numbers, 1)), gradient)


@lane_function
def total(x: Three) -> FloatVector:
    """The sum of three."""
    return (x[0] + x[1]) + x[2]


@lane_function
def ratio_slope(size: FloatVector, numbers: int) -> tuple[FloatVector, FloatVector, FloatVector]:
    """What a light of this size is multiplied by, the slope of that, and 1 over the polynomial below."""
    above, below = polynomials(size, numbers)
    inverse = spread(_ONE) / below
    ratio = above * inverse
    steepness = _TWO * number(numbers, 10) * size + number(numbers, 11)
    return ratio, (number(numbers, 8) - ratio * steepness) * inverse, inverse


@lane_function
def by_luminance(value: Three, g: Three, numbers: int) -> tuple[Three, FloatVector, FloatVector]:
    """Gradients of the exposed light, and what p and q get."""
    light = weighed(value, numbers + 52)
    size = absolute(light)
    ratio, slope, inverse = ratio_slope(size, numbers)
    moved = total(product(g, value))
    to_size = slope * moved
    to_light = where_at_least(light, spread(_ZERO), to_size, _ZERO - to_size)
    back = (
        g[0] * ratio + number(numbers, 13) * to_light,
        g[1] * ratio + number(numbers, 14) * to_light,
        g[2] * ratio + number(numbers, 15) * to_light,
    )
    to_q = moved * inverse
    return back, to_q * size, to_q


@lane_function
def one_by_itself(value: FloatVector, g: FloatVector, numbers: int) -> tuple[FloatVector, FloatVector, FloatVector]:
    """Gradient of one exposed light, and what p and q get."""
    size = absolute(value)
    ratio, slope, inverse = ratio_slope(size, numbers)
    to_q = g * value * inverse
    return g * (ratio + size * slope), to_q * size, to_q


@lane_function
def each_by_itself(value: Three, g: Three, numbers: int) -> tuple[Three, FloatVector, FloatVector]:
    """Gradients of the exposed light, and what p and q get."""
    red, red_p, red_q = one_by_itself(value[0], g[0], numbers)
    green, green_p, green_q = one_by_itself(value[1], g[1], numbers)
    blue, blue_p, blue_q = one_by_itself(value[2], g[2], numbers)
    return (red, green, blue), (red_p + green_p) + blue_p, (red_q + green_q) + blue_q


@Operation
def rational_adjoint(op: int, frame: int, y: int, first: int, last: int) -> None:
    """Also sums for the exposure, p and q: nothing turns the other numbers.

    Where the light lies below the floor, the gradient is that of the curve's beginning.
    """
    colors, numbers, gradients = all_in(op, frame, y), coefficients_of(op, frame), gradients_in(op, frame, 5, y)
    out, weights, share = gradients_out(op, frame, y), integer(frame, WEIGHTS), share_of(frame, y)
    sums, exposure, keeps_ratios = sums_of(op, frame), number(numbers, _EXPOSURE), integer(op, SETTING) == BY_LUMINANCE
    to_exposure, to_p, to_q = spread(_ZERO), spread(_ZERO), spread(_ZERO)
    for x in range(first, last, 16):
        light, g = limited(colors, numbers, x), arriving(gradients, numbers, x)
        value, here = exposed(light, numbers), at(weights, x)
        if keeps_ratios:
            back, more_p, more_q = by_luminance(value, g, numbers)
        else:
            back, more_p, more_q = each_by_itself(value, g, numbers)
        to_exposure = to_exposure + here * total(product(back, light))
        to_p, to_q = to_p + here * more_p, to_q + here * more_q
        put_gradients(out, x, before_limits(colors, numbers, x, times(back, exposure)))
    add(sums, _EXPOSURE, share, to_exposure)
    add(sums, _ABOVE, share, to_p)
    add(sums, _ABOVE + 1, share, to_q)


@lane_function
def sampled_slope(value: FloatVector, table: int, pieces: float) -> FloatVector:
    """Of camsim.kernels.rows.curve.sampled."""
    left = place_of(value * pieces, pieces)
    return (gathered(table + 4, left) - gathered(table, left)) * pieces


@row_function
def scatter(places: int, before: int, after: int, sums: int, columns: int) -> None:
    """Add what each pixel gives to the two samples that it lies between; the eight sums of a sample take turns."""
    for x in range(columns):
        place = 8 * int(number(places, x)) + (x & 7)
        add_double(sums, place, number(before, x))
        add_double(sums, place + 8, number(after, x))


@Operation
def samples_adjoint(op: int, frame: int, y: int, first: int, last: int) -> None:
    """Also sums for the samples."""
    colors, numbers, gradients = all_in(op, frame, y), coefficients_of(op, frame), gradients_in(op, frame, 5, y)
    out, weights, share = gradients_out(op, frame, y), integer(frame, WEIGHTS), share_of(frame, y)
    pieces, table, columns = narrow(integer(op, SETTING)), numbers + 20, integer(frame, TILE_COLUMNS)
    places, before, after = spare_rows(frame)
    for x in range(first, last, 16):
        v, g = limited(colors, numbers, x), arriving(gradients, numbers, x)
        slopes = (
            sampled_slope(v[0], table, pieces),
            sampled_slope(v[1], table, pieces),
            sampled_slope(v[2], table, pieces),
        )
        put_gradients(out, x, before_limits(colors, numbers, x, product(g, slopes)))
    if share > 0:
        for color in range(3):
            for x in range(0, columns, 16):
                v, g = limited(colors, numbers, x), arriving(gradients, numbers, x)
                value = v[0] if color == 0 else (v[1] if color == 1 else v[2])
                gradient = g[0] if color == 0 else (g[1] if color == 1 else g[2])
                left = real(place_of(value * pieces, pieces))
                counted = gradient * at(weights, x) * share
                to_after = counted * (value * pieces - left)
                put(places, x, left)
                put(before, x, counted - to_after)
                put(after, x, to_after)
            scatter(places, before, after, sums_of(op, frame) + 5 * 64, columns)


@lane_function
def cubic_slope(value: FloatVector, pieces: int, count: int) -> FloatVector:
    """Of camsim.kernels.rows.curve.cubic."""
    knot, b = spread(number(pieces, 0)), spread(number(pieces, 2))
    c, d = spread(number(pieces, 3)), spread(number(pieces, 4))
    for piece in range(1, count):
        numbers = pieces + 20 * piece
        here = spread(number(numbers, 0))
        b = where_at_least(value, here, spread(number(numbers, 2)), b)
        c = where_at_least(value, here, spread(number(numbers, 3)), c)
        d = where_at_least(value, here, spread(number(numbers, 4)), d)
        knot = where_at_least(value, here, here, knot)
    t = value - knot
    return b + t * (_TWO * c + t * (_THREE * d))


@lane_function
def in_piece(value: FloatVector, pieces: int, piece: int, count: int, then: FloatVector) -> FloatVector:
    """``then`` where this is the piece of `camsim.kernels.rows.curve.cubic`, else 0."""
    zero = spread(_ZERO)
    if piece + 1 < count:
        then = where_at_least(value, spread(number(pieces, 5 * piece + 5)), zero, then)
    return where_at_least(value, spread(number(pieces, 5 * piece)), then, zero) if piece > 0 else then


@row_function
def add_piece(
    colors: tuple[Rows, int, int],
    gradients: Gradients,
    numbers: int,
    weights: int,
    piece: int,
    count: int,
    share: float,
    sums: int,
    last: int,
) -> None:
    """Sums for a, b, c and d of one piece."""
    pieces = numbers + 20
    knot = number(pieces, 5 * piece)
    to_a, to_b, to_c, to_d = spread(_ZERO), spread(_ZERO), spread(_ZERO), spread(_ZERO)
    for x in range(0, last, 16):
        v, g, here = limited(colors, numbers, x), arriving(gradients, numbers, x), at(weights, x)
        red, green, blue = v[0] - knot, v[1] - knot, v[2] - knot
        a = (
            in_piece(v[0], pieces, piece, count, g[0] * here),
            in_piece(v[1], pieces, piece, count, g[1] * here),
            in_piece(v[2], pieces, piece, count, g[2] * here),
        )
        b = a[0] * red, a[1] * green, a[2] * blue
        c = b[0] * red, b[1] * green, b[2] * blue
        to_a, to_b, to_c = to_a + total(a), to_b + total(b), to_c + total(c)
        to_d = to_d + total((c[0] * red, c[1] * green, c[2] * blue))
    add(sums, 5 + 5 * piece + 1, share, to_a)
    add(sums, 5 + 5 * piece + 2, share, to_b)
    add(sums, 5 + 5 * piece + 3, share, to_c)
    add(sums, 5 + 5 * piece + 4, share, to_d)


@Operation
def cubics_adjoint(op: int, frame: int, y: int, first: int, last: int) -> None:
    """Also sums for the pieces; nothing turns their knots."""
    colors, numbers, gradients = all_in(op, frame, y), coefficients_of(op, frame), gradients_in(op, frame, 5, y)
    out, weights, share = gradients_out(op, frame, y), integer(frame, WEIGHTS), share_of(frame, y)
    count, sums = integer(op, SETTING), sums_of(op, frame)
    for x in range(first, last, 16):
        v, g = limited(colors, numbers, x), arriving(gradients, numbers, x)
        slopes = (
            cubic_slope(v[0], numbers + 20, count),
            cubic_slope(v[1], numbers + 20, count),
            cubic_slope(v[2], numbers + 20, count),
        )
        put_gradients(out, x, before_limits(colors, numbers, x, product(g, slopes)))
    if share > 0:
        for piece in range(count):
            add_piece(colors, gradients, numbers, weights, piece, count, share, sums, last)


@lane_function
def bt709_slope(light: FloatVector, power: FloatVector) -> FloatVector:
    """From x and x^(0.45 - 1)."""
    return where_at_least(light, spread(BT709_KNEE), _BT709_CURVE_SLOPE * power, spread(BT709_SLOPE))


@Operation
def bt709_adjoint(op: int, frame: int, y: int, first: int, last: int) -> None:
    """No sums: the curve has no knob."""
    colors, numbers, gradients = all_in(op, frame, y), coefficients_of(op, frame), gradients_in(op, frame, 5, y)
    out = gradients_out(op, frame, y)
    for x in range(first, last, 16):
        light, g = limited(colors, numbers, x), arriving(gradients, numbers, x)
        logarithms = log2_of_three(at_least(light, spread(BT709_KNEE)))
        powers = exp2_of_three(times(logarithms, _BT709_CURVE_EXPONENT))
        slopes = bt709_slope(light[0], powers[0]), bt709_slope(light[1], powers[1]), bt709_slope(light[2], powers[2])
        put_gradients(out, x, before_limits(colors, numbers, x, product(g, slopes)))
