"""Measure the dark current: how the dark grows with the exposure time."""

from __future__ import annotations

import numpy as np

from camsim.validation.bench import Bench
from camsim.validation.expected import Expected
from camsim.validation.report import Quantity

_TIMES = 6
_FRAMES = 8
_LONGEST = 3600.0
"""s"""
TOLERANCE = 5.0
"""%"""


def dark_current(bench: Bench, implied: Expected, gain: float) -> Quantity:
    """Slope of the mean dark signal over the exposure time, at the profile's temperature.

    The times are evenly spaced, up to one at which the dark stands clear of its noise, an hour at most. The sensor has
    a dark current.
    """
    time = bench.sensor.exposure_time or 0.0
    rate = implied.dark_electrons / time if time else 0.0
    name, unit = "dark current", "e-/s"
    if rate == 0:
        return Quantity(name, unit, rate, None, None, "%", TOLERANCE, "none at this exposure time and temperature")
    clear = min(implied.full / 3, 100 + 20 * implied.dark_noise)
    longest = min(clear / rate, _LONGEST)
    times = np.linspace(0, longest, _TIMES)
    means = [
        bench.with_sensor({"exposure_time": float(seconds)}).frames(0.0, _FRAMES, f"dark {seconds!r} s")
        for seconds in times
    ]
    slope = np.polynomial.polynomial.polyfit(times, [frames.mean() for frames in means], 1)[1] / gain
    sensor = bench.sensor
    lines = np.hypot(sensor.row_noise or 0, sensor.column_noise or 0) / np.sqrt(_FRAMES * bench.size)
    error = np.hypot(lines, implied.dark_noise / np.sqrt(_FRAMES * bench.size**2)) / (longest / 2)
    if 3 * error > TOLERANCE / 100 * rate:
        note = f"too small: {longest:g} s collect {rate * longest:.2g} e-"
        return Quantity(name, unit, rate, None, None, "%", TOLERANCE, note)
    return Quantity(name, unit, rate, float(slope), float(100 * (slope / rate - 1)), "%", TOLERANCE)
