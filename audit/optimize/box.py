"""The knobs that are tuned and how far they may go, as coordinates without a unit for the optimiser to step in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from audit.search.groups import ALL, find_group
from camsim import Profile
from camsim.errors import CamsimError
from camsim.profile import Provenance
from camsim.spec import Knob, Range

Array = NDArray[np.float64]
Limits = Literal["plausible", "physical"]
"""How far a knob may go: as units and settings of this device plausibly stray, or as far as physics or the method
allows."""


@dataclass(frozen=True)
class Box:
    """Knobs of an ISP between limits, and their coordinates.

    Within plausible limits a coordinate is the value in units of half the range. Physical limits are far, and what lies
    far is reached by factors: the coordinate is asinh(value / scale), even steps near 0 and even ratios beyond.
    """

    profile: Profile
    limits: Limits
    own: Mapping[str, Array]
    """The profile's own value of each knob."""
    low: Mapping[str, Array]
    high: Mapping[str, Array]
    scale: Mapping[str, Array]
    """Above 0; see above."""
    plausible: Mapping[str, Range]
    """How far each knob strays, as the profile or its kind says; nothing within physical limits."""

    @classmethod
    def of(cls, profile: Profile, group: str = ALL, limits: Limits = "plausible") -> Box:
        """The knobs of a group that belong to the processing. The sensor is as it is: nobody can tune its noise.

        Raises:
            CamsimError: no such group, no knob of the ISP in it, or none that may move.
        """
        wanted, knobs = find_group(group), profile.knobs()
        names = [
            name for name in knobs if name.startswith("isp.") and (wanted is None or wanted.holds_knob(profile, name))
        ]
        if not names:
            what = "the ISP" if wanted is None else f"the group {group!r}"
            raise CamsimError(
                f"{profile.name}: {what} has no differentiable knob to tune; the ISP of this profile has: "
                f"{', '.join(name for name in knobs if name.startswith('isp.')) or 'none'} (a sensor's are not tuned)"
            )
        ranges = profile.ranges()
        own, low, high, scale, plausible = {}, {}, {}, {}, {}
        for name in names:
            knob = knobs[name]
            if limits == "plausible":
                if knob.plausible is None:
                    continue
                plausible[name] = knob.plausible
                low[name], high[name] = ranges[name]
                scale[name] = np.where(high[name] > low[name], (high[name] - low[name]) / 2, 1.0)
            else:
                low[name], high[name] = (np.full_like(knob.value, bound) for bound in knob.bounds)
                scale[name] = _stray(profile, knob)
            own[name] = knob.value
        if not any(np.any(high[name] > low[name]) for name in own):
            raise CamsimError(
                f"{profile.name}: no knob of the group {group!r} has a plausible range to be tuned in; name another "
                "group, give one of its knobs a range in the profile's `search` section, or tune within the physical "
                "limits"
            )
        return cls(profile, limits, own, low, high, scale, plausible)

    @property
    def size(self) -> int:
        """Numbers that are tuned."""
        return sum(value.size for value in self.own.values())

    def start(self) -> Tensor:
        """Coordinates (D,) float64 of the profile as it is."""
        return self._coordinates(self.own)

    def project(self, coordinates: Tensor) -> None:
        """Put coordinates (D,) that left the box back onto its wall, in place."""
        torch.clamp(coordinates, self._coordinates(self.low), self._coordinates(self.high), out=coordinates)

    def values(self, coordinates: Tensor) -> dict[str, Tensor]:
        """The value of each knob, float64, in the graph of the coordinates (D,)."""
        made: dict[str, Tensor] = {}
        begin = 0
        for name, own in self.own.items():
            part = coordinates[begin : begin + own.size].reshape(own.shape)
            scale = torch.as_tensor(self.scale[name])
            made[name] = scale * (part if self.limits == "plausible" else torch.sinh(part))
            begin += own.size
        return made

    def profile_at(self, coordinates: Tensor, name: str, why: str) -> Profile:
        """The profile at these coordinates, under a new name.

        Args:
            coordinates: (D,).
            name: of the new profile.
            why: how the values came about, for the provenance of what moved.

        Raises:
            ValueError: these values do not make a valid profile together.
        """
        moved = (coordinates.detach() != self.start()).numpy()
        kept: dict[str, Array] = {}
        begin = 0
        for knob, value in self.values(coordinates.detach()).items():
            own = self.own[knob]
            has_moved = moved[begin : begin + own.size].reshape(own.shape)
            # Rounding may neither turn what stayed nor lead out of the limits.
            kept[knob] = np.where(has_moved, value.numpy().clip(self.low[knob], self.high[knob]), own)
            begin += own.size
        return self.profile_with(kept, name, why)

    def profile_with(self, values: Mapping[str, Array], name: str, why: str) -> Profile:
        """The same from the values of its knobs."""
        tuned = self.profile.with_knobs(values, name=name)
        entries = {
            knob: Provenance(source=why, status="derived")
            for knob, value in values.items()
            if not np.array_equal(value, self.own[knob])
        }
        return tuned.model_copy(update={"provenance": tuned.provenance | entries})

    def _coordinates(self, values: Mapping[str, Array]) -> Tensor:
        parts = [torch.as_tensor(values[name] / self.scale[name]).reshape(-1) for name in self.own]
        together = torch.cat(parts)
        return together if self.limits == "plausible" else torch.asinh(together)


def _stray(profile: Profile, knob: Knob) -> Array:
    """What a knob plausibly strays by, to either side; at least a thousandth of what is possible."""
    _, stage, field = knob.name.split(".")
    kind = type(profile.isp[profile.stage_names().index(stage)])
    plausible = knob.plausible or kind.quantities()[field].plausible or Range(relative=0.1)
    low, high = plausible.around(knob.value)
    return np.maximum((high - low) / 2, 1e-3 * (knob.bounds[1] - knob.bounds[0]))
