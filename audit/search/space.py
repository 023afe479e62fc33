"""The space that is searched: a profile's plausible ranges as a unit cube."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from camsim import Profile
from camsim.errors import CamsimError


@dataclass(frozen=True)
class Space:
    """Knobs of a profile between their plausible limits; one axis for each number that can move."""

    profile: Profile
    low: dict[str, NDArray[np.float64]]
    high: dict[str, NDArray[np.float64]]

    @classmethod
    def of(cls, profile: Profile) -> Space:
        """The space of a profile.

        Raises:
            CamsimError: none of its knobs can move.
        """
        ranges = {name: (low, high) for name, (low, high) in profile.ranges().items() if np.any(high > low)}
        if not ranges:
            raise CamsimError(
                f"{profile.name}: no knob has a plausible range to search; give it a `search` section with at least one"
            )
        return cls(profile, {n: low for n, (low, _) in ranges.items()}, {n: high for n, (_, high) in ranges.items()})

    @property
    def size(self) -> int:
        """Number of axes: the numbers whose limits differ."""
        return int(self._free().sum())

    def start(self) -> NDArray[np.float64]:
        """The profile as it is: a point of the unit cube."""
        knobs = self.profile.knobs()
        low, high, free = self._flat(self.low), self._flat(self.high), self._free()
        value = np.concatenate([knobs[name].value.ravel() for name in self.low])
        inside: NDArray[np.float64] = ((value - low)[free] / (high - low)[free]).clip(0, 1)
        return inside

    def at(self, point: NDArray[np.float64], name: str | None = None) -> Profile:
        """The profile at a point of the unit cube.

        Raises:
            ValueError: these values do not make a valid profile together.
        """
        low, high, free = self._flat(self.low), self._flat(self.high), self._free()
        value = low.copy()
        value[free] += point * (high - low)[free]
        knobs: dict[str, NDArray[np.float64]] = {}
        start = 0
        for knob, limit in self.low.items():
            knobs[knob] = value[start : start + limit.size].reshape(limit.shape)
            start += limit.size
        return self.profile.with_knobs(knobs, name=name)

    def _free(self) -> NDArray[np.bool_]:
        return self._flat(self.high) > self._flat(self.low)

    def _flat(self, values: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        return np.concatenate([value.ravel() for value in values.values()])
