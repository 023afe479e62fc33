"""docs/reference/profiles.md: what ships."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from camsim import Profile
from camsim.catalog import kind, shipped
from generator.markdown import number, page, table

INTRODUCTION = """\
`camsim profiles show NAME` prints one of these with the source of every number.

*K* is the system gain at the native bit depth. *Assumed* counts the keys that hold numbers and whose nearest source in
`provenance` (of the key, else of its stage, else of the whole sensor or ISP) is an assumption, out of all keys that
hold numbers. An assumption may still be a good one; it is not a fact that can be looked up."""


def profiles_page() -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    for name, group in groupby(shipped().values(), key=kind):
        parts += [f"## {name}", _table(list(group))]
    return page("Shipped profiles", *parts)


def _table(profiles: list[Profile]) -> str:
    headings = ["name", "title", "CFA", "bits", "K, DN/e-", "full well, e-", "read noise, e-", "assumed"]
    return table(headings, [_row(profile) for profile in profiles])


def _row(profile: Profile) -> list[str]:
    sensor = profile.sensor
    statuses = list(_statuses(profile))
    bits = str(sensor.bit_depth) + (f" in {sensor.container.bits}" if sensor.container else "")
    numbers = [number(value) for value in (sensor.system_gain, sensor.full_well, sensor.read_noise)]
    assumed = f"{statuses.count('assumed')} of {len(statuses)}"
    return [f"`{profile.name}`", profile.title, sensor.cfa, bits, *numbers, assumed]


def _statuses(profile: Profile) -> Iterator[str]:
    """The status of each key that holds numbers."""
    effects = ({} if profile.optics is None else profile.optics.parts()) | profile.sensor.parts()
    parts = [*effects.items()] + [
        (f"isp.{name}", stage) for name, stage in zip(profile.stage_names(), profile.isp, strict=True)
    ]
    for path, spec in parts:
        for field, value in spec.model_dump(exclude_unset=True).items():
            if f"{path}.{field}" not in effects and _holds_numbers(value):
                places = (f"{path}.{field}", path, path.split(".")[0])
                yield next(profile.provenance[place].status for place in places if place in profile.provenance)


def _holds_numbers(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_holds_numbers(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(_holds_numbers(item) for item in value)
    return isinstance(value, int | float) and not isinstance(value, bool)
