"""What a laboratory would find if a sensor were exactly as its profile says: rounding and limits included."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from camsim.calibrate.photon_transfer import LEAST_DARK_VARIANCE, QUANTIZATION
from camsim.sensor import Sensor
from camsim.spec import four_sites
from camsim.validation.converter import bent, converter
from camsim.validation.noise import Noise


@dataclass(frozen=True)
class Expected:
    """Numbers of a resolved sensor that follow from its profile's."""

    dark_electrons: float
    """Of dark current, e-."""
    dark_noise: float
    """Temporal, without the ADC's rounding, e-."""
    dark_variance: float
    """Temporal, with it, DN^2."""
    dark_spatial: float
    """Spatial variance of the mean frame in the dark, within the sites of the CFA, DN^2."""
    saturation: float
    """Light at which the temporal variance is largest, e-."""
    full: float
    """Light that fills the well or reaches the ADC's largest DN, e-."""
    rounding: float
    """Variance that rounding adds in the light, DN^2."""


def expected(sensor: Sensor) -> Expected:
    """Work out what `Expected` says, by numerical integration over the noise."""
    dark = dark_electrons(sensor)
    blacks = np.array(four_sites(sensor.black_level)) + pedestal_rise(sensor)
    analog = sensor.system_gain * (sensor.analog_gain or 1.0)
    lines = np.hypot(sensor.row_noise or 0, sensor.column_noise or 0)
    readout = Noise(
        float(np.hypot(lines, (sensor.adc_noise or 0) / analog)), sensor.read_noise, sensor.read_noise_shape
    )
    noise = replace(readout, gaussian=float(np.hypot(readout.gaussian, np.sqrt(dark))))
    spread, weights = _normal(401)
    electronics, seen = converter(sensor), noise.scaled(analog)
    variances, spatials = [], []
    for site, black in enumerate(blacks):
        pixels = black + analog * (dark + (sensor.dsnu or 0) * spread)
        mean, variance = electronics.moments(pixels, seen, site)
        variances.append(variance @ weights)
        spatials.append((mean**2) @ weights - (mean @ weights) ** 2)
    limit = limit_electrons(sensor)
    full = min(sensor.full_well, limit)
    return Expected(
        dark_electrons=dark,
        dark_noise=noise.sigma,
        dark_variance=float(np.mean(variances)),
        dark_spatial=float(np.mean(spatials)),
        saturation=_brightest_noise(sensor, full, dark, readout.sigma),
        full=full,
        rounding=electronics.rounding if sensor.digital_gain else QUANTIZATION,
    )


def pedestal_rise(sensor: Sensor) -> float:
    """What warmth adds to the black level, DN."""
    drift = sensor.black_drift
    if drift is None or drift.per_kelvin is None or sensor.temperature is None or sensor.reference_temperature is None:
        return 0.0
    return drift.per_kelvin * (sensor.temperature - sensor.reference_temperature)


def limit_electrons(sensor: Sensor) -> float:
    """What reaches the largest DN that can leave the sensor, e-."""
    black = float(np.mean(four_sites(sensor.black_level)))
    analog = sensor.system_gain * (sensor.analog_gain or 1.0)
    return float((2**sensor.bit_depth - 1 - black) / sensor.gain - pedestal_rise(sensor) / analog)


def dark_electrons(sensor: Sensor) -> float:
    """Expected of dark current in one exposure, e-."""
    if sensor.dark_current is None or sensor.exposure_time is None:
        return 0.0
    collected = sensor.dark_current * sensor.exposure_time
    if sensor.temperature is None or sensor.reference_temperature is None or sensor.doubling is None:
        return collected
    return float(collected * 2 ** ((sensor.temperature - sensor.reference_temperature) / sensor.doubling))


def dark_noise_as_measured(variance: float, gain: float) -> float:
    """sigma_d of the standard from a dark variance in DN^2, e-."""
    return float(np.sqrt(max(variance, LEAST_DARK_VARIANCE) - QUANTIZATION) / gain)


def _brightest_noise(sensor: Sensor, full: float, dark: float, read: float) -> float:
    """Where the temporal variance is largest: photon noise grows with light until pixels begin to be full."""
    width = 12 * np.sqrt(full) + 6 * read + 0.01 * full * (sensor.prnu or 0) * 6
    light = np.linspace(max(full - width, 0.2 * full), full + width, 600)
    spread, weights = _normal(41)
    total = np.zeros_like(light)
    for offset, weight in zip(spread, weights, strict=True):
        total += weight * _variance(sensor, light * (1 + (sensor.prnu or 0) / 100 * offset) + dark, read)
    if sensor.adc_nonlinearity is not None:
        total *= _slope(sensor, light + dark, np.sqrt(light + dark + read**2)) ** 2
    return float(light[total.argmax()])


def _slope(sensor: Sensor, collected: NDArray[np.float64], noise: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of the bent ADC, over the width of the noise; 1 where it is straight."""
    if sensor.adc_nonlinearity is None:
        return np.ones_like(collected)
    analog = sensor.system_gain * (sensor.analog_gain or 1.0)
    middle = analog * collected + float(np.mean(four_sites(sensor.black_level))) + pedestal_rise(sensor)
    ends = [bent(middle + side * analog * noise, sensor.adc_nonlinearity, sensor.bit_depth) for side in (-1, 1)]
    slope: NDArray[np.float64] = (ends[1] - ends[0]) / (2 * analog * noise)
    return slope


def _variance(sensor: Sensor, collected: NDArray[np.float64], read: float) -> NDArray[np.float64]:
    """Temporal variance, e-^2, of pixels that collect so many e-; both limits, without rounding."""
    spread, weights = _normal(801)
    electrons = np.minimum(collected[:, None] + np.sqrt(collected)[:, None] * spread, sensor.full_well)
    limit = limit_electrons(sensor)
    if read == 0:
        value = np.minimum(electrons, limit)
        mean, square = value @ weights, (value**2) @ weights
    else:
        # Of a Gaussian cut off at the ADC's limit: closed forms, relative to that limit.
        z = (limit - electrons) / read
        density, share = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi), ndtr(z)
        below = -read * (z * share + density)
        mean = below @ weights
        square = (read**2 * ((z**2 + 1) * share + z * density)) @ weights
    variance: NDArray[np.float64] = square - mean**2
    return variance


def _normal(count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points and weights that stand for a standard normal distribution."""
    points = np.linspace(-6, 6, count)
    weights = np.exp(-(points**2) / 2)
    return points, weights / weights.sum()
