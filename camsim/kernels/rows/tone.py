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
    VECTORS,
    WIDTH,
    coefficients_of,
    row_in,
    row_out,
)
from camsim.kernels.jit import lane_function, row_function
from camsim.kernels.operation import Operation
from camsim.kernels.power import exp2, log2
from camsim.kernels.program import NO_LIMIT, POWER, SETTING, SRGB
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
_LARGE = single(NO_LIMIT / 2)
_KNEE, _SLOPE = single(0.0031308), single(12.92)
_SCALE, _SHIFT, _EXPONENT = single(1.055), single(-0.055), single(1 / 2.4)

NOT_NEGATIVE = 3
"""One more encoding: a power of light that is known not to be negative."""


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
def limits_at(coefficients: int) -> tuple[FloatVector, FloatVector, FloatVector, FloatVector]:
    """Low and high before the encoding, low and high after it."""
    return (
        spread(number(coefficients, 0)),
        spread(number(coefficients, 1)),
        spread(number(coefficients, 2)),
        spread(number(coefficients, 3)),
    )


@lane_function
def clips_after(coefficients: int) -> bool:
    """Whether the limits after the encoding do anything."""
    return number(coefficients, 2) > -_LARGE or number(coefficients, 3) < _LARGE


@lane_function
def loop(
    plane: int,
    filtered: int,
    luma: int,
    encoding: int,
    coefficients: int,
    clips: bool,
    out: int,
    next_out: int,
    first: int,
    last: int,
) -> None:
    """See `encoded_row`; merged into it once for each combination that is common, with its constants."""
    low, high, low_after, high_after = limits_at(coefficients)
    exponent = number(coefficients, 4)
    for x in range(first, last, 16):
        soon_written(next_out, 4 * x)
        value = at(plane, x) + (at(filtered, x) - at(luma, x))
        value = encode(least(greatest(value, low), high), encoding, exponent)
        put(out, x, least(greatest(value, low_after), high_after) if clips else value)


@row_function
def encoded_row(
    plane: int,
    filtered: int,
    luma: int,
    encoding: int,
    coefficients: int,
    out: int,
    next_out: int,
    first: int,
    last: int,
) -> None:
    """clip(encode(clip(plane + filtered - luma))) of one plane.

    The coefficients are low and high before, low and high after, and the exponent of a power. ``filtered == luma``
    leaves the luma as it is. ``next_out`` is where the row after this one will be written.
    """
    after = clips_after(coefficients)
    not_negative = number(coefficients, 0) >= _ZERO and number(coefficients, 4) <= _ONE
    if encoding == POWER and not_negative and not after:
        loop(plane, filtered, luma, NOT_NEGATIVE, coefficients, False, out, next_out, first, last)
    elif encoding == SRGB and not after:
        loop(plane, filtered, luma, SRGB, coefficients, False, out, next_out, first, last)
    else:
        loop(plane, filtered, luma, encoding, coefficients, True, out, next_out, first, last)


@row_function
def byte_row(row: int, out: int, next_out: int, last: int) -> None:
    """True 8-bit rounding of 255 times the values limited to [0, 1]."""
    for x in range(0, last, 16):
        soon_written(next_out, x)
        put_uint8(out, x, nearest(least(greatest(at(row, x), spread(_ZERO)), spread(_ONE)) * _BYTE))


@Operation
def tone(op: int, frame: int, y: int, first: int, last: int) -> None:
    """See `encoded_row`, for three planes; inputs red, green, blue, filtered luma, luma."""
    filtered, luma, numbers = row_in(op, frame, 3, y), row_in(op, frame, 4, y), coefficients_of(op, frame)
    for color in range(3):
        plane, out = row_in(op, frame, color, y), row_out(op, frame, color, y)
        encoded_row(plane, filtered, luma, integer(op, SETTING), numbers, out, out, first, last)


@Operation
def store(op: int, frame: int, y: int, first: int, last: int) -> None:
    """As `tone`, into the image that the second setting names; nothing is written beyond the tile."""
    filtered, luma, numbers = row_in(op, frame, 3, y), row_in(op, frame, 4, y), coefficients_of(op, frame)
    width, height, columns = integer(frame, WIDTH), integer(frame, HEIGHT), integer(frame, TILE_COLUMNS)
    image, encoding = integer(integer(frame, IMAGES), integer(op, SETTING + 1)), integer(op, SETTING)
    as_bytes, spare, few = integer(frame, AS_BYTES) == 1, integer(frame, SPARE), integer(frame, VECTORS)
    size = 1 if as_bytes else 4
    whole = columns // 16 * 16
    rest = columns - whole
    for color in range(3):
        plane = row_in(op, frame, color, y)
        out = image + size * (((integer(frame, IMAGE) * 3 + color) * height + y) * width + integer(frame, LEFT))
        if as_bytes:
            encoded_row(plane, filtered, luma, encoding, numbers, spare, spare, 0, columns)
            byte_row(spare, out, out + width, whole)
            if rest > 0:
                byte_row(spare + 4 * whole, few, few, 16)
                copy_bytes(few, out + whole, rest)
            continue
        encoded_row(plane, filtered, luma, encoding, numbers, out, out + 4 * width, 0, whole)
        if rest > 0:
            encoded_row(plane, filtered, luma, encoding, numbers, spare, spare, whole, columns)
            copy_bytes(spare + 4 * whole, out + 4 * whole, 4 * rest)
