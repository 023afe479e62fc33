"""Adjoint of the end of a chain."""

from __future__ import annotations

from camsim.kernels.adjoint.sums import add
from camsim.kernels.frame import WEIGHTS, coefficients_of, row_in, row_out, share_of, sums_of
from camsim.kernels.jit import lane_function
from camsim.kernels.operation import Operation
from camsim.kernels.power import exp2, log2
from camsim.kernels.program import POWER, SETTING, SRGB
from camsim.kernels.rows.tone import clips_after, limits_at
from camsim.kernels.simd import (
    FloatVector,
    absolute,
    at,
    greatest,
    integer,
    least,
    number,
    put,
    single,
    spread,
    where_at_least,
)

_ZERO, _ONE, _FLAT = single(0), single(1), single(1e-6)
_KNEE, _SLOPE = single(0.0031308), single(12.92)
_CURVE_SLOPE, _CURVE_EXPONENT = single(1.055 / 2.4), single(1 / 2.4 - 1)
_ROOT, _SHIFT = single(2.4), single(-0.055)
_LN2 = single(0.6931471805599453)


@lane_function
def inside(value: FloatVector, low: FloatVector, high: FloatVector, then: FloatVector) -> FloatVector:
    """``then`` where low <= value <= high, else 0."""
    return where_at_least(value, low, where_at_least(high, value, then, spread(_ZERO)), spread(_ZERO))


@lane_function
def power_slope(
    value: FloatVector, exponent: float, limits: tuple[FloatVector, ...], gradient: FloatVector, clips: bool
) -> tuple[FloatVector, FloatVector]:
    """Gradient of the light, and what its exponent gets, but for ln 2."""
    low, high, low_after, high_after = limits
    limited = least(greatest(value, low), high)
    size = absolute(limited)
    logarithm = log2(greatest(size, spread(_FLAT)))
    chord = exp2(logarithm * (exponent - _ONE))
    encoded = chord * limited
    g = inside(encoded, low_after, high_after, gradient) if clips else gradient
    slope = chord * where_at_least(size, spread(_FLAT), spread(exponent), spread(_ONE))
    return inside(value, low, high, g * slope), g * encoded * logarithm


@lane_function
def srgb_slope(value: FloatVector, limits: tuple[FloatVector, ...], gradient: FloatVector) -> FloatVector:
    """Gradient of the light."""
    low, high, low_after, high_after = limits
    knee = spread(_KNEE)
    limited = least(greatest(value, low), high)
    base = greatest(limited, knee)
    curve = _CURVE_SLOPE * exp2(log2(base) * _CURVE_EXPONENT)
    # 1.055 x^(1/2.4) is 2.4 x times its slope.
    encoded = where_at_least(limited, knee, _ROOT * base * curve + _SHIFT, _SLOPE * limited)
    g = inside(encoded, low_after, high_after, gradient)
    return inside(value, low, high, g * where_at_least(limited, knee, curve, spread(_SLOPE)))


@lane_function
def clip_slope(value: FloatVector, limits: tuple[FloatVector, ...], gradient: FloatVector) -> FloatVector:
    """Gradient of what is only clipped, twice."""
    low, high, low_after, high_after = limits
    g = inside(least(greatest(value, low), high), low_after, high_after, gradient)
    return inside(value, low, high, g)


@lane_function
def power_loop(
    rows: tuple[int, int, int, int, int, int], numbers: int, clips: bool, first: int, last: int
) -> FloatVector:
    """Gradient of one plane; returns what the exponent gets. Rows plane, filtered, luma, gradient, weights, out."""
    plane, filtered, luma, gradient, weights, out = rows
    exponent, limits, to_exponent = number(numbers, 4), limits_at(numbers), spread(_ZERO)
    for x in range(first, last, 16):
        value = at(plane, x) + (at(filtered, x) - at(luma, x))
        here, more = power_slope(value, exponent, limits, at(gradient, x), clips)
        put(out, x, here)
        to_exponent = to_exponent + at(weights, x) * more
    return to_exponent


@Operation
def tone_adjoint(op: int, frame: int, y: int, first: int, last: int) -> None:
    """Gradients of the three planes before the tone, and their sum, which reaches the luma that all of them got.

    Inputs red, green, blue, filtered luma, luma, and the gradients of three planes after it. Adds up the gradient of
    the exponent of a power (the fifth coefficient). Slopes are those of camsim.isp.gamma: below 1e-6 a power's is that
    of the chord from 0.
    """
    filtered, luma = row_in(op, frame, 3, y), row_in(op, frame, 4, y)
    weights, share, numbers = integer(frame, WEIGHTS), share_of(frame, y), coefficients_of(op, frame)
    encoding, limits = integer(op, SETTING), limits_at(numbers)
    for color in range(3):
        plane, gradient = row_in(op, frame, color, y), row_in(op, frame, 5 + color, y)
        out = row_out(op, frame, color, y)
        if encoding == POWER:
            rows = (plane, filtered, luma, gradient, weights, out)
            if clips_after(numbers):
                to_exponent = power_loop(rows, numbers, True, first, last)
            else:
                to_exponent = power_loop(rows, numbers, False, first, last)
            if share > 0:
                add(sums_of(op, frame), 4, share * _LN2, to_exponent)
        elif encoding == SRGB:
            for x in range(first, last, 16):
                value = at(plane, x) + (at(filtered, x) - at(luma, x))
                put(out, x, srgb_slope(value, limits, at(gradient, x)))
        else:
            for x in range(first, last, 16):
                value = at(plane, x) + (at(filtered, x) - at(luma, x))
                put(out, x, clip_slope(value, limits, at(gradient, x)))
    red, green, blue = row_out(op, frame, 0, y), row_out(op, frame, 1, y), row_out(op, frame, 2, y)
    sum_out = row_out(op, frame, 3, y)
    for x in range(first, last, 16):
        put(sum_out, x, (at(red, x) + at(green, x)) + at(blue, x))
