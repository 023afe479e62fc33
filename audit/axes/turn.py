"""One device turned along an axis: a profile of its own, which says what was done to which."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from audit.axes.name import Point
from camsim import Profile
from camsim.errors import CamsimError
from camsim.profile import Provenance

MAX_TITLE = 200


def turned(
    profile: Profile,
    point: Point,
    words: str,
    *,
    knobs: Mapping[str, Any],
    sensor: Mapping[str, Any] | None = None,
    sources: Mapping[str, Provenance],
) -> Profile:
    """The profile with some numbers replaced, under the name of the point, its defaults written out first.

    Args:
        profile: the device.
        point: where it goes.
        words: what to add to its title: ``exposure +1 EV``.
        knobs: new values of knobs, as in `Profile.with_knobs`.
        sensor: new values of other fields of the sensor.
        sources: provenance of everything that is new.

    Raises:
        CamsimError: a value that the profile's schema does not allow.
    """
    try:
        written = profile.with_knobs(knobs, name=str(point))
        changes = {
            "title": f"{profile.title[: MAX_TITLE - len(words) - 2]}, {words}",
            "sensor": written.sensor.replace(sensor or {}),
            "provenance": written.provenance | dict(sources),
        }
        return Profile.model_validate(written.model_copy(update=changes).model_dump())
    except ValueError as error:
        raise CamsimError(f"{point}: {_plain(error)}") from None


def _plain(error: ValueError) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors()[0]
    return ": ".join([*map(str, first["loc"]), first["msg"].removeprefix("Value error, ")])
