"""The end of a chain: luma change, clip, encoding, clip, and the form that leaves."""

from __future__ import annotations

import numpy as np

from camsim.kernels.jit import row_function
from camsim.kernels.power import exp2, log2
from camsim.kernels.simd import (
    FloatVector,
    absolute,
    at,
    greatest,
    least,
    nearest,
    number,
    put,
    put_uint8,
    soon_written,
    spread,
    where_at_least,
    with_sign,
)

_ZERO, _ONE, _TINY, _FAINT = np.float32(0), np.float32(1), np.float32(1e-37), np.float32(-125)
_BYTE = np.float32(255)
_KNEE, _SLOPE = np.float32(0.0031308), np.float32(12.92)
_SCALE, _SHIFT, _EXPONENT = np.float32(1.055), np.float32(-0.055), np.float32(1 / 2.4)

NONE, POWER, SRGB = 0, 1, 2
"""How light is encoded."""


@row_function
def power_of_positive(x: FloatVector, exponent: float) -> FloatVector:
    """x^exponent for x > 0; results below 2^-125 become that."""
    return exp2(greatest(exponent * log2(x), spread(_FAINT)))


@row_function
def encode(x: FloatVector, encoding: int, exponent: float, positive: bool) -> FloatVector:
    """Light to display values; ``positive``: x is known to lie above 1e-37."""
    if encoding == POWER:
        if positive:
            return power_of_positive(x, exponent)
        return with_sign(power_of_positive(greatest(absolute(x), spread(_TINY)), exponent), x)
    if encoding == SRGB:
        curve = _SCALE * power_of_positive(greatest(x, spread(_KNEE)), _EXPONENT) + _SHIFT
        return where_at_least(x, spread(_KNEE), curve, _SLOPE * x)
    return x


@row_function
def tone(
    plane: int,
    filtered: int,
    luma: int,
    encoding: int,
    coefficients: int,
    as_bytes: bool,
    out: int,
    next_out: int,
    first: int,
    last: int,
) -> None:
    """clip(encode(clip(plane + filtered - luma))) of one plane.

    The coefficients are low and high before, low and high after, and the exponent of a power. ``filtered == luma`` leaves
    the luma as it is. Bytes are true roundings of 255 times the values limited to [0, 1]. ``next_out`` is where the row
    after this one will be written.
    """
    low, high = spread(number(coefficients, 0)), spread(number(coefficients, 1))
    low_after, high_after = spread(number(coefficients, 2)), spread(number(coefficients, 3))
    exponent = number(coefficients, 4)
    positive = number(coefficients, 0) >= _TINY
    changed = filtered != luma
    size = 1 if as_bytes else 4
    for x in range(first, last, 16):
        soon_written(next_out, x * size)
        value = at(plane, x)
        if changed:
            value = value + (at(filtered, x) - at(luma, x))
        value = encode(least(greatest(value, low), high), encoding, exponent, positive)
        value = least(greatest(value, low_after), high_after)
        if as_bytes:
            put_uint8(out, x, nearest(least(greatest(value, spread(_ZERO)), spread(_ONE)) * _BYTE))
        else:
            put(out, x, value)
