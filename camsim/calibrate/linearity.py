"""EMVA 1288, linearity error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FROM, TO = 0.05, 0.95
"""Of saturation: the range that is judged."""


@dataclass(frozen=True)
class Linearity:
    """A line through the signal, and how far the signal strays from it."""

    slope: float
    """DN/photon."""
    offset: float
    """DN."""
    deviation: NDArray[np.float64]
    """(levels,) of the signal from the line, % of the line; all levels."""
    first: int
    """Of the levels in range."""
    last: int
    """Of the levels in range."""

    @property
    def lowest(self) -> float:
        """LE_min, %."""
        return float(self.deviation[self.first : self.last + 1].min())

    @property
    def highest(self) -> float:
        """LE_max, %."""
        return float(self.deviation[self.first : self.last + 1].max())

    @property
    def error(self) -> float:
        """The larger of both in magnitude, %."""
        return max(abs(self.lowest), abs(self.highest))


def linearity(photons: NDArray[np.float64], signal: NDArray[np.float64], saturation: int) -> Linearity:
    """Fit a line with weights of 1 / signal, so that relative deviations count, from 5 to 95 % of saturation.

    Args:
        photons: (levels,) light, rising, without the dark level.
        signal: (levels,) mean DN less the dark mean.
        saturation: index of the saturation level.

    Source: EMVA Standard 1288 release 4.0 Linear.

    Raises:
        ValueError: fewer than three levels in that range.
    """
    first = int(np.flatnonzero(signal >= FROM * signal[saturation])[0])
    last = int(np.flatnonzero(signal <= TO * signal[saturation])[-1])
    if last - first < 2:
        raise ValueError("fewer than three levels lie between 5 and 95 % of saturation; give more levels of light")
    x, y = photons[first : last + 1], signal[first : last + 1]
    offset, slope = np.polynomial.polynomial.polyfit(x, y, 1, w=1 / y)
    line = slope * photons + offset
    return Linearity(float(slope), float(offset), 100 * (signal - line) / line, first, last)
