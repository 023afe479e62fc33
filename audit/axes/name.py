"""Names of devices along an axis: ``phone/pixel-4a-imx363@iso=400``."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np

from camsim.errors import CamsimError

_NAME = re.compile(r"(?P<device>.+)@(?P<axis>[a-z][a-z-]*)=(?P<value>-?[0-9]+(\.[0-9]+)?)")


@dataclass(frozen=True)
class Point:
    """A device at a value of an axis."""

    device: str
    """Name of the profile that was turned; it may itself be a point of another axis."""
    axis: str
    value: float

    def __str__(self) -> str:
        return f"{self.device}@{self.axis}={number(self.value)}"


def number(value: float) -> str:
    """The shortest decimal digits that stand for a finite value: ``400``, ``-0.5``.

    Raises:
        CamsimError: NaN or infinity.
    """
    if not math.isfinite(value):
        raise CamsimError(f"a value of an axis must be finite, got {value}")
    return np.format_float_positional(value + 0.0, trim="-")  # + 0.0: no minus before zero


def read_name(name: str) -> Point | None:
    """What a profile's name says of its place on an axis; None: nothing."""
    found = _NAME.fullmatch(name)
    return None if found is None else Point(found["device"], found["axis"], float(found["value"]))
