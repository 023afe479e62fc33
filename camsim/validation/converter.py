"""The electronics behind the amplifier: which DN an analogue level becomes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from camsim.sensor import AdcNonlinearity, Sensor, bend, step_table, uneven_steps
from camsim.spec import four_sites
from camsim.validation.noise import Noise

_FINE = 16
"""Points for each DN, between which a bent ADC is taken for straight."""


@dataclass(frozen=True)
class Converter:
    """Levels are in DN at the native bit depth, before rounding."""

    thresholds: NDArray[np.float64]
    """(codes - 1,) the level from which on each code is given, from code 1 on; rising."""
    values: NDArray[np.float64]
    """(4, codes) the DN that leaves the sensor for each code, for each site of the CFA."""

    def moments(
        self, levels: NDArray[np.float64], noise: Noise, site: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and variance of what leaves the sensor, for noisy levels.

        Args:
            levels: any shape.
            noise: of the levels, DN.
            site: of the CFA.

        Returns:
            Mean, DN, and variance, DN^2: exact sums over the codes that occur. Sums over P(code >= k) need no
            differences of nearly equal probabilities.
        """
        values = self.values[site]
        if noise.sigma == 0:
            fixed = values[np.searchsorted(self.thresholds, levels, side="right")]
            return fixed, np.zeros_like(fixed)
        low = int(np.searchsorted(self.thresholds, levels.min() - noise.reach))
        high = int(np.searchsorted(self.thresholds, levels.max() + noise.reach))
        above = noise.at_most(levels[..., None] - self.thresholds[low:high])
        relative = values[low : high + 1] - values[low]
        first = above @ np.diff(relative)
        return values[low] + first, above @ np.diff(relative**2) - first**2

    @property
    def rounding(self) -> float:
        """Variance that rounding adds where the noise spans many codes, DN^2: 1/12, and more after a digital gain."""
        codes = np.arange(self.values.shape[1])
        total = 0.0
        for values in self.values:
            inside = np.flatnonzero((values > 0) & (values < codes[-1]))
            step, offset = np.polynomial.polynomial.polyfit(codes[inside], values[inside], 1)[::-1]
            total += step**2 / 12 + ((values[inside] - step * codes[inside] - offset) ** 2).mean()
        return float(total / len(self.values))


def converter(sensor: Sensor) -> Converter:
    """Of a resolved sensor."""
    largest = 2**sensor.bit_depth - 1
    codes = np.arange(largest + 1, dtype=np.float64)
    thresholds = codes[1:] - 0.5
    if sensor.adc_nonlinearity is not None:
        thresholds = _moved(thresholds, sensor.adc_nonlinearity, sensor.bit_depth)
        fine = np.linspace(0, largest, _FINE * largest + 1)
        thresholds = np.interp(thresholds, bent(fine, sensor.adc_nonlinearity, sensor.bit_depth), fine)
    blacks = np.array(four_sites(sensor.black_level))[:, None]
    gain = sensor.digital_gain or 1.0
    values = codes if gain == 1 else np.clip(np.rint(blacks + gain * (codes - blacks)), 0, largest)
    return Converter(thresholds, np.broadcast_to(values, (4, largest + 1)))


def _moved(thresholds: NDArray[np.float64], given: AdcNonlinearity, bit_depth: int) -> NDArray[np.float64]:
    """Thresholds between steps of unequal width: each lies where the sensor's rounding turns to the next code."""
    if given.dnl is None:
        return thresholds
    below = torch.tensor(thresholds)
    shifted = uneven_steps(below, torch.tensor(given.dnl, dtype=torch.float64), step_table(bit_depth))
    result: NDArray[np.float64] = (2 * below - shifted).numpy()
    return result


def bent(levels: NDArray[np.float64], given: AdcNonlinearity, bit_depth: int) -> NDArray[np.float64]:
    """Levels as the ADC sees them."""
    bow, s_bend, ripple = (
        torch.tensor(value, dtype=torch.float64) for value in (given.bow, given.s_bend, given.ripple)
    )
    seen = bend(torch.tensor(levels), bow, s_bend, ripple, given.ripple_periods, 2**bit_depth - 1)
    result: NDArray[np.float64] = seen.numpy()
    return result
