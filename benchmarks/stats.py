"""What is said of repeated measurements: medians, quartiles, growth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Spread:
    """A median between its quartiles."""

    median: float
    low: float
    """First quartile."""
    high: float
    """Third quartile."""

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Of at least one value."""
        low, median, high = np.quantile(np.asarray(values, dtype=np.float64), [0.25, 0.5, 0.75])
        return cls(float(median), float(low), float(high))

    def scaled(self, factor: float) -> Spread:
        """In another unit: ``factor`` above 0."""
        return Spread(self.median * factor, self.low * factor, self.high * factor)


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """p of the least-squares fit cost = c · size^p on logarithmic axes; 1 is linear. At least two different sizes."""
    slope, _ = np.polyfit(np.log(sizes), np.log(costs), 1)
    return float(slope)
