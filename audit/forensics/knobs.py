"""The knobs of a device that can move, as groups of axes of a unit cube."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from camsim import Profile


@dataclass(frozen=True)
class KnobCube:
    """The plausible ranges of a device's knobs; each knob has an axis for every number of it that can move."""

    profile: Profile
    low: dict[str, NDArray[np.float64]]
    high: dict[str, NDArray[np.float64]]

    @classmethod
    def of(cls, profile: Profile) -> KnobCube:
        """The cube of a profile; it may have no axes."""
        # np.asarray: the limits of a knob that is one number come as a number.
        low, high = ({n: np.asarray(limits[end]) for n, limits in profile.ranges().items()} for end in (0, 1))
        free = [name for name in low if np.any(high[name] > low[name])]
        return cls(profile, {name: low[name] for name in free}, {name: high[name] for name in free})

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.low)

    @property
    def groups(self) -> list[slice]:
        """The axes of each knob."""
        sizes = [int(np.count_nonzero(self.high[name] > self.low[name])) for name in self.names]
        stops = np.cumsum([0, *sizes])
        return [slice(int(a), int(b)) for a, b in pairwise(stops)]

    @property
    def size(self) -> int:
        """Number of axes."""
        return self.groups[-1].stop if self.low else 0

    def at(self, point: NDArray[np.float64], name: str) -> Profile:
        """The device at a point (D,) of the cube.

        Raises:
            ValueError: these values do not make a valid profile together.
        """
        values = {}
        for knob, axes in zip(self.names, self.groups, strict=True):
            low, high = self.low[knob], self.high[knob]
            value = low.copy()
            value[high > low] += point[axes] * (high - low)[high > low]
            values[knob] = value
        return self.profile.with_knobs(values, name=name)

    def half_ranges(self, knob: str) -> NDArray[np.float64]:
        """Half the width of the range of each number of a knob, in its unit and shape."""
        half: NDArray[np.float64] = (self.high[knob] - self.low[knob]) / 2
        return half
