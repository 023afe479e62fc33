"""What an axis of drift is: one circumstance of a device, turned step by step while all else stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from camsim import Profile


@dataclass(frozen=True)
class Axis:
    """One circumstance: ``at(profile, value, seed)`` is the same device there."""

    key: str
    """In names and on the command line: ``exposure``."""
    title: str
    """For people, also on the axis of a plot."""
    unit: str
    """Of its values; empty for plain numbers."""
    meaning: str
    """What changes and what does not, in one or two sentences."""
    ladder: Callable[[Profile], tuple[float, ...]]
    """The steps taken of this device when none are named."""
    own: Callable[[Profile], float | None]
    """Where the device itself stands; None: it cannot stand on this axis, and ``at`` says why."""
    at: Callable[[Profile, float, int], Profile]
    """The device at a value; ``seed`` decides what is drawn. Raises CamsimError: not possible for this device."""
    logarithmic: bool = False
    """Whether equal ratios are equal steps."""
    ordered: bool = True
    """Whether one value is more than another; units of a device are just others."""
