"""Adjoint of the end of a chain."""

from __future__ import annotations

import numpy as np

from camsim.kernels.adjoint.sums import add
from camsim.kernels.jit import lane_function, row_function
from camsim.kernels.power import exp2, log2
from camsim.kernels.rows.tone import POWER, SRGB
from camsim.kernels.simd import (
    FloatVector,
    absolute,
    at,
    greatest,
    least,
    number,
    put,
    spread,
    where_at_least,
)

_ZERO, _ONE, _FLAT = np.float32(0), np.float32(1), np.float32(1e-6)
_KNEE, _SLOPE = np.float32(0.0031308), np.float32(12.92)
_CURVE_SLOPE, _CURVE_EXPONENT = np.float32(1.055 / 2.4), np.float32(1 / 2.4 - 1)
_ROOT, _SHIFT = np.float32(2.4), np.float32(-0.055)
_LN2 = np.float32(0.6931471805599453)


@lane_function
def inside(value: FloatVector, low: FloatVector, high: FloatVector, then: FloatVector) -> FloatVector:
    """``then`` where low <= value <= high, else 0."""
    return where_at_least(value, low, where_at_least(high, value, then, spread(_ZERO)), spread(_ZERO))


@row_function
def tone_adjoint(
    plane: int,
    filtered: int,
    luma: int,
    gradient: int,
    encoding: int,
    weights: int,
    share: float,
    coefficients: int,
    sums: int,
    out: int,
    first: int,
    last: int,
) -> None:
    """Gradient of plane + filtered - luma, and the sum for the exponent of a power (the fifth coefficient).

    Slopes are those of camsim.isp.gamma: below 1e-6 a power's is that of the chord from 0.
    """
    low, high = spread(number(coefficients, 0)), spread(number(coefficients, 1))
    low_after, high_after = spread(number(coefficients, 2)), spread(number(coefficients, 3))
    exponent = number(coefficients, 4)
    if encoding == POWER:
        to_exponent = spread(_ZERO)
        flat = spread(_FLAT)
        for x in range(first, last, 16):
            value = at(plane, x) + (at(filtered, x) - at(luma, x))
            limited = least(greatest(value, low), high)
            size = absolute(limited)
            base = greatest(size, flat)
            logarithm = log2(base)
            chord = exp2(exponent * logarithm) / base
            encoded = chord * limited
            g = inside(encoded, low_after, high_after, at(gradient, x))
            slope = chord * where_at_least(size, flat, spread(exponent), spread(_ONE))
            put(out, x, inside(value, low, high, g * slope))
            to_exponent = to_exponent + g * at(weights, x) * encoded * logarithm
        if share > 0:
            add(sums, 4, share * _LN2, to_exponent)
    elif encoding == SRGB:
        knee = spread(_KNEE)
        for x in range(first, last, 16):
            value = at(plane, x) + (at(filtered, x) - at(luma, x))
            limited = least(greatest(value, low), high)
            base = greatest(limited, knee)
            curve = _CURVE_SLOPE * exp2(_CURVE_EXPONENT * log2(base))
            slope = where_at_least(limited, knee, curve, spread(_SLOPE))
            # 1.055 x^(1/2.4) is 2.4 x times its slope.
            encoded = where_at_least(limited, knee, _ROOT * base * curve + _SHIFT, _SLOPE * limited)
            g = inside(encoded, low_after, high_after, at(gradient, x))
            put(out, x, inside(value, low, high, g * slope))
    else:
        for x in range(first, last, 16):
            value = at(plane, x) + (at(filtered, x) - at(luma, x))
            limited = least(greatest(value, low), high)
            g = inside(limited, low_after, high_after, at(gradient, x))
            put(out, x, inside(value, low, high, g))


@row_function
def add_three(a: int, b: int, c: int, out: int, first: int, last: int) -> None:
    """The sum of three planes: what reaches the luma that all of them got."""
    for x in range(first, last, 16):
        put(out, x, (at(a, x) + at(b, x)) + at(c, x))


