"""What the pass is given: one list of int64, most of them addresses, and how its functions read it."""

from __future__ import annotations

import numpy as np

from camsim.kernels.jit import row_function
from camsim.kernels.simd import LANES, integer

SCENE, OUT, OUT_IS_UINT16, SAMPLES, HEIGHT, PITCH, WIDTH, SIDE, SITES, COLUMNS, NUMBERS = range(11)
KEYS, DIODES, DIODE_NUMBERS, READINGS, READING_NUMBERS, PLACES, KNEES, KNEE_NUMBERS = range(11, 19)
PRNU_MAP, DARK_MAP, DSNU_MAP, STUCK_MAP, ROW_NUMBERS, COLUMN_NUMBERS, PEDESTALS = range(19, 26)
HAS_ADC_NOISE, HAS_DIGITAL_GAIN, IS_BLENDED, HAS_TAILS, IS_BENT, STEPS, ROW_LIGHT = range(26, 33)
CHARGES, IS_COLLECTING = range(33, 35)
PLAN = 35
"""Places in the plan, int64; what is an address is 0 where there is no such thing.

SCENE (samples, 3, height, pitch) float32, pitch >= 16; pixels beyond the width are room, and mean nothing.
OUT (samples, height, pitch) float32 or uint16 DN.
SIDE, SITES, COLUMNS: as in `camsim.kernels.capture.run`, with six vectors a site: three weights, black level, and of
    sensors with several readings the DN up to which one is trusted and those over which it gives way to the next.
KEYS: (diodes + 2 readings, samples) uint64, of each photodiode's charge, each reading, and each reading's ADC; 0: no
    noise.
DIODE_NUMBERS (diodes, 2): sensitivity, full well in e-.
READING_NUMBERS (readings, 3): read noise in e- rms; gain over that of the first reading; DN for the same light over
    those of the first.
PLACES (readings,) int64, the photodiode of each; the first is of the first.
KNEES, KNEE_NUMBERS (knees, 3): where a piece of the companding begins, its value there, its slope.
PRNU_MAP, DSNU_MAP (height, pitch) standard normal; DARK_MAP e- of warmth; STUCK_MAP DN of what is stuck, else below 0.
ROW_NUMBERS (readings, samples, height), COLUMN_NUMBERS (readings, samples, pitch) standard normal.
PEDESTALS (samples,) DN.
STEPS: (largest DN + 2,) how far the threshold below each code is moved, standard normal.
ROW_LIGHT (samples, height): what the light of each row is multiplied by.
CHARGES (diodes, samples, height, pitch) e-: where charge runs over from pixel to pixel, one pass collects them here
    (IS_COLLECTING), and the next reads them from here.
"""
EXPOSURE, PRNU, DARK, DSNU, ROW, COLUMN, ADC, GAIN, TOP, DIGITAL, TOP_CODE, TOP_WORD, FACTOR = range(13)
SHAPE, TAIL_FACTOR, BOW, S_BEND, RIPPLE, PERIODS, DNL = range(13, 20)
MORE_NUMBERS = 20
"""Places in the list of numbers, float32: e-, 1, e-, e-, e-, e-, DN, DN/e-, largest DN of the ADC, 1, largest DN of
the merged code and of the companded one, justification; Tukey's lambda and what makes its deviation 1; and of the
converter's bends the factors of 4 x (1 - x), of x (1 - x) (1 - 2 x) and of the sine, its periods, and that of STEPS."""
SITE_VECTORS = 6
BLACK, TRUSTED, BLEND = 3 * LANES, 4 * LANES, 5 * LANES
"""Places of a site's vectors."""


@row_function
def site(plan: int, y: int, place: int) -> int:
    """Address of the vectors of the sites of a vector's pixels."""
    side = integer(plan, SIDE)
    row = integer(plan, SITES) + 4 * LANES * SITE_VECTORS * side * (y % side)
    return row + integer(integer(plan, COLUMNS), place // LANES)


@row_function
def key_of(plan: int, draw: int, sample: int) -> np.uint64:
    """The key of a draw; see KEYS."""
    return np.uint64(integer(integer(plan, KEYS), draw * integer(plan, SAMPLES) + sample))


@row_function
def map_row(plan: int, which: int, y: int) -> int:
    """Address of a map's row; 0: there is no such map."""
    address = integer(plan, which)
    return address + 4 * integer(plan, PITCH) * y if address != 0 else 0
