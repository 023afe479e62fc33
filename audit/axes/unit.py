"""Other units of the same device: made alike, but not the same."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.random import Generator, Philox
from numpy.typing import NDArray

from audit.axes.axis import Axis
from audit.axes.name import Point
from audit.axes.turn import turned
from camsim import Profile
from camsim.errors import CamsimError
from camsim.profile import Provenance
from camsim.sensor import noise_key
from camsim.spec import Range

COUNT = 6
MOST = 10**6

SPREADS = {
    "black_level": Range(relative=0.02),
    "white_balance.gains": Range(relative=0.03),
    "color_matrix.matrix": Range(absolute=0.02),
}
"""How far units are assumed to differ, evenly spread. Makers do not publish it."""
SOURCE = "widths of 2 % (pedestal), 3 % (gains), 0.02 (matrix) are assumed, or the profile's own where that is tighter"


def at_unit(profile: Profile, unit: float, seed: int = 0) -> Profile:
    """Another unit: pedestal, colour and the patterns of its pixels are drawn anew.

    Each number depends on (seed, device, unit, knob) alone. The sensor's pedestal is drawn once for all sites, while
    the ISP takes off the usual one; of the white balance, red and blue are drawn; rows of the colour matrix keep their
    sums, so that grey errs by the gains alone. The patterns of PRNU and DSNU, and the hot and stuck
    pixels, are those of another ``sensor.unit``, where the profile states any. Unit 0 is the device itself.

    Raises:
        CamsimError: not a whole number, or nothing of this device is known to vary.
    """
    point = Point(profile.name, UNIT.key, unit)
    if unit != int(unit) or not 0 <= unit <= MOST:
        raise CamsimError(f"{point}: a unit is a whole number from 0 to {MOST}")
    half_widths = dict(_half_widths(profile))
    patterned = profile.sensor.has_pattern
    if not half_widths and not patterned:
        raise CamsimError(
            f"{point}: nothing of this device is known to vary from unit to unit: no pedestal, no fixed gains or "
            "matrix, no PRNU, DSNU, hot or stuck pixels"
        )
    if unit == 0:
        return turned(profile, point, "unit 0", knobs={}, sources={})
    values = {name: knob.value for name, knob in profile.knobs().items()}
    drawn = {
        name: (values[name] + _move(name, half, noise_key(seed, f"{profile.name}|{unit:g}", f"unit {name}"))).tolist()
        for name, half in half_widths.items()
    }
    source = f"drawn for unit {unit:g} of {profile.name} with seed {seed}; {SOURCE}"
    sources = {name: Provenance(source=source, status="assumed") for name in drawn}
    sensor = {}
    if patterned:
        sensor["unit"] = (profile.sensor.unit or 0) + int(unit)
        sources["sensor.unit"] = Provenance(source=f"unit {unit:g} after that of {profile.name}", status="assumed")
    return turned(profile, point, f"unit {unit:g}", knobs=drawn, sensor=sensor, sources=sources)


def _half_widths(profile: Profile) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Each knob that varies, with how far each of its numbers may go to either side."""
    kinds = {f"isp.{name}": stage.kind for name, stage in zip(profile.stage_names(), profile.isp, strict=True)}
    knobs = profile.knobs()
    for name, (low, high) in profile.ranges().items():
        part, _, field = name.rpartition(".")
        spread = SPREADS.get(field if part == "sensor" else f"{kinds.get(part)}.{field}")
        if spread is None:
            continue
        value = knobs[name].value
        assumed_low, assumed_high = spread.around(value)
        half = np.minimum(np.minimum(high, assumed_high) - value, value - np.maximum(low, assumed_low))
        if half.max() > 0:
            yield name, half


def _move(name: str, half: NDArray[np.float64], key: int) -> NDArray[np.float64]:
    generator = Generator(Philox(key=key))
    if name == "sensor.black_level":
        return np.multiply(half, generator.uniform(-1, 1))
    move: NDArray[np.float64] = generator.uniform(-1, 1, half.shape) * half
    if half.ndim == 1:
        move[1] = 0
    else:
        move -= move.mean(axis=-1, keepdims=True)
        move *= 0.75  # without its mean, an entry could go 4/3 as far as it may
    return move


UNIT = Axis(
    key="unit",
    title="Unit of the same device",
    unit="",
    meaning=(
        "Other units, drawn at random: pedestal within 2 %, red and blue gains of the white balance within 3 %, "
        "entries of the colour matrix within 0.02, and other patterns of the pixels where the profile states PRNU or "
        "DSNU. The widths are assumed; the profile's own range is taken where it is tighter."
    ),
    ladder=lambda profile: tuple(float(unit) for unit in range(1, COUNT + 1)),
    own=lambda profile: 0.0,
    at=at_unit,
    ordered=False,
)
