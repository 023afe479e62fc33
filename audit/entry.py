"""The rows of an audit: cameras, and what is measured beside them to compare with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from audit.axes import AXES, read_name
from audit.axes.name import number
from audit.corruptions import KIND, Step
from camsim import Profile, catalog

Role = Literal["reference", "profile", "worst_case", "axis", "corruption"]
"""What drift is measured from; a device that is judged; a setting that the search found, judged too; a device along an
axis, and a corruption of the reference's pictures, both shown and not judged."""


@dataclass(frozen=True)
class Entry:
    """One of them."""

    name: str
    title: str
    kind: str
    """The family that it is listed under."""
    role: Role

    @property
    def judged(self) -> bool:
        """Whether it has a verdict."""
        return self.role in ("profile", "worst_case")

    @classmethod
    def of_profile(cls, profile: Profile, role: Role) -> Entry:
        return cls(profile.name, profile.title, catalog.kind(profile), role)

    @classmethod
    def of_point(cls, profile: Profile) -> Entry:
        """Of a device along an axis."""
        point = read_name(profile.name)
        if point is None:
            raise ValueError(f"{profile.name} is no point of an axis")
        axis = AXES[point.axis]
        title = f"{axis.title} {number(point.value)}{' ' if axis.unit else ''}{axis.unit}"
        return cls(profile.name, title, catalog.kind(profile), "axis")

    @classmethod
    def of_corruption(cls, step: Step) -> Entry:
        return cls(step.name, step.title, KIND, "corruption")
