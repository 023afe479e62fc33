"""Curves that each pixel goes through by itself: a ratio of polynomials, samples, cubic pieces, BT.709.

Each takes red, green, blue, filtered luma and luma, and gives red, green, blue and their luma. The first five numbers
of each are low and high, to which it limits what it takes, and the weights of the luma.
"""

from __future__ import annotations

from camsim.kernels.frame import coefficients_of, row_in, spare_rows
from camsim.kernels.jit import lane_function
from camsim.kernels.operation import Operation
from camsim.kernels.power import Three, exp2_of_three, log2_of_three, times
from camsim.kernels.program import BY_LUMINANCE, SETTING
from camsim.kernels.rows.demosaic import colors_out
from camsim.kernels.rows.tone import (
    Rows,
    at_least,
    changed,
    clipped,
    colors_in,
    put_three,
    three_at,
)
from camsim.kernels.simd import (
    FloatVector,
    IntVector,
    absolute,
    gathered,
    greatest,
    integer,
    larger,
    least,
    narrow,
    number,
    put,
    real,
    single,
    smaller,
    spread,
    where_at_least,
    whole,
)

_ZERO, _ONE = single(0), single(1)
BT709_KNEE, BT709_SLOPE = single(0.018), single(4.5)
_BT709_SCALE, _BT709_SHIFT, _BT709_EXPONENT = single(1.099), single(-0.099), single(0.45)

Out = tuple[int, int, int, int]
"""Rows of red, green, blue and luma."""


@lane_function
def weighed(value: Three, weights: int) -> FloatVector:
    """The sum of three, each times its number."""
    return (number(weights, 0) * value[0] + number(weights, 1) * value[1]) + number(weights, 2) * value[2]


@lane_function
def put_light(out: Out, x: int, value: Three, numbers: int) -> None:
    """Three colours and their luma."""
    put_three(out[:3], x, value)
    put(out[3], x, weighed(value, numbers + 8))


@lane_function
def limited(colors: tuple[Rows, int, int], numbers: int, x: int) -> Three:
    """What a curve takes; ``colors`` are the planes, the filtered luma and the luma."""
    return clipped(changed(colors[0], colors[1], colors[2], x), spread(number(numbers, 0)), spread(number(numbers, 1)))


@lane_function
def all_in(op: int, frame: int, y: int) -> tuple[Rows, int, int]:
    """The rows that a curve takes."""
    return colors_in(op, frame, y), row_in(op, frame, 3, y), row_in(op, frame, 4, y)


@lane_function
def exposed(value: Three, numbers: int) -> Three:
    """max(exposure * light + offset, floor)."""
    e, offset, floor = number(numbers, 5), number(numbers, 6), spread(number(numbers, 7))
    return at_least((value[0] * e + offset, value[1] * e + offset, value[2] * e + offset), floor)


@lane_function
def polynomials(size: FloatVector, numbers: int) -> tuple[FloatVector, FloatVector]:
    """p size + q and (r size + s) size + t."""
    above = number(numbers, 8) * size + number(numbers, 9)
    return above, (number(numbers, 10) * size + number(numbers, 11)) * size + number(numbers, 12)


@lane_function
def ratio(size: FloatVector, numbers: int) -> FloatVector:
    """What a light of this size is multiplied by."""
    above, below = polynomials(size, numbers)
    return above / below


@Operation
def rational(op: int, frame: int, y: int, first: int, last: int) -> None:
    """x (p s + q) / ((r s + s') s + t): s is the size of x, or of its luminance where the setting is `BY_LUMINANCE`.

    x is max(exposure * light + offset, floor). The numbers go on with exposure, offset, floor, p, q, r, s', t, and the
    weights of the luminance. With s its own size the curve is odd.
    """
    colors, out, numbers = all_in(op, frame, y), colors_out(op, frame, y), coefficients_of(op, frame)
    if integer(op, SETTING) == BY_LUMINANCE:
        for x in range(first, last, 16):
            value = exposed(limited(colors, numbers, x), numbers)
            factor = ratio(absolute(weighed(value, numbers + 52)), numbers)
            put_light(out, x, (value[0] * factor, value[1] * factor, value[2] * factor), numbers)
    else:
        for x in range(first, last, 16):
            value = exposed(limited(colors, numbers, x), numbers)
            factors = (
                ratio(absolute(value[0]), numbers),
                ratio(absolute(value[1]), numbers),
                ratio(absolute(value[2]), numbers),
            )
            put_light(out, x, (value[0] * factors[0], value[1] * factors[1], value[2] * factors[2]), numbers)


@lane_function
def place_of(place: FloatVector, pieces: float) -> IntVector:
    """The piece in which a place lies, or the outermost."""
    most = spread(pieces - _ONE)
    # Limited as floats, and as integers: nothing is known of NaN.
    return larger(smaller(whole(least(greatest(place, spread(_ZERO)), most)), whole(most)), whole(spread(_ZERO)))


@lane_function
def sampled(place: FloatVector, table: int, pieces: float) -> FloatVector:
    """Straight between samples at places 0, 1 ... ``pieces``; beyond, the outermost pieces go on."""
    left = place_of(place, pieces)
    before, after = gathered(table, left), gathered(table + 4, left)
    return before + (after - before) * (place - real(left))


@Operation
def samples(op: int, frame: int, y: int, first: int, last: int) -> None:
    """See camsim.isp.gamma.curve; the numbers go on with the samples, one more than the setting says."""
    colors, out, numbers = all_in(op, frame, y), colors_out(op, frame, y), coefficients_of(op, frame)
    pieces, table = narrow(integer(op, SETTING)), numbers + 20
    for x in range(first, last, 16):
        red, green, blue = times(limited(colors, numbers, x), pieces)
        curved = sampled(red, table, pieces), sampled(green, table, pieces), sampled(blue, table, pieces)
        put_light(out, x, curved, numbers)


@lane_function
def cubic(value: FloatVector, pieces: int, count: int) -> FloatVector:
    """The last of the pieces whose knot is not above: a + t (b + t (c + t d)) with t = value - knot.

    A piece is its knot, a, b, c and d; the first counts below its knot too.
    """
    knot, a, b = spread(number(pieces, 0)), spread(number(pieces, 1)), spread(number(pieces, 2))
    c, d = spread(number(pieces, 3)), spread(number(pieces, 4))
    for piece in range(1, count):
        numbers = pieces + 20 * piece
        here = spread(number(numbers, 0))
        a = where_at_least(value, here, spread(number(numbers, 1)), a)
        b = where_at_least(value, here, spread(number(numbers, 2)), b)
        c = where_at_least(value, here, spread(number(numbers, 3)), c)
        d = where_at_least(value, here, spread(number(numbers, 4)), d)
        knot = where_at_least(value, here, here, knot)
    t = value - knot
    return a + t * (b + t * (c + t * d))


@Operation
def cubics(op: int, frame: int, y: int, first: int, last: int) -> None:
    """See `cubic`; the numbers go on with the pieces, as many as the setting says."""
    colors, out, numbers = all_in(op, frame, y), colors_out(op, frame, y), coefficients_of(op, frame)
    count, pieces = integer(op, SETTING), numbers + 20
    for x in range(first, last, 16):
        v = limited(colors, numbers, x)
        put_light(out, x, (cubic(v[0], pieces, count), cubic(v[1], pieces, count), cubic(v[2], pieces, count)), numbers)


@lane_function
def bt709_of(light: FloatVector, power: FloatVector) -> FloatVector:
    """The curve from x and x^0.45."""
    return where_at_least(light, spread(BT709_KNEE), _BT709_SCALE * power + _BT709_SHIFT, BT709_SLOPE * light)


@Operation
def bt709(op: int, frame: int, y: int, first: int, last: int) -> None:
    """See camsim.isp.gamma.bt709. Logarithms first, as in camsim.kernels.rows.tone.loop."""
    colors, out, numbers = all_in(op, frame, y), colors_out(op, frame, y), coefficients_of(op, frame)
    scratch = spare_rows(frame)
    for x in range(first, last, 16):
        logarithms = log2_of_three(at_least(limited(colors, numbers, x), spread(BT709_KNEE)))
        put_three(scratch, x, times(logarithms, _BT709_EXPONENT))
    for x in range(first, last, 16):
        light, powers = limited(colors, numbers, x), exp2_of_three(three_at(scratch, x))
        encoded = bt709_of(light[0], powers[0]), bt709_of(light[1], powers[1]), bt709_of(light[2], powers[2])
        put_light(out, x, encoded, numbers)
