"""Measure what EMVA 1288 has no figure for: hot pixels, stuck pixels and the drift of the black level."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from camsim.validation.bench import Bench
from camsim.validation.expected import Expected
from camsim.validation.report import Quantity

_FRAMES = 16
_ERRORS = 4.0
"""Standard errors within which a share or a deviation counts as the stated one."""
_LONGEST = 3600.0
"""s"""
_CLEAR = 12.0
"""Standard deviations of the mean dark frame above which a pixel counts as hot."""
_DRIFT_FRAMES = 512
_DRIFT_SIZE = 64


def without_defects(bench: Bench) -> Bench:
    """The bench with a sensor of good pixels alone, whose black level does not drift from frame to frame.

    What is left out is measured by itself: EMVA 1288 is about the other pixels, and its photon transfer takes the black
    level for steady.
    """
    sensor = bench.sensor
    changes: dict[str, object] = {}
    if sensor.hot_pixels is not None:
        changes["hot_pixels"] = sensor.hot_pixels.model_copy(update={"fraction": 0.0})
    if sensor.stuck_pixels is not None:
        changes["stuck_pixels"] = sensor.stuck_pixels.model_copy(update={"low": 0.0, "high": 0.0})
    if sensor.black_drift is not None and sensor.black_drift.sigma is not None:
        changes["black_drift"] = sensor.black_drift.model_copy(update={"sigma": 0.0})
    return bench.with_sensor(changes) if changes else bench


def defects(bench: Bench, implied: Expected) -> list[Quantity]:
    """One figure for each of these effects that the profile states."""
    sensor = bench.sensor
    found = []
    if sensor.hot_pixels is not None:
        found.append(_hot(bench, implied))
    if sensor.stuck_pixels is not None:
        found += _stuck(bench, implied)
    if sensor.black_drift is not None and sensor.black_drift.sigma is not None:
        found.append(_drift(bench))
    return found


def _hot(bench: Bench, implied: Expected) -> Quantity:
    """Share of pixels that are clearly brighter in the dark than the noise allows, over the share that should be."""
    name, sensor, given = "hot pixels", bench.sensor, bench.sensor.hot_pixels
    if given is None or sensor.exposure_time is None:
        raise ValueError("needs a sensor with hot pixels")
    growth = 1.0
    if sensor.temperature is not None and sensor.reference_temperature is not None and sensor.doubling is not None:
        growth = float(2 ** ((sensor.temperature - sensor.reference_temperature) / sensor.doubling))
    # As long as it takes for a typical one to show, unless the rest of the pixels fill up before.
    dark = implied.dark_electrons / sensor.exposure_time if sensor.exposure_time else 0.0
    wanted = implied.full / 4 / max(given.median * growth, 1e-12)
    longest = implied.full / 4 / dark if dark > 0 else _LONGEST
    seconds = min(max(wanted, 1e-6), longest, _LONGEST)
    warm = dark * seconds
    noise = np.sqrt((implied.dark_noise**2 - implied.dark_electrons + warm) / _FRAMES + (sensor.dsnu or 0) ** 2)
    step = 1 / sensor.gain
    clear = _CLEAR * np.hypot(noise, step)
    frames = bench.with_sensor({"exposure_time": seconds}).frames(0.0, _FRAMES, f"hot {seconds!r} s")
    mean = (frames.mean(0) - np.median(frames)) / sensor.gain
    rate = clear / (seconds * growth)
    ratio = np.log(rate / max(given.median, 1e-300))
    part = float(ndtr(-ratio / given.spread)) if given.spread > 0 else float(ratio < 0)
    stated = given.fraction * part
    return _share(name, stated, float((mean > clear).mean()), mean.size, f"of more than {rate:.3g} e-/s")


def _stuck(bench: Bench, implied: Expected) -> list[Quantity]:
    """Shares of pixels that give the same end of the range in the dark and in the light."""
    sensor, given = bench.sensor, bench.sensor.stuck_pixels
    if given is None:
        raise ValueError("needs a sensor with stuck pixels")
    top = 2**sensor.bit_depth - 1
    frames = np.concatenate([bench.frames(level, 4, "stuck") for level in (0.0, implied.full / 2)])
    return [
        _share("stuck pixels, low", given.low * (1 - given.high), float((frames == 0).all(0).mean()), frames[0].size),
        _share("stuck pixels, high", given.high, float((frames == top).all(0).mean()), frames[0].size),
    ]


def _share(name: str, stated: float, measured: float, pixels: int, note: str = "") -> Quantity:
    """Within four standard errors of counting, and one pixel."""
    limit = _ERRORS * np.sqrt(stated * (1 - stated) / pixels) + 1 / pixels
    return Quantity(name, "1", stated, measured, measured - stated, "absolute", float(limit), note)


def _drift(bench: Bench) -> Quantity:
    """Standard deviation of the mean of whole dark frames, less what the pixels' own noise makes of it."""
    sensor = bench.sensor
    stated = 0.0 if sensor.black_drift is None else (sensor.black_drift.sigma or 0.0) * (sensor.digital_gain or 1.0)
    frames = bench.with_size(_DRIFT_SIZE).frames(0.0, _DRIFT_FRAMES, "drift")
    # The mean of the middle half: hot and stuck pixels have no part in it, and unlike a median it is no whole DN.
    pixels = np.sort(frames.reshape(len(frames), -1), axis=1)
    count = pixels.shape[1]
    middle = pixels[:, count // 4 : -count // 4].mean(1)
    measured = float(middle.std(ddof=1))
    tolerance = 100 * _ERRORS / np.sqrt(2 * (_DRIFT_FRAMES - 1))
    name, note = "black drift", f"of {_DRIFT_FRAMES} frames"
    lines = np.hypot(sensor.row_noise or 0, sensor.column_noise or 0) / np.sqrt(_DRIFT_SIZE)
    own = sensor.gain * np.hypot(lines, 3 * sensor.read_noise / _DRIFT_SIZE)
    if stated < 5 * own or stated < 0.5:
        note = f"too small beside the noise of a frame of {_DRIFT_SIZE}x{_DRIFT_SIZE} px and the step of the ADC"
        return Quantity(name, "DN", stated, None, None, "%", tolerance, note)
    return Quantity(name, "DN", stated, measured, float(100 * (measured / stated - 1)), "%", tolerance, note)
