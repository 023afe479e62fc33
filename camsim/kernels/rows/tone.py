"""The end of a chain: luma change, clip, encoding, clip, and the form that leaves."""

from __future__ import annotations

from camsim.kernels.frame import (
    AS_BYTES,
    HEIGHT,
    IMAGE,
    IMAGES,
    LEFT,
    TILE_COLUMNS,
    VECTORS,
    WIDTH,
    coefficients_of,
    row_in,
    row_out,
    spare_rows,
)
from camsim.kernels.jit import lane_function, row_function
from camsim.kernels.operation import Operation
from camsim.kernels.power import Three, exp2_of_three, log2_of_three, times
from camsim.kernels.program import NO_LIMIT, NONE, POWER, SETTING, SRGB
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

Rows = tuple[int, int, int]
"""Of red, green and blue."""


@lane_function
def at_least(x: Three, low: FloatVector) -> Three:
    """The larger of each and the same limit."""
    return greatest(x[0], low), greatest(x[1], low), greatest(x[2], low)


@lane_function
def clipped(x: Three, low: FloatVector, high: FloatVector) -> Three:
    """Each between the same limits."""
    return least(greatest(x[0], low), high), least(greatest(x[1], low), high), least(greatest(x[2], low), high)


@lane_function
def srgb_of(x: FloatVector, power: FloatVector) -> FloatVector:
    """The curve from x and x^(1/2.4)."""
    return where_at_least(x, spread(_KNEE), _SCALE * power + _SHIFT, _SLOPE * x)


@lane_function
def exponents(x: Three, encoding: int, exponent: float) -> Three:
    """What 2 is raised to for the encoding."""
    if encoding == NOT_NEGATIVE:
        # The exponent is at most 1, so nothing underflows; black becomes 1e-37^exponent: 0 in effect.
        return times(log2_of_three(at_least(x, spread(_TINY))), exponent)
    if encoding == POWER:
        sizes = at_least((absolute(x[0]), absolute(x[1]), absolute(x[2])), spread(_TINY))
        return at_least(times(log2_of_three(sizes), exponent), spread(_FAINT))
    return times(log2_of_three(at_least(x, spread(_KNEE))), _EXPONENT)


@lane_function
def encode(x: Three, encoding: int, powers: Three) -> Three:
    """Light to display values, given 2 raised to its `exponents`."""
    if encoding == POWER:
        return with_sign(powers[0], x[0]), with_sign(powers[1], x[1]), with_sign(powers[2], x[2])
    if encoding == SRGB:
        return srgb_of(x[0], powers[0]), srgb_of(x[1], powers[1]), srgb_of(x[2], powers[2])
    return powers


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
def changed(planes: Rows, filtered: int, luma: int, x: int) -> Three:
    """Three planes with the change of the luma."""
    change = at(filtered, x) - at(luma, x)
    return at(planes[0], x) + change, at(planes[1], x) + change, at(planes[2], x) + change


@lane_function
def three_at(rows: Rows, x: int) -> Three:
    """A vector of each row."""
    return at(rows[0], x), at(rows[1], x), at(rows[2], x)


@lane_function
def put_three(rows: Rows, x: int, values: Three) -> None:
    """A vector into each row."""
    put(rows[0], x, values[0])
    put(rows[1], x, values[1])
    put(rows[2], x, values[2])


@lane_function
def loop(
    planes: Rows,
    filtered: int,
    luma: int,
    encoding: int,
    coefficients: int,
    clips: bool,
    scratch: Rows,
    out: Rows,
    ahead: int,
    first: int,
    last: int,
) -> None:
    """See `encoded_rows`; merged into it once for each combination that is common, with its constants.

    Logarithms of the whole row come first: a vector that waits for both polynomials in turn fills what the processor
    can look ahead.
    """
    low, high, low_after, high_after = limits_at(coefficients)
    exponent = number(coefficients, 4)
    if encoding != NONE:
        for x in range(first, last, 16):
            light = clipped(changed(planes, filtered, luma, x), low, high)
            put_three(scratch, x, exponents(light, encoding, exponent))
    for x in range(first, last, 16):
        soon_written(out[0], 4 * x + ahead)
        soon_written(out[1], 4 * x + ahead)
        soon_written(out[2], 4 * x + ahead)
        value = clipped(changed(planes, filtered, luma, x), low, high)
        if encoding != NONE:
            value = encode(value, encoding, exp2_of_three(three_at(scratch, x)))
        put_three(out, x, clipped(value, low_after, high_after) if clips else value)


@row_function
def encoded_rows(
    planes: Rows,
    filtered: int,
    luma: int,
    encoding: int,
    coefficients: int,
    scratch: Rows,
    out: Rows,
    ahead: int,
    first: int,
    last: int,
) -> None:
    """clip(encode(clip(plane + filtered - luma))) of three planes.

    The coefficients are low and high before, low and high after, and the exponent of a power. ``filtered == luma``
    leaves the luma as it is. ``scratch`` is for use meanwhile, and may be ``out``; the rows after these will be written
    ``ahead`` bytes further.
    """
    after = clips_after(coefficients)
    not_negative = number(coefficients, 0) >= _ZERO and number(coefficients, 4) <= _ONE
    if encoding == POWER and not_negative and not after:
        loop(planes, filtered, luma, NOT_NEGATIVE, coefficients, False, scratch, out, ahead, first, last)
    elif encoding == SRGB and not after:
        loop(planes, filtered, luma, SRGB, coefficients, False, scratch, out, ahead, first, last)
    else:
        loop(planes, filtered, luma, encoding, coefficients, True, scratch, out, ahead, first, last)


@row_function
def byte_row(row: int, out: int, next_out: int, last: int) -> None:
    """True 8-bit rounding of 255 times the values limited to [0, 1]."""
    for x in range(0, last, 16):
        soon_written(next_out, x)
        put_uint8(out, x, nearest(least(greatest(at(row, x), spread(_ZERO)), spread(_ONE)) * _BYTE))


@lane_function
def colors_in(op: int, frame: int, y: int) -> Rows:
    """The rows of red, green and blue."""
    return row_in(op, frame, 0, y), row_in(op, frame, 1, y), row_in(op, frame, 2, y)


@Operation
def tone(op: int, frame: int, y: int, first: int, last: int) -> None:
    """See `encoded_rows`; inputs red, green, blue, filtered luma, luma."""
    filtered, luma, numbers = row_in(op, frame, 3, y), row_in(op, frame, 4, y), coefficients_of(op, frame)
    out = row_out(op, frame, 0, y), row_out(op, frame, 1, y), row_out(op, frame, 2, y)
    encoded_rows(colors_in(op, frame, y), filtered, luma, integer(op, SETTING), numbers, out, out, 0, first, last)


@Operation
def store(op: int, frame: int, y: int, first: int, last: int) -> None:
    """As `tone`, into the image that the second setting names; nothing is written beyond the tile."""
    planes, filtered, luma = colors_in(op, frame, y), row_in(op, frame, 3, y), row_in(op, frame, 4, y)
    width, height, columns = integer(frame, WIDTH), integer(frame, HEIGHT), integer(frame, TILE_COLUMNS)
    image, encoding = integer(integer(frame, IMAGES), integer(op, SETTING + 1)), integer(op, SETTING)
    numbers, spare, few = coefficients_of(op, frame), spare_rows(frame), integer(frame, VECTORS)
    as_bytes = integer(frame, AS_BYTES) == 1
    size = 1 if as_bytes else 4
    row = image + size * ((integer(frame, IMAGE) * 3 * height + y) * width + integer(frame, LEFT))
    step = size * height * width
    whole = columns // 16 * 16
    rest = columns - whole
    if as_bytes:
        encoded_rows(planes, filtered, luma, encoding, numbers, spare, spare, 0, 0, columns)
        for color in range(3):
            bytes_out = row + color * step
            byte_row(spare[color], bytes_out, bytes_out + width, whole)
            if rest > 0:
                byte_row(spare[color] + 4 * whole, few, few, 16)
                copy_bytes(few, bytes_out + whole, rest)
        return
    out = row, row + step, row + 2 * step
    encoded_rows(planes, filtered, luma, encoding, numbers, spare, out, 4 * width, 0, whole)
    if rest > 0:
        encoded_rows(planes, filtered, luma, encoding, numbers, spare, spare, 0, whole, columns)
        for color in range(3):
            copy_bytes(spare[color] + 4 * whole, out[color] + 4 * whole, 4 * rest)
