"""Measured against stated: the tolerances, and what cannot be measured."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from camsim.calibrate import Linearity, Nonuniformity, Sensitivity, dsnu, prnu
from camsim.calibrate.photon_transfer import LEAST_DARK_VARIANCE
from camsim.sensor import Sensor
from camsim.spec import four_sites
from camsim.validation.bent import Bent
from camsim.validation.expected import Expected, dark_noise_as_measured
from camsim.validation.report import Level, Quantity, Scale

GAIN, DARK_NOISE, LINEARITY, DECIBEL, PATTERN = 1.0, 2.0, 0.2, 0.3, 5.0
"""Tolerances: % but for the decibel."""
_BIAS = 0.5
"""Share of a tolerance that the method's own error may take, by exact calculation; beyond, nothing can be measured."""
_ERRORS = 4.0
"""Standard errors within which nothing counts as nothing."""


def photon_quantities(
    sensor: Sensor,
    implied: Expected,
    found: Sensitivity,
    line: Linearity,
    levels: Sequence[Level],
    bend: Bent,
) -> list[Quantity]:
    """Gain, exposure, linearity, saturation and signal-to-noise ratio.

    Where the ADC is bent, by as much as the same evaluation finds in exact numbers: the method knows straight lines.
    """
    exposure = sensor.exposure or 0.0
    saturation = implied.saturation * bend.efficiency
    note = (
        "" if sensor.adc_nonlinearity is None else f"as found through the bent ADC; K itself is {sensor.gain:.4g} DN/e-"
    )
    return [
        _ratio("system gain K", "DN/e-", sensor.gain * bend.gain, found.system_gain, GAIN, note),
        _ratio("exposure", "e-", exposure * bend.efficiency, exposure * found.quantum_efficiency, GAIN),
        Quantity(
            "linearity error", "%", bend.linearity, line.error, line.error - bend.linearity, "absolute", LINEARITY
        ),
        _decibel("saturation", "e-", saturation, found.saturation),
        _decibel("SNR at saturation", "dB", np.sqrt(saturation), found.largest_snr, shown=True),
        _snr(sensor, implied, line, levels, bend),
    ]


def _snr(sensor: Sensor, implied: Expected, line: Linearity, levels: Sequence[Level], bend: Bent) -> Quantity:
    """The largest deviation of the measured ratio from the formula, over the levels of the linear range."""
    deviations = []
    factors = np.broadcast_to(bend.snr, len(levels) - 1)
    for level, factor in list(zip(levels[1:], factors, strict=True))[line.first : line.last + 1]:
        noise = implied.dark_noise**2 + implied.rounding / sensor.gain**2 + level.electrons
        measured = (level.mean - levels[0].mean) / np.sqrt(level.variance)
        deviations.append(20 * np.log10(measured / (factor * level.electrons / np.sqrt(noise))))
    worst = float(max(deviations, key=abs))
    return Quantity("SNR, worst level", "dB", 0.0, worst, worst, "absolute", DECIBEL)


def dark_quantities(sensor: Sensor, implied: Expected, found: Sensitivity, bend: Bent) -> list[Quantity]:
    """Dark noise and dynamic range.

    The dark variance is compared with that of exactly such noise after rounding, so that a sensor whose noise the ADC
    hides is checked all the same.
    """
    name, stated = "temporal dark noise", implied.dark_noise
    gain = sensor.gain * bend.gain
    measurable = dark_noise_as_measured(implied.dark_variance, gain)
    if stated > 0 and abs(measurable / stated - 1) <= _BIAS * DARK_NOISE / 100:
        noise = _ratio(name, "e-", stated, found.dark_noise, DARK_NOISE)
    else:
        noise = Quantity(name, "e-", stated, None, None, "%", DARK_NOISE, _why_hidden(sensor, implied, found))
    threshold = np.sqrt(max(implied.dark_variance, LEAST_DARK_VARIANCE)) / gain + 0.5
    return [
        noise,
        _dark_variance(implied, found),
        _decibel(
            "dynamic range", "dB", implied.saturation * bend.efficiency / threshold, found.dynamic_range, shown=True
        ),
    ]


def _why_hidden(sensor: Sensor, implied: Expected, found: Sensitivity) -> str:
    """Why the dark noise cannot be measured."""
    if sensor.adc_nonlinearity is not None:
        return "the bent ADC makes another number of it, and the dark variance below is held against that"
    if min(four_sites(sensor.black_level)) + 0.5 < 3 * sensor.gain * implied.dark_noise:
        return "the black level is so low that the ADC cuts off part of the noise"
    step = f"whose step is {1 / (sensor.gain / (sensor.digital_gain or 1)):.3g} e-"
    if found.dark_variance < LEAST_DARK_VARIANCE:
        return (
            f"hidden by the ADC, {step}: the frames vary by {found.dark_variance:.2g} DN^2, and less than "
            f"{LEAST_DARK_VARIANCE} DN^2 says nothing of noise; it may be {found.dark_noise:.3g} e- or less"
        )
    return f"blurred by the ADC, {step}: with 1/12 DN^2 for its rounding it would be {found.dark_noise:.3g} e-"


def _dark_variance(implied: Expected, found: Sensitivity) -> Quantity:
    """Within 4 % where there is enough of it; else within 0.005 DN^2."""
    name, unit = "dark variance", "DN^2"
    stated, measured = implied.dark_variance, found.dark_variance
    if stated * 2 * DARK_NOISE / 100 < 0.005:
        return Quantity(name, unit, stated, measured, measured - stated, "absolute", 0.005)
    return _ratio(name, unit, stated, measured, 2 * DARK_NOISE)


def spatial_quantities(
    sensor: Sensor,
    implied: Expected,
    found: Sensitivity,
    dark: Nonuniformity,
    half: Nonuniformity,
    size: int,
    bend: Bent,
) -> list[Quantity]:
    """DSNU and PRNU; where the profile states none, that none is found."""
    gain = found.system_gain
    if sensor.dsnu:
        seen = np.sqrt(implied.dark_spatial) / (sensor.gain * bend.gain)
        if abs(seen / sensor.dsnu - 1) <= _BIAS * PATTERN / 100:
            first = _ratio("DSNU1288", "e-", sensor.dsnu, dsnu(dark.total, gain), PATTERN)
        else:
            note = f"the ADC, whose step is {1 / sensor.gain:.3g} e-, makes it {seen:.3g} e-"
            first = Quantity("DSNU1288", "e-", sensor.dsnu, None, None, "%", PATTERN, note)
    else:
        limit = dsnu(_ERRORS * _error(dark, sensor, size), gain)
        first = _none("DSNU1288", "e-", dsnu(dark.total, gain), limit)
    if sensor.prnu:
        second = _ratio("PRNU1288", "%", sensor.prnu * bend.half_slope, prnu(half, dark), PATTERN)
    else:
        error = np.hypot(_error(dark, sensor, size), _error(half, sensor, size))
        limit = float(100 * np.sqrt(_ERRORS * error) / (half.mean - dark.mean))
        second = _none("PRNU1288", "%", prnu(half, dark), limit)
    return [first, second]


def _error(found: Nonuniformity, sensor: Sensor, size: int) -> float:
    """Standard error of a spatial variance that is zero in truth, DN^2: of the temporal noise left in the mean."""
    left = found.temporal / found.frames
    lines = [sensor.gain**2 * (sigma or 0) ** 2 / found.frames for sigma in (sensor.row_noise, sensor.column_noise)]
    return float(np.sqrt(2 * left**2 / size**2 + sum(2 * line**2 / size for line in lines)))


def _none(name: str, unit: str, measured: float, limit: float) -> Quantity:
    return Quantity(name, unit, 0.0, measured, measured, "absolute", limit, "the profile states none")


def _ratio(name: str, unit: str, stated: float, measured: float, tolerance: float, note: str = "") -> Quantity:
    return Quantity(name, unit, stated, measured, float(100 * (measured / stated - 1)), "%", tolerance, note)


def _decibel(name: str, unit: str, stated: float, measured: float, shown: bool = False) -> Quantity:
    """``shown``: the numbers themselves are told in dB."""
    apart = float(20 * np.log10(measured / stated))
    if shown:
        stated, measured = (float(20 * np.log10(value)) for value in (stated, measured))
    scale: Scale = "dB"
    return Quantity(name, unit, float(stated), float(measured), apart, scale, DECIBEL)
