"""The end of a chain: luma change, clip, encoding, clip, and the form that leaves."""

from __future__ import annotations

from camsim.kernels.frame import (
    AS_BYTES,
    HEIGHT,
    IMAGE,
    IMAGES,
    LEFT,
    SPARE,
    TILE_COLUMNS,
    WIDTH,
    coefficients_of,
    row_in,
    row_out,
)
from camsim.kernels.jit import lane_function, row_function
from camsim.kernels.operation import Operation
from camsim.kernels.power import exp2, log2
from camsim.kernels.program import SETTING
from camsim.kernels.simd import (
    FloatVector,
    absolute,
    at,
    copy_bytes,
    greatest,
    integer,
    least,
    nearest,
    number,
    put,
    put_uint8,
    single,
    soon_written,
    spread,
    where_at_least,
    with_sign,
)

_ZERO, _ONE, _TINY, _FAINT = single(0), single(1), single(1e-37), single(-125)
_BYTE = single(255)
_LARGE = single(1e38)
_KNEE, _SLOPE = single(0.0031308), single(12.92)
_SCALE, _SHIFT, _EXPONENT = single(1.055), single(-0.055), single(1 / 2.4)

NONE, POWER, SRGB, NOT_NEGATIVE = 0, 1, 2, 3
"""How light is encoded; the last is a power of light that is known not to be negative."""


@lane_function
def encode(x: FloatVector, encoding: int, exponent: float) -> FloatVector:
    """Light to display values."""
    if encoding == NOT_NEGATIVE:
        # The exponent is at most 1, so nothing underflows; black becomes 1e-37^exponent: 0 in effect.
        return exp2(log2(greatest(x, spread(_TINY))) * exponent)
    if encoding == POWER:
        size = greatest(absolute(x), spread(_TINY))
        return with_sign(exp2(greatest(log2(size) * exponent, spread(_FAINT))), x)
    if encoding == SRGB:
        curve = _SCALE * exp2(log2(greatest(x, spread(_KNEE))) * _EXPONENT) + _SHIFT
        return where_at_least(x, spread(_KNEE), curve, _SLOPE * x)
    return x


@lane_function
def loop(
    plane: int,
    filtered: int,
    luma: int,
    encoding: int,
    coefficients: int,
    clips_after: bool,
    as_bytes: bool,
    out: int,
    next_out: int,
    first: int,
    last: int,
) -> None:
    """See `tone`; merged into it once for each combination that is common, with its constants."""
    low, high = spread(number(coefficients, 0)), spread(number(coefficients, 1))
    low_after, high_after = spread(number(coefficients, 2)), spread(number(coefficients, 3))
    exponent = number(coefficients, 4)
    for x in range(first, last, 16):
        value = at(plane, x) + (at(filtered, x) - at(luma, x))
        value = encode(least(greatest(value, low), high), encoding, exponent)
        if clips_after:
            value = least(greatest(value, low_after), high_after)
        if as_bytes:
            soon_written(next_out, x)
            put_uint8(out, x, nearest(least(greatest(value, spread(_ZERO)), spread(_ONE)) * _BYTE))
        else:
            soon_written(next_out, 4 * x)
            put(out, x, value)


@row_function
def encoded_row(
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

    The coefficients are low and high before, low and high after, and the exponent of a power. ``filtered == luma``
    leaves the luma as it is. Bytes are true roundings of 255 times the values limited to [0, 1]. ``next_out`` is
    where the row after this one will be written.
    """
    after = number(coefficients, 2) > -_LARGE or number(coefficients, 3) < _LARGE
    not_negative = number(coefficients, 0) >= _ZERO and number(coefficients, 4) <= _ONE
    if encoding == POWER and not_negative and not after:
        if as_bytes:
            loop(plane, filtered, luma, NOT_NEGATIVE, coefficients, False, True, out, next_out, first, last)
        else:
            loop(plane, filtered, luma, NOT_NEGATIVE, coefficients, False, False, out, next_out, first, last)
    elif encoding == SRGB and not after:
        if as_bytes:
            loop(plane, filtered, luma, SRGB, coefficients, False, True, out, next_out, first, last)
        else:
            loop(plane, filtered, luma, SRGB, coefficients, False, False, out, next_out, first, last)
    else:
        loop(plane, filtered, luma, encoding, coefficients, True, as_bytes, out, next_out, first, last)


@Operation
def tone(op: int, frame: int, y: int, first: int, last: int) -> None:
    """See `encoded_row`, for three planes; inputs red, green, blue, filtered luma, luma."""
    filtered, luma, numbers = row_in(op, frame, 3, y), row_in(op, frame, 4, y), coefficients_of(op, frame)
    for color in range(3):
        plane, out = row_in(op, frame, color, y), row_out(op, frame, color, y)
        encoded_row(plane, filtered, luma, integer(op, SETTING), numbers, False, out, out, first, last)


@Operation
def store(op: int, frame: int, y: int, first: int, last: int) -> None:
    """As `tone`, into the image that the second setting names; nothing is written beyond the tile."""
    filtered, luma, numbers = row_in(op, frame, 3, y), row_in(op, frame, 4, y), coefficients_of(op, frame)
    width, height, w = integer(frame, WIDTH), integer(frame, HEIGHT), integer(frame, TILE_COLUMNS)
    encoding, as_bytes = integer(op, SETTING), integer(frame, AS_BYTES) == 1
    image = integer(integer(frame, IMAGES), integer(op, SETTING + 1))
    size = 1 if as_bytes else 4
    whole = w // 16 * 16
    for color in range(3):
        plane = row_in(op, frame, color, y)
        out = image + size * (((integer(frame, IMAGE) * 3 + color) * height + y) * width + integer(frame, LEFT))
        # The last vector ends where the tile does, and says again what the one before said.
        pieces = 1 if whole == w else 2
        for piece in range(pieces):
            begin = 0 if piece == 0 else w - 16
            end = whole if piece == 0 else w
            if w >= 16:
                encoded_row(plane, filtered, luma, encoding, numbers, as_bytes, out, out + size * width, begin, end)
        if w < 16:
            spare = integer(frame, SPARE)
            encoded_row(plane, filtered, luma, encoding, numbers, as_bytes, spare, spare, 0, 16)
            copy_bytes(spare, out, size * w)
