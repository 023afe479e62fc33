"""What photodiodes hold at the end of an exposure."""

from __future__ import annotations

import numpy as np

from camsim.kernels.jit import row_function
from camsim.kernels.readings.plan import (
    DARK,
    DARK_MAP,
    DIODE_NUMBERS,
    DSNU,
    DSNU_MAP,
    NUMBERS,
    PRNU,
    PRNU_MAP,
    map_row,
)
from camsim.kernels.simd import LANES, at, integer, least, number, put, spread

ONE = np.float32(1)


@row_function
def expected_row(plan: int, light: int, diode: int, y: int, start: int, limit: int, vectors: int, charge: int) -> None:
    """The electrons that a photodiode is expected to collect, of light and of warmth."""
    numbers = integer(plan, NUMBERS)
    sensitivity = number(integer(plan, DIODE_NUMBERS), 2 * diode)
    prnu_map, dark_map = map_row(plan, PRNU_MAP, y), map_row(plan, DARK_MAP, y)
    prnu, dark = number(numbers, PRNU), spread(number(numbers, DARK))
    for place in range(0, vectors * LANES, LANES):
        x = min(start + place, limit)
        electrons = at(light, place) * sensitivity
        if prnu_map != 0:
            electrons = electrons * (spread(ONE) + prnu * at(prnu_map, x))
        put(charge, place, electrons + (at(dark_map, x) if dark_map != 0 else dark))


@row_function
def held_row(plan: int, diode: int, y: int, start: int, limit: int, vectors: int, charge: int) -> None:
    """What a photodiode holds at the end of the exposure of what it collected, and its dark signal, in its place."""
    well = spread(number(integer(plan, DIODE_NUMBERS), 2 * diode + 1))
    dsnu, dsnu_map = number(integer(plan, NUMBERS), DSNU), map_row(plan, DSNU_MAP, y)
    for place in range(0, vectors * LANES, LANES):
        held = least(at(charge, place), well)
        if dsnu_map != 0:
            held = held + dsnu * at(dsnu_map, min(start + place, limit))
        put(charge, place, held)
