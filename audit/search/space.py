"""The continuous space that is searched: a profile's plausible ranges as a unit cube."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from audit.search.groups import ALL, find_group
from camsim import Profile
from camsim.errors import CamsimError


class Space:
    """Knobs of a profile between their plausible limits; one axis for each number that can move."""

    def __init__(self, profile: Profile, ranges: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]]) -> None:
        """Take these knobs; a space may have no axis, see `of`."""
        self.profile = profile
        self.low = {name: low for name, (low, high) in ranges.items() if np.any(high > low)}
        self.high = {name: high for name, (low, high) in ranges.items() if np.any(high > low)}
        self._low, self._high = _flat(self.low), _flat(self.high)
        self._free = self._high > self._low

    @classmethod
    def of(cls, profile: Profile, group: str = ALL) -> Space:
        """The space of a profile, or of a group of its knobs.

        Raises:
            CamsimError: no such group, or none of its knobs can move.
        """
        space = cls.possible(profile, group)
        if space.size == 0:
            if group == ALL:
                raise CamsimError(
                    f"{profile.name}: no knob has a plausible range to search; give it a `search` section with at "
                    "least one"
                )
            raise CamsimError(
                f"{profile.name}: no knob of the group {group!r} has a plausible range to search; name another group, "
                "or give one of its knobs a range in the profile's `search` section"
            )
        return space

    @classmethod
    def possible(cls, profile: Profile, group: str = ALL) -> Space:
        """The same, but without any axis where none of the knobs can move."""
        wanted = find_group(group)
        ranges = profile.ranges()
        return cls(profile, {n: r for n, r in ranges.items() if wanted is None or wanted.holds_knob(profile, n)})

    @property
    def size(self) -> int:
        """Number of axes: the numbers whose limits differ."""
        return int(self._free.sum())

    @cached_property
    def axes(self) -> tuple[str, ...]:
        """Name of each axis: the knob, and the place within it where it has several numbers (``...gains[0]``)."""
        names = []
        for knob, low in self.low.items():
            places = [""] if low.ndim == 0 else [str(list(index)).replace(" ", "") for index in np.ndindex(low.shape)]
            names += [knob + place for place in places]
        return tuple(name for name, free in zip(names, self._free, strict=True) if free)

    def start(self) -> NDArray[np.float64]:
        """The profile as it is: a point of the unit cube."""
        return self._start.copy()

    def knobs_at(self, point: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """The value of each knob at a point of the unit cube.

        Raises:
            CamsimError: the point has another number of axes than the space.
        """
        if point.shape != self._start.shape:
            raise CamsimError(f"a point of this space has {self.size} numbers, got an array of shape {point.shape}")
        value = self._own.copy()
        # Not by way of its place in the range, which would turn a knob that stays by a rounding error.
        moved = np.flatnonzero(self._free)[point != self._start]
        value[moved] = self._low[moved] + point[point != self._start] * (self._high - self._low)[moved]
        # Rounding must not lead out of the range, which may end at a bound of the knob.
        return self._named(value.clip(self._low, self._high))

    def at(self, point: NDArray[np.float64], name: str | None = None) -> Profile:
        """The profile at a point of the unit cube.

        Raises:
            CamsimError: see `knobs_at`.
            ValueError: these values do not make a valid profile together.
        """
        return self._written_out.with_knobs(self.knobs_at(point), name=name)

    def gradient(self, by_knob: Mapping[str, ArrayLike]) -> NDArray[np.float64]:
        """The gradient in the unit cube (D,) from that for the knobs, by name; a knob that is left out has none."""
        values = {name: np.asarray(by_knob.get(name, np.zeros_like(low)), np.float64) for name, low in self.low.items()}
        scaled: NDArray[np.float64] = _flat(values)[self._free] * self._widths()
        return scaled

    @cached_property
    def _own(self) -> NDArray[np.float64]:
        """The profile's own values."""
        knobs = self.profile.knobs()
        return _flat({name: knobs[name].value for name in self.low})

    @cached_property
    def _start(self) -> NDArray[np.float64]:
        inside: NDArray[np.float64] = ((self._own - self._low)[self._free] / self._widths()).clip(0, 1)
        return inside

    @cached_property
    def _written_out(self) -> Profile:
        # Turning its knobs is twice as fast, since nothing is left to be taken from the sensor.
        return self.profile.with_knobs({})

    def _widths(self) -> NDArray[np.float64]:
        widths: NDArray[np.float64] = (self._high - self._low)[self._free]
        return widths

    def _named(self, values: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        named, start = {}, 0
        for knob, limit in self.low.items():
            named[knob] = values[start : start + limit.size].reshape(limit.shape)
            start += limit.size
        return named


def _flat(values: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    return np.concatenate([value.ravel() for value in values.values()]) if values else np.empty(0)
