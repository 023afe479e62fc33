"""Temporal noise as a distribution: Gaussian, with a part of Tukey's lambda distribution where the profile has one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import ndtr

from camsim.sensor import tukey_deviation, tukey_quantile

_GAUSSIAN_REACH = 8.0
_TUKEY_REACH = 60.0
"""Standard deviations beyond which nothing is counted."""
_STEPS = 12_001
"""Of the table of its probabilities."""


@dataclass(frozen=True)
class Noise:
    """The sum of two independent parts; any unit."""

    gaussian: float
    """Standard deviation of one."""
    tukey: float = 0.0
    """Standard deviation of the other."""
    shape: float | None = None
    """Its lambda; None: it is Gaussian too."""

    @property
    def sigma(self) -> float:
        """Standard deviation of the sum."""
        return float(np.hypot(self.gaussian, self.tukey))

    @property
    def reach(self) -> float:
        """How far from 0 anything is counted."""
        return self.sigma * (_GAUSSIAN_REACH if self._is_gaussian else _TUKEY_REACH)

    @property
    def _is_gaussian(self) -> bool:
        return self.shape is None or self.tukey == 0

    def scaled(self, factor: float) -> Noise:
        """The noise times a number."""
        return Noise(self.gaussian * factor, self.tukey * factor, self.shape)

    def at_most(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probability that the noise is no more than ``values``, any shape; the noise is not 0."""
        if self._is_gaussian:
            found: NDArray[np.float64] = ndtr(values / self.sigma)
            return found
        return np.interp(values, *self._table)

    @cached_property
    def _table(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Values and their probabilities: the Gaussian around each of many numbers of the other part."""
        normal = np.linspace(-6.5, 6.5, 801)
        weights = np.exp(-(normal**2) / 2)
        lam = torch.tensor(self.shape, dtype=torch.float64)
        other = (tukey_quantile(torch.tensor(normal), lam) / tukey_deviation(lam)).numpy() * self.tukey
        around = np.linspace(-self.reach, self.reach, _STEPS)
        smooth = max(self.gaussian, 0.02 * self.tukey)  # wide enough to bridge the numbers' spacing
        above = ndtr((around[:, None] - other) / smooth) @ (weights / weights.sum())
        return around, above
