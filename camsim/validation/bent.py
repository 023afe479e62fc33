"""What the method finds where the ADC is not linear: it takes a bend for gain, noise and nonlinearity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from camsim import calibrate
from camsim.sensor import Sensor
from camsim.spec import four_sites
from camsim.validation.converter import bent
from camsim.validation.expected import Expected, pedestal_rise


@dataclass(frozen=True)
class Bent:
    """Exact figures of the same evaluation, over those of a straight ADC."""

    gain: float
    """K."""
    efficiency: float
    """R / K: electrons found for each collected."""
    linearity: float
    """Largest deviation from the line, %."""
    snr: NDArray[np.float64]
    """(levels,) signal over noise."""
    half_slope: float
    """DN for each electron at half of full, over the signal there: PRNU."""


STRAIGHT = Bent(1.0, 1.0, 0.0, np.ones(1), 1.0)


def bent_figures(sensor: Sensor, implied: Expected, light: NDArray[np.float64], saturation: int) -> Bent:
    """Evaluate a series of levels without drawing noise, once as the ADC is and once as if it were straight.

    Args:
        sensor: resolved.
        implied: what follows from its numbers.
        light: (levels,) e-, rising, without the dark level.
        saturation: index of the saturation level.
    """
    if sensor.adc_nonlinearity is None:
        return STRAIGHT
    levels = np.concatenate([[0.0], light, [implied.full / 2]])
    found = [_series(sensor, implied, levels, bends) for bends in (True, False)]
    transfers = [
        calibrate.sensitivity(light, mean[1:-1], variance[1:-1], (float(mean[0]), float(variance[0])), saturation)
        for mean, variance in found
    ]
    lines = [calibrate.linearity(light, mean[1:-1] - mean[0], saturation) for mean, _ in found]
    snr = [(mean[1:-1] - mean[0]) / np.sqrt(variance[1:-1]) for mean, variance in found]
    slopes = [np.sqrt(variance[-1] - implied.rounding) for _, variance in found]
    signals = [mean[-1] - mean[0] for mean, _ in found]
    return Bent(
        gain=transfers[0].system_gain / transfers[1].system_gain,
        efficiency=transfers[0].quantum_efficiency / transfers[1].quantum_efficiency,
        linearity=lines[0].error,
        snr=snr[0] / snr[1],
        half_slope=float(slopes[0] / slopes[1] / (signals[0] / signals[1])),
    )


def _series(
    sensor: Sensor, implied: Expected, light: NDArray[np.float64], bends: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and temporal variance, DN, of levels of light that fill no pixel; of all sites together."""
    normal = np.linspace(-6, 6, 241)
    weights = np.exp(-(normal**2) / 2)
    weights /= weights.sum()
    analog, digital = sensor.system_gain * (sensor.analog_gain or 1.0), sensor.digital_gain or 1.0
    noise = np.sqrt(implied.dark_noise**2 + light)
    means, variances = [], []
    for black in four_sites(sensor.black_level):
        levels = analog * (implied.dark_electrons + light[:, None] + noise[:, None] * normal)
        levels = levels + black + pedestal_rise(sensor)
        if bends and sensor.adc_nonlinearity is not None:
            levels = bent(levels, sensor.adc_nonlinearity, sensor.bit_depth)
        dn = black + digital * (levels - black)
        means.append(dn @ weights)
        variances.append((dn**2) @ weights - (dn @ weights) ** 2 + implied.rounding)
    return np.mean(means, axis=0), np.mean(variances, axis=0)
