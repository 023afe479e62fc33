"""What an axis does to devices: their drops, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from audit.axes.name import read_name
from audit.stats import Interval


@dataclass(frozen=True)
class Line:
    """A device along an axis."""

    device: str
    axis: str
    """Its key, see `audit.axes.AXES`."""
    drops: Mapping[float, Interval]
    """By value, ascending."""


def along_axes(drops: Mapping[str, Interval]) -> tuple[Line, ...]:
    """The points ``DEVICE@axis=value`` among what was measured, gathered by device and axis, in their order."""
    found: dict[tuple[str, str], dict[float, Interval]] = {}
    for name, drop in drops.items():
        point = read_name(name)
        if point is not None:
            found.setdefault((point.device, point.axis), {})[point.value] = drop
    return tuple(Line(device, axis, dict(sorted(steps.items()))) for (device, axis), steps in found.items())
