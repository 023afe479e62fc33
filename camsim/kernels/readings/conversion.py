"""From the charge of a photodiode to whole DN."""

from __future__ import annotations

from typing import Any

import numpy as np

from camsim.kernels.jit import lane_function, row_function
from camsim.kernels.readings.plan import (
    ADC,
    BLACK,
    COLUMN,
    COLUMN_NUMBERS,
    DIGITAL,
    GAIN,
    HAS_DIGITAL_GAIN,
    HEIGHT,
    NUMBERS,
    PEDESTALS,
    PITCH,
    READING_NUMBERS,
    ROW,
    ROW_NUMBERS,
    SAMPLES,
    STUCK_MAP,
    TOP,
    map_row,
    site,
)
from camsim.kernels.simd import LANES, at, greatest, integer, least, nearest, number, put, spread, where_at_least

ZERO = np.float32(0)


@lane_function
def whole_dn(dn: Any, top: Any) -> Any:
    """Rounded, and limited to [0, top]."""
    return nearest(least(greatest(dn, spread(ZERO)), top))


@row_function
def amplified_row(
    plan: int,
    reading: int,
    sample: int,
    y: int,
    start: int,
    limit: int,
    vectors: int,
    charge: int,
    normal: int,
    dn: int,
) -> None:
    """A reading's DN before its converter; ``normal``: standard normal numbers of its read noise, 0 without noise."""
    numbers = integer(plan, NUMBERS)
    own = integer(plan, READING_NUMBERS) + 12 * reading
    sigma, gain, system = number(own, 0), number(own, 1), number(numbers, GAIN)
    frame = reading * integer(plan, SAMPLES) + sample
    line, column = spread(ZERO), number(numbers, COLUMN)
    lines, columns = integer(plan, ROW_NUMBERS), integer(plan, COLUMN_NUMBERS)
    if lines != 0:
        line = spread(number(numbers, ROW) * number(lines, frame * integer(plan, HEIGHT) + y))
    if columns != 0:
        columns += 4 * frame * integer(plan, PITCH)
    pedestal = spread(ZERO)
    if integer(plan, PEDESTALS) != 0:
        pedestal = spread(number(integer(plan, PEDESTALS), sample))
    for place in range(0, vectors * LANES, LANES):
        x = min(start + place, limit)
        electrons = at(charge, place)
        if normal != 0:
            electrons = electrons + sigma * at(normal, place)
        electrons = electrons + line
        if columns != 0:
            electrons = electrons + column * at(columns, x)
        value = system * (electrons * gain) + at(site(plan, y, start + place), BLACK)
        put(dn, place, value + pedestal)


@row_function
def noisy_row(plan: int, vectors: int, normal: int, dn: int) -> None:
    """The noise of the converter, from standard normal numbers, added to what comes in."""
    noise = number(integer(plan, NUMBERS), ADC)
    for place in range(0, vectors * LANES, LANES):
        put(dn, place, at(dn, place) + noise * at(normal, place))


@row_function
def converted_row(plan: int, y: int, start: int, limit: int, vectors: int, dn: int) -> None:
    """The converter's whole DN in place of what comes in."""
    numbers = integer(plan, NUMBERS)
    top, digital = spread(number(numbers, TOP)), number(numbers, DIGITAL)
    stuck, has_digital_gain = map_row(plan, STUCK_MAP, y), integer(plan, HAS_DIGITAL_GAIN)
    for place in range(0, vectors * LANES, LANES):
        value = at(dn, place)
        value = whole_dn(value, top)
        if stuck != 0:
            fixed = at(stuck, min(start + place, limit))
            value = where_at_least(fixed, spread(ZERO), fixed, value)
        if has_digital_gain != 0:
            black = at(site(plan, y, start + place), BLACK)
            value = whole_dn(black + digital * (value - black), top)
        put(dn, place, value)
