"""The pass over rows: light in, digital numbers out; no gradient.

As in `camsim.kernels.capture` a row goes through in blocks of 256 pixels, each step over the whole block. What a sensor
does not have costs one question a block. Of a sensor with several readings, a reading is drawn only for blocks where
some pixel's value depends on it: random numbers come from a counter, so that leaving some out changes no other.
"""

from __future__ import annotations

import numpy as np

from camsim.kernels.capture import ROWS, light_row, put_uint16
from camsim.kernels.counter import words_row
from camsim.kernels.jit import entry_point, row_function
from camsim.kernels.noise import READ, SHOT
from camsim.kernels.normal import normal_row
from camsim.kernels.poisson import BLOCK, poisson_row
from camsim.kernels.readings.charge import expected_row, held_row
from camsim.kernels.readings.conversion import amplified_row, converted_row, noisy_row
from camsim.kernels.readings.merge import counts_everywhere, merge_row, written_row
from camsim.kernels.readings.nonlinearity import bent_row
from camsim.kernels.readings.plan import (
    CHARGES,
    COLUMNS,
    DIODES,
    EXPOSURE,
    FACTOR,
    HAS_ADC_NOISE,
    HAS_TAILS,
    HEIGHT,
    IS_BENT,
    IS_COLLECTING,
    KEYS,
    NUMBERS,
    OUT,
    OUT_IS_UINT16,
    PITCH,
    PLACES,
    READINGS,
    ROW_LIGHT,
    SAMPLES,
    SCENE,
    SHAPE,
    SIDE,
    SITE_VECTORS,
    SITES,
    TAIL_FACTOR,
    WIDTH,
    key_of,
)
from camsim.kernels.readings.tails import tukey_row
from camsim.kernels.simd import LANES, at, integer, number, put

F = np.float32
ONE = F(1)
_ROW = 4 * BLOCK


@row_function
def collected_row(
    plan: int,
    light: int,
    diode: int,
    sample: int,
    y: int,
    start: int,
    limit: int,
    vectors: int,
    words: int,
    normal: int,
    charge: int,
) -> None:
    """The electrons that a photodiode collects. Two rows of words; ``normal`` has room for five rows."""
    expected_row(plan, light, diode, y, start, limit, vectors, charge)
    if integer(plan, KEYS) != 0:
        index, key = y * integer(plan, WIDTH), key_of(plan, diode, sample)
        first, last = index + start, index + limit
        words_row(first, last, key, vectors, words, words + _ROW)
        poisson_row(charge, words, SHOT, first, last, key, vectors, normal)


@row_function
def read_row(
    plan: int,
    reading: int,
    sample: int,
    y: int,
    start: int,
    limit: int,
    vectors: int,
    charge: int,
    words: int,
    normal: int,
    dn: int,
) -> None:
    """A reading of a charge: whole DN. Two rows of words, of which the first reading's second is drawn already;
    ``normal`` has room for five rows."""
    index, noise, numbers = y * integer(plan, WIDTH), 0, integer(plan, NUMBERS)
    first, last = index + start, index + limit
    if integer(plan, KEYS) != 0:
        key, noise = key_of(plan, integer(plan, DIODES) + reading, sample), normal
        if reading > 0 or integer(plan, CHARGES) != 0:
            words_row(first, last, key, vectors, words, words + _ROW)
        if integer(plan, HAS_TAILS) != 0:
            shape, factor = number(numbers, SHAPE), number(numbers, TAIL_FACTOR)
            tukey_row(words + _ROW, READ, first, last, key, vectors, shape, factor, normal)
        else:
            normal_row(words + _ROW, READ, first, last, key, vectors, normal)
    amplified_row(plan, reading, sample, y, start, limit, vectors, charge, noise, dn)
    if integer(plan, KEYS) != 0 and integer(plan, HAS_ADC_NOISE) != 0:
        key = key_of(plan, integer(plan, DIODES) + integer(plan, READINGS) + reading, sample)
        words_row(first, last, key, vectors, words, words + _ROW)
        normal_row(words + _ROW, READ, first, last, key, vectors, normal)
        noisy_row(plan, vectors, normal, dn)
    if integer(plan, IS_BENT) != 0:
        bent_row(plan, vectors, dn)
    converted_row(plan, y, start, limit, vectors, dn)


@entry_point
def run(first: int, last: int, plan: int) -> None:
    """Run tiles [first, last), counted over samples and runs of 8 rows, the last fastest; ``plan``: see `SCENE`."""
    height, pitch, side = integer(plan, HEIGHT), integer(plan, PITCH), integer(plan, SIDE)
    diodes, readings = integer(plan, DIODES), integer(plan, READINGS)
    out, exposure = integer(plan, OUT), number(integer(plan, NUMBERS), EXPOSURE)
    factor = number(integer(plan, NUMBERS), FACTOR)
    rows = np.empty((8 + diodes + readings) * BLOCK + LANES, F)
    light = (rows.ctypes.data + 63) // 64 * 64  # a vector that lies across two cache lines takes twice as long
    words = light + _ROW
    normal = words + 2 * _ROW  # and four spare rows behind it
    charges = normal + 5 * _ROW
    dns = charges + _ROW * diodes
    plane, limit, tiles = height * pitch, pitch - LANES, (height + ROWS - 1) // ROWS
    for tile in range(first, last):
        sample = tile // tiles
        for y in range(tile % tiles * ROWS, min((tile % tiles + 1) * ROWS, height)):
            scene = integer(plan, SCENE) + 4 * (3 * sample * plane + y * pitch)
            sites = integer(plan, SITES) + 4 * LANES * SITE_VECTORS * side * (y % side)
            for start in range(0, pitch, BLOCK):
                vectors = (min(pitch - start, BLOCK) + LANES - 1) // LANES
                light_row(scene, plane, sites, integer(plan, COLUMNS), start, limit, vectors, light)
                line = ONE
                if integer(plan, ROW_LIGHT) != 0:
                    line = number(integer(plan, ROW_LIGHT), sample * height + y)
                for place in range(0, vectors * LANES, LANES):
                    put(light, place, exposure * at(light, place) * line)
                row = sample * plane + y * pitch
                if integer(plan, IS_COLLECTING) != 0:
                    for diode in range(diodes):
                        collected_row(plan, light, diode, sample, y, start, limit, vectors, words, normal, charges)
                        kept = integer(plan, CHARGES) + 4 * (diode * integer(plan, SAMPLES) * plane + row)
                        for place in range(0, vectors * LANES, LANES):
                            put(kept, min(start + place, limit), at(charges, place))
                    continue
                collected, drawn = 0, 0
                while drawn < readings:
                    diode = integer(integer(plan, PLACES), drawn)
                    charge, dn = charges + _ROW * diode, dns + _ROW * drawn
                    if collected >> diode & 1 == 0:
                        collected |= 1 << diode
                        if integer(plan, CHARGES) != 0:
                            kept = integer(plan, CHARGES) + 4 * (diode * integer(plan, SAMPLES) * plane + row)
                            for place in range(0, vectors * LANES, LANES):
                                put(charge, place, at(kept, min(start + place, limit)))
                        else:
                            collected_row(plan, light, diode, sample, y, start, limit, vectors, words, normal, charge)
                        held_row(plan, diode, y, start, limit, vectors, charge)
                    read_row(plan, drawn, sample, y, start, limit, vectors, charge, words, normal, dn)
                    drawn += 1
                    if drawn < readings and counts_everywhere(plan, y, start, vectors, dn):
                        break
                if readings > 1:
                    merge_row(plan, drawn, y, start, vectors, dns)
                    written_row(plan, vectors, dns)
                for place in range(0, vectors * LANES, LANES):
                    x = min(start + place, limit)
                    result = at(dns, place) * factor
                    if integer(plan, OUT_IS_UINT16) != 0:
                        put_uint16(out, row + x, result)
                    else:
                        put(out, row + x, result)
    rows[0] = 0  # numba frees an array after its last use, and an address is none: this is the last
