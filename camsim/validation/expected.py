"""What a laboratory would find if a sensor were exactly as its profile says: rounding and limits included."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from camsim.calibrate.photon_transfer import LEAST_DARK_VARIANCE, QUANTIZATION
from camsim.sensor import Sensor
from camsim.spec import four_sites

_REACH = 8.0
"""Standard deviations beyond which nothing is counted."""


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


def expected(sensor: Sensor) -> Expected:
    """Work out what `Expected` says, by numerical integration over Gaussian noise."""
    dark = dark_electrons(sensor)
    blacks = np.array(four_sites(sensor.black_level))
    top, gain = 2**sensor.bit_depth - 1, sensor.system_gain
    read = np.hypot(np.hypot(sensor.read_noise, sensor.row_noise or 0), sensor.column_noise or 0)
    noise = float(np.hypot(read, np.sqrt(dark)))
    spread, weights = _normal(401)
    pixels = blacks[:, None] + gain * (dark + (sensor.dsnu or 0) * spread)
    mean, variance = rounded(pixels, gain * noise, top)
    spatial = (mean**2) @ weights - (mean @ weights) ** 2
    full = min(sensor.full_well, float((top - blacks.mean()) / gain))
    return Expected(
        dark_electrons=dark,
        dark_noise=noise,
        dark_variance=float((variance @ weights).mean()),
        dark_spatial=float(spatial.mean()),
        saturation=_brightest_noise(sensor, full, dark, float(read)),
        full=full,
    )


def dark_electrons(sensor: Sensor) -> float:
    """Expected of dark current in one exposure, e-."""
    if sensor.dark_current is None or sensor.exposure_time is None:
        return 0.0
    collected = sensor.dark_current * sensor.exposure_time
    if sensor.temperature is None or sensor.reference_temperature is None or sensor.doubling is None:
        return collected
    return float(collected * 2 ** ((sensor.temperature - sensor.reference_temperature) / sensor.doubling))


def rounded(mean: NDArray[np.float64], sigma: float, top: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and variance of Gaussian numbers once they are whole DN from 0 to ``top``.

    Args:
        mean: of the numbers, any shape, DN.
        sigma: of the numbers, DN.
        top: largest DN.

    Returns:
        Mean, DN, and variance, DN^2: exact sums over the DN that occur. Sums over P(DN >= k) need no differences of
        nearly equal probabilities.
    """
    if sigma == 0:
        fixed = np.clip(np.rint(mean), 0, top)
        return fixed, np.zeros_like(fixed)
    low = int(np.clip(np.floor(mean.min() - _REACH * sigma), 0, top))
    high = int(np.clip(np.ceil(mean.max() + _REACH * sigma), 0, top))
    steps = np.arange(low + 1, high + 1)
    above = ndtr((mean[..., None] - (steps - 0.5)) / sigma)
    first = above.sum(-1)
    second = (above * (2 * (steps - low) - 1)).sum(-1)
    return low + first, second - first**2


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
    return float(light[total.argmax()])


def _variance(sensor: Sensor, collected: NDArray[np.float64], read: float) -> NDArray[np.float64]:
    """Temporal variance, e-^2, of pixels that collect so many e-; both limits, without rounding."""
    spread, weights = _normal(801)
    electrons = np.minimum(collected[:, None] + np.sqrt(collected)[:, None] * spread, sensor.full_well)
    limit = (2**sensor.bit_depth - 1 - np.mean(four_sites(sensor.black_level))) / sensor.system_gain
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
