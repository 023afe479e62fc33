"""Settings that are taken: a search for several distinct cases keeps away from those that it has found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.search.mixed import MixedSpace, Setting
from audit.search.oracle import PENALTY


@dataclass(frozen=True)
class Exclusion:
    """Settings within ``apart`` of these (see `MixedSpace.distance`) are no result, and are worth less the nearer."""

    space: MixedSpace
    settings: Sequence[Setting] = ()
    apart: float = 0.0

    def discount(self, value: float, setting: Setting) -> tuple[float, bool]:
        """The value that is left of a setting's, and whether it lies clear of all."""
        clear = True
        for other in self.settings:
            inside = 1 - self.space.distance(setting, other) / self.apart
            if inside > 0:
                value, clear = value - PENALTY * inside, False
        return value, clear

    def slope(self, setting: Setting) -> NDArray[np.float64]:
        """Gradient (D,) of what `discount` leaves."""
        slope = np.zeros_like(setting.point)
        for other in self.settings:
            away = self.space.distance(setting, other)
            if 0 < away < self.apart and setting.choice == other.choice:
                axes = setting.point.size + len(setting.choice)
                slope += PENALTY / self.apart * (setting.point - other.point) / (axes * away)
        return slope
