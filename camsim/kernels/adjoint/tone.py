"""Adjoint of the end of a chain, and of a clip or an encoding in its middle."""

from __future__ import annotations

from camsim.kernels.adjoint.sums import add
from camsim.kernels.frame import (
    GRADIENTS,
    HEIGHT,
    LEFT,
    MOSAIC,
    ROW_BYTES,
    TILE_COLUMNS,
    VECTORS,
    WEIGHTS,
    WIDTH,
    coefficients_of,
    mirror_columns,
    row_in,
    row_out,
    share_of,
    sums_of,
)
from camsim.kernels.jit import lane_function, row_function
from camsim.kernels.operation import Operation
from camsim.kernels.power import Three, exp2_of_three, log2_of_three, times
from camsim.kernels.program import ACROSS, POWER, SETTING, SRGB
from camsim.kernels.rows.tone import (
    Rows,
    at_least,
    changed,
    clipped,
    clips_after,
    colors_in,
    limits_at,
    put_three,
    three_at,
)
from camsim.kernels.simd import (
    FloatVector,
    absolute,
    at,
    copy_bytes,
    integer,
    number,
    put,
    set_number,
    single,
    soon_read,
    spread,
    where_at_least,
)

_ZERO, _ONE, _TWO, _FLAT = single(0), single(1), single(2), single(1e-6)
_KNEE, _SLOPE = single(0.0031308), single(12.92)
_CURVE_SLOPE, _CURVE_EXPONENT = single(1.055 / 2.4), single(1 / 2.4 - 1)
_ROOT, _SHIFT = single(2.4), single(-0.055)
_LN2 = single(0.6931471805599453)


@lane_function
def inside(value: FloatVector, low: FloatVector, high: FloatVector, then: FloatVector) -> FloatVector:
    """``then`` where low <= value <= high, else 0."""
    return where_at_least(value, low, where_at_least(high, value, then, spread(_ZERO)), spread(_ZERO))


@lane_function
def each_inside(value: Three, low: FloatVector, high: FloatVector, then: Three) -> Three:
    """`inside` of three."""
    return (
        inside(value[0], low, high, then[0]),
        inside(value[1], low, high, then[1]),
        inside(value[2], low, high, then[2]),
    )


@lane_function
def product(a: Three, b: Three) -> Three:
    """Each times its counterpart."""
    return a[0] * b[0], a[1] * b[1], a[2] * b[2]


@lane_function
def power_slope_at(limited: FloatVector, chord: FloatVector, exponent: float) -> FloatVector:
    """Of a power, from the chord's slope; below 1e-6 it is that of the chord."""
    return chord * where_at_least(absolute(limited), spread(_FLAT), spread(exponent), spread(_ONE))


@lane_function
def power_logarithms(value: Three, limits: tuple[FloatVector, ...]) -> Three:
    """Of the limited light, where it is not flat."""
    limited = clipped(value, limits[0], limits[1])
    return log2_of_three(at_least((absolute(limited[0]), absolute(limited[1]), absolute(limited[2])), spread(_FLAT)))


@lane_function
def power_slope(
    value: Three, logarithm: Three, exponent: float, limits: tuple[FloatVector, ...], gradient: Three, clips: bool
) -> tuple[Three, FloatVector]:
    """Gradient of the light, and what its exponent gets from all three, but for ln 2."""
    low, high, low_after, high_after = limits
    limited = clipped(value, low, high)
    chord = exp2_of_three(times(logarithm, exponent - _ONE))
    encoded = product(chord, limited)
    g = each_inside(encoded, low_after, high_after, gradient) if clips else gradient
    slope = (
        power_slope_at(limited[0], chord[0], exponent),
        power_slope_at(limited[1], chord[1], exponent),
        power_slope_at(limited[2], chord[2], exponent),
    )
    to_exponent = product(product(g, encoded), logarithm)
    return each_inside(value, low, high, product(g, slope)), (to_exponent[0] + to_exponent[1]) + to_exponent[2]


@lane_function
def srgb_slope_at(
    limited: FloatVector, base: FloatVector, power: FloatVector, limits: tuple[FloatVector, ...], gradient: FloatVector
) -> FloatVector:
    """Gradient of the limited light; ``power`` is base^(1/2.4 - 1)."""
    knee = spread(_KNEE)
    curve = _CURVE_SLOPE * power
    # 1.055 x^(1/2.4) is 2.4 x times its slope.
    encoded = where_at_least(limited, knee, _ROOT * base * curve + _SHIFT, _SLOPE * limited)
    g = inside(encoded, limits[2], limits[3], gradient)
    return g * where_at_least(limited, knee, curve, spread(_SLOPE))


@lane_function
def srgb_slope(value: Three, limits: tuple[FloatVector, ...], gradient: Three) -> Three:
    """Gradient of the light."""
    limited = clipped(value, limits[0], limits[1])
    base = at_least(limited, spread(_KNEE))
    power = exp2_of_three(times(log2_of_three(base), _CURVE_EXPONENT))
    slopes = (
        srgb_slope_at(limited[0], base[0], power[0], limits, gradient[0]),
        srgb_slope_at(limited[1], base[1], power[1], limits, gradient[1]),
        srgb_slope_at(limited[2], base[2], power[2], limits, gradient[2]),
    )
    return each_inside(value, limits[0], limits[1], slopes)


@lane_function
def clip_slope(value: Three, limits: tuple[FloatVector, ...], gradient: Three) -> Three:
    """Gradient of what is only clipped, twice."""
    low, high, low_after, high_after = limits
    g = each_inside(clipped(value, low, high), low_after, high_after, gradient)
    return each_inside(value, low, high, g)


Out = tuple[int, int, int, int]
"""Rows of red, green, blue and their sum."""


@lane_function
def put_gradients(out: Out, x: int, gradient: Three) -> None:
    """Three gradients and their sum."""
    put(out[0], x, gradient[0])
    put(out[1], x, gradient[1])
    put(out[2], x, gradient[2])
    put(out[3], x, (gradient[0] + gradient[1]) + gradient[2])


@lane_function
def gradient_at(gradients: Rows, share: float, x: int) -> Three:
    """What arrives, ``share`` times."""
    return share * at(gradients[0], x), share * at(gradients[1], x), share * at(gradients[2], x)


@lane_function
def power_loop(
    colors: tuple[Rows, int, int],
    gradients: Rows,
    share: float,
    ahead: int,
    numbers: int,
    clips: bool,
    weights: int,
    out: Out,
    first: int,
    last: int,
) -> FloatVector:
    """See `slopes`; what the exponent gets, but for ln 2."""
    exponent, limits, to_exponent = number(numbers, 4), limits_at(numbers), spread(_ZERO)
    for x in range(first, last, 16):  # first all logarithms, as in camsim.kernels.rows.tone.loop
        put_three(out[:3], x, power_logarithms(changed(colors[0], colors[1], colors[2], x), limits))
    for x in range(first, last, 16):
        soon_read(gradients[0], 4 * x + ahead)
        soon_read(gradients[1], 4 * x + ahead)
        soon_read(gradients[2], 4 * x + ahead)
        value, g = changed(colors[0], colors[1], colors[2], x), gradient_at(gradients, share, x)
        here, more = power_slope(value, three_at(out[:3], x), exponent, limits, g, clips)
        put_gradients(out, x, here)
        to_exponent = to_exponent + at(weights, x) * more
    return to_exponent


@row_function
def slopes(
    colors: tuple[Rows, int, int],
    gradients: Rows,
    share: float,
    ahead: int,
    encoding: int,
    numbers: int,
    sums: int,
    weights: int,
    counts: float,
    out: Out,
    first: int,
    last: int,
) -> None:
    """Gradients of three planes before the tone, and their sum, which reaches the luma that all of them got.

    ``colors`` are the planes, the filtered luma and the luma; ``gradients`` arrive at the three planes after the tone,
    ``share`` times; the rows after them lie ``ahead`` bytes further. Adds up the gradient of the exponent of a power
    (the fifth coefficient), each pixel by its weight, the row ``counts`` times. Slopes are those of camsim.isp.gamma:
    below 1e-6 a power's is that of the chord from 0.
    """
    if encoding == POWER:
        if clips_after(numbers):
            more = power_loop(colors, gradients, share, ahead, numbers, True, weights, out, first, last)
        else:
            more = power_loop(colors, gradients, share, ahead, numbers, False, weights, out, first, last)
        add(sums, 4, counts * _LN2, more)
        return
    limits = limits_at(numbers)
    for x in range(first, last, 16):
        value, g = changed(colors[0], colors[1], colors[2], x), gradient_at(gradients, share, x)
        put_gradients(out, x, srgb_slope(value, limits, g) if encoding == SRGB else clip_slope(value, limits, g))


@lane_function
def gradients_out(op: int, frame: int, y: int) -> Out:
    """The rows for red, green, blue and their sum."""
    return row_out(op, frame, 0, y), row_out(op, frame, 1, y), row_out(op, frame, 2, y), row_out(op, frame, 3, y)


@Operation
def tone_adjoint(op: int, frame: int, y: int, first: int, last: int) -> None:
    """See `slopes`; inputs red, green, blue, filtered luma, luma, and the gradients of three planes after the tone."""
    colors = colors_in(op, frame, y), row_in(op, frame, 3, y), row_in(op, frame, 4, y)
    gradients = row_in(op, frame, 5, y), row_in(op, frame, 6, y), row_in(op, frame, 7, y)
    encoding, numbers, sums = integer(op, SETTING), coefficients_of(op, frame), sums_of(op, frame)
    weights, counts, out = integer(frame, WEIGHTS), share_of(frame, y), gradients_out(op, frame, y)
    slopes(colors, gradients, _ONE, 0, encoding, numbers, sums, weights, counts, out, first, last)


@Operation
def store_adjoint(op: int, frame: int, y: int, first: int, last: int) -> None:
    """As `tone_adjoint`, from the gradient of the image that the second setting names, with edge pixels doubled."""
    width, height, left = integer(frame, WIDTH), integer(frame, HEIGHT), integer(frame, LEFT)
    colors = colors_in(op, frame, y), row_in(op, frame, 3, y), row_in(op, frame, 4, y)
    encoding, numbers, sums = integer(op, SETTING), coefficients_of(op, frame), sums_of(op, frame)
    out, share, counts = gradients_out(op, frame, y), _TWO if y in (0, height - 1) else _ONE, share_of(frame, y)
    image = integer(integer(frame, GRADIENTS), integer(op, SETTING + 1))
    source, step = image + 4 * ((integer(frame, MOSAIC) * 3 * height + y) * width + left), 4 * height * width
    gradients = source, source + step, source + 2 * step
    # Edge pixels are doubled below: here they count whole.
    weights = integer(frame, WEIGHTS) + integer(frame, ROW_BYTES)
    begin, end = max(first, -left), min(last, width - left)
    whole = begin + (end - begin) // 16 * 16
    slopes(colors, gradients, share, 4 * width, encoding, numbers, sums, weights, counts, out, begin, whole)
    if whole < end:
        few = integer(frame, VECTORS)
        for color in range(3):
            put(few, 16 * color, spread(_ZERO))
            copy_bytes(gradients[color] + 4 * whole, few + 64 * color, 4 * (end - whole))
        few = few - 4 * whole
        rest = few, few + 64, few + 128
        slopes(colors, rest, share, 0, encoding, numbers, sums, weights, counts, out, whole, whole + 16)
    for plane in range(4):
        if begin == -left:
            set_number(out[plane], begin, _TWO * number(out[plane], begin))
        if end == width - left:
            set_number(out[plane], end - 1, _TWO * number(out[plane], end - 1))
        mirror_columns(out[plane], width, left, integer(op, ACROSS), integer(frame, TILE_COLUMNS))
