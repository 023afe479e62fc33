"""Axes of drift: the same device under other circumstances, step by step. To add one: its file, and its name here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from audit.axes.axis import Axis
from audit.axes.exposure import EXPOSURE
from audit.axes.illuminant import ILLUMINANT, ILLUMINANT_BALANCED
from audit.axes.iso import ISO
from audit.axes.name import Point, read_name
from audit.axes.temperature import TEMPERATURE
from audit.axes.unit import UNIT
from camsim import Profile
from camsim.errors import CamsimError, did_you_mean

__all__ = ["AXES", "Axis", "Point", "axis_profiles", "parse_axis", "read_name"]

AXES: Mapping[str, Axis] = {
    axis.key: axis for axis in (EXPOSURE, ILLUMINANT, ILLUMINANT_BALANCED, ISO, TEMPERATURE, UNIT)
}
"""By key."""


def axis_profiles(profile: Profile, axis: str, values: Sequence[float] | None = None, seed: int = 0) -> list[Profile]:
    """A device along an axis: one profile for each value, in their order, named ``DEVICE@axis=value``.

    Args:
        profile: the device; it may itself be a point of another axis.
        axis: one of `AXES`.
        values: in the axis's unit; None: its usual ladder.
        seed: of what is drawn (the axis ``unit``).

    Returns:
        Profiles that compile, save and replay by themselves. Optics, ISP and everything that the axis does not name
        stay; ``search``, ``choices`` and ``orders`` are left out.

    Raises:
        CamsimError: no such axis, a value given twice, or the device cannot stand there; the message says why.
    """
    found = _find(axis)
    steps = found.ladder(profile) if values is None else tuple(float(value) for value in values)
    if not steps:
        raise CamsimError(f"--axis {axis}: needs at least one value")
    repeated = next((step for place, step in enumerate(steps) if step in steps[:place]), None)
    if repeated is not None:
        raise CamsimError(f"--axis {axis}: {repeated:g} is given twice")
    return [found.at(profile, step, seed) for step in steps]


def parse_axis(text: str) -> tuple[str, tuple[float, ...] | None]:
    """``exposure`` or ``iso=100,400,1600`` as the key of an axis and its values.

    Raises:
        CamsimError: no such axis, or something that is no number.
    """
    key, sign, listed = text.partition("=")
    _find(key.strip())
    if not sign:
        return key.strip(), None
    try:
        return key.strip(), tuple(float(part) for part in listed.split(","))
    except ValueError:
        raise CamsimError(
            f"--axis {text}: values are numbers joined by commas, such as {key.strip()}=100,400; got {listed!r}"
        ) from None


def _find(key: str) -> Axis:
    if key not in AXES:
        raise CamsimError(f"unknown axis {key!r}{did_you_mean(key, AXES)} ({', '.join(AXES)})")
    return AXES[key]
