"""EMVA 1288, sensitivity: system gain, temporal dark noise, saturation and dynamic range from pairs of frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

QUANTIZATION = 1 / 12
"""Variance of rounding to whole DN, DN^2: sigma_q^2 of the standard."""
LEAST_DARK_VARIANCE = 0.24
"""DN^2. A smaller variance in the dark says more about the rounding than about the noise; the standard puts this."""
FIT_UP_TO = 0.7
"""Of saturation: the range of the fits of gain and responsivity."""


@dataclass(frozen=True)
class Sensitivity:
    """What the photon transfer tells. A photon is the unit in which the light was given."""

    system_gain: float
    """K, DN/e-."""
    responsivity: float
    """R, DN/photon."""
    dark_variance: float
    """Temporal, as measured, DN^2."""
    dark_noise_dn: float
    """sigma_y.dark, DN; no less than the root of `LEAST_DARK_VARIANCE`."""
    dark_noise: float
    """sigma_d, e-, without the ADC's rounding."""
    saturation_index: int
    """Of the level at which the variance is largest."""
    saturation_photons: float

    @property
    def quantum_efficiency(self) -> float:
        """R / K, e-/photon."""
        return self.responsivity / self.system_gain

    @property
    def saturation(self) -> float:
        """mu_e.sat, e-."""
        return self.quantum_efficiency * self.saturation_photons

    @property
    def threshold(self) -> float:
        """mu_e.min, e-: where the signal-to-noise ratio is 1."""
        return self.dark_noise_dn / self.system_gain + 0.5

    @property
    def largest_snr(self) -> float:
        """SNR_max, the root of mu_e.sat."""
        return float(np.sqrt(self.saturation))

    @property
    def dynamic_range(self) -> float:
        """DR = mu_p.sat / mu_p.min."""
        return self.saturation / self.threshold


def pair_statistics(first: NDArray[Any], second: NDArray[Any]) -> tuple[float, float]:
    """Mean and temporal variance from two frames of the same light.

    Args:
        first: (..., H, W) DN.
        second: the same shape.

    Returns:
        Mean of both, DN; variance of a pixel over time, DN^2: half the mean square of the difference, less half the
        square of the difference of the means. Source: EMVA Standard 1288 release 4.0 Linear.
    """
    a, b = first.astype(np.float64), second.astype(np.float64)
    drift = a.mean() - b.mean()
    return float((a.mean() + b.mean()) / 2), float(((a - b) ** 2).mean() / 2 - drift**2 / 2)


def saturation_index(variance: NDArray[np.float64]) -> int:
    """The level at which the temporal variance is largest, coming from the brightest.

    Args:
        variance: (levels,) DN^2, by rising light.

    Returns:
        Its index. One level that falls below its brighter neighbour does not end the climb, two in a row do.
    """
    best = len(variance) - 1
    for index in range(len(variance) - 1, -1, -1):
        if max(variance[index], variance[abs(index - 1)]) < variance[best]:
            break
        best = index
    return best


def sensitivity(
    photons: NDArray[np.float64],
    mean: NDArray[np.float64],
    variance: NDArray[np.float64],
    dark: tuple[float, float],
    saturation: int | None = None,
) -> Sensitivity:
    """Evaluate a photon transfer series at one exposure time.

    Args:
        photons: (levels,) light, rising, without the dark level.
        mean: (levels,) DN.
        variance: (levels,) temporal, DN^2.
        dark: mean, DN, and temporal variance, DN^2, without light.
        saturation: index of the saturation level; None: `saturation_index`.

    Returns:
        K and R are slopes of least squares through the origin over the levels up to 70 % of saturation. Source: EMVA
        Standard 1288 release 4.0 Linear.

    Raises:
        ValueError: no level lies below 70 % of saturation.
    """
    top = saturation_index(variance) if saturation is None else saturation
    dark_mean, dark_variance = dark
    signal, excess = mean - dark_mean, variance - dark_variance
    below = np.flatnonzero(signal <= FIT_UP_TO * signal[top])
    if below.size == 0:
        raise ValueError(f"no level lies below {FIT_UP_TO:.0%} of saturation; give more levels of light")
    fitted = slice(0, int(below[-1]) + 1)
    gain = _slope(signal[fitted], excess[fitted])
    floored = max(dark_variance, LEAST_DARK_VARIANCE)
    return Sensitivity(
        system_gain=gain,
        responsivity=_slope(photons[fitted], signal[fitted]),
        dark_variance=dark_variance,
        dark_noise_dn=float(np.sqrt(floored)),
        dark_noise=float(np.sqrt(floored - QUANTIZATION) / gain),
        saturation_index=top,
        saturation_photons=float(photons[top]),
    )


def _slope(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Of the line through the origin, by least squares."""
    return float((x @ y) / (x @ x))
