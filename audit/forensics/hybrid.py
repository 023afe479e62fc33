"""Two devices as one kit of parts, from which every device between them is built."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from audit.forensics.align import Slot, align, ordered
from audit.forensics.sensor_parts import (
    EXPOSURE,
    LEVEL_FIELDS,
    LEVELS,
    NOISE,
    NOISE_FIELDS,
    RESPONSE,
    fields_of,
    mix,
    parts_that_differ,
    same_scale,
)
from camsim import Profile
from camsim.isp import BlackLevel
from camsim.spec import Spec, StageSpec, four_sites

ORDER = "order"
OPTICS = "optics"
SENSOR = "sensor"


@dataclass(frozen=True)
class Difference:
    """One field in which a part of the two devices differs; None: the device lacks the stage."""

    field: str
    first: object
    second: object


class Kit:
    """The parts of two devices that differ: ``optics``, ``sensor`` or parts of it, ``isp.NAME`` of stages, ``order``.

    A stage that takes over its levels from the sensor in both devices does so in every device between them, and is no
    part; so is whatever is equal. The camera response and the exposure are those of the resolved sensors: exchanging a
    stage of the ISP never changes what the sensor sees.
    """

    def __init__(self, first: Profile, second: Profile, *, split_sensor: bool) -> None:
        self.first, self.second = first, second
        self.sensors = first.resolved_sensor(), second.resolved_sensor()
        self._chains = _as_stated(first), _as_stated(second)
        self._resolved = first.resolved_isp(), second.resolved_isp()
        self.slots = align(*self._resolved)
        self._sensor_parts = parts_that_differ(*self.sensors)
        self.split_sensor = split_sensor
        moved = [slot for slot in self.slots if slot.moved]
        self.parts: tuple[str, ...] = (
            *([OPTICS] if first.optics != second.optics else []),
            *self._sensor_names(),
            *(f"isp.{slot.name}" for slot in self.slots if self._differs(slot)),
            *([ORDER] if moved else []),
        )

    @property
    def same_scale(self) -> bool:
        """Whether a DN means the same in both devices."""
        return same_scale(*self.sensors)

    @property
    def same_response(self) -> bool:
        """Whether the colour filters of both devices are the same."""
        return self.sensors[0].response == self.sensors[1].response

    def slot(self, part: str) -> Slot | None:
        """The place in the chains that ``isp.NAME`` stands for; None for optics, sensor and order."""
        return next((slot for slot in self.slots if f"isp.{slot.name}" == part), None)

    def build(self, of_second: Set[str], name: str) -> Profile:
        """The first device with these parts of the second.

        Raises:
            ValueError: they do not make a valid profile together.
        """
        sensor = mix(*self.sensors, self._chosen_sensor_parts(of_second))
        stages = []
        for slot in ordered(self.slots, as_second=ORDER in of_second):
            stage = self._stage(slot, from_second=f"isp.{slot.name}" in of_second)
            if stage is not None:
                stages.append(stage.model_dump())
        title = f"between {self.first.name} and {self.second.name}"
        if not of_second:
            title = self.first.title
        elif of_second >= set(self.parts):
            title = self.second.title
        optics = (self.second if OPTICS in of_second else self.first).optics
        return Profile.model_validate(
            {
                "camsim": 1,
                "name": name,
                "title": title[:200],
                "optics": None if optics is None else optics.model_dump(),
                "sensor": sensor.model_dump(),
                "isp": stages,
            }
        )

    def stage_of(self, slot: Slot, *, second: bool) -> StageSpec | None:
        """The resolved stage of one of the devices at a place, if it has one there."""
        index = slot.second if second else slot.first
        return None if index is None else self._resolved[second][index]

    def label(self, part: str) -> str:
        """A part in words: what stands in the first device (A) and in the second (B)."""
        slot = self.slot(part)
        if part == ORDER:
            return "order of " + " and ".join(slot.name for slot in self.slots if slot.moved)
        if part == OPTICS:
            return "optics"
        if slot is None:
            return "sensor" if part == SENSOR else "sensor: " + part.removeprefix("sensor.").replace("_", " ")
        first, second = self.stage_of(slot, second=False), self.stage_of(slot, second=True)
        if first is None or second is None:
            return f"{self._words(slot)}, only in {'B' if first is None else 'A'}"
        ways = [", ".join(stage.tags()[1:]) for stage in (first, second)]
        if ways[0] != ways[1]:
            return f"{slot.name}: {ways[0]} → {ways[1]}"
        changed = self.differences(part)
        if len(changed) > 2:
            return f"{slot.name}: {len(changed)} fields changed"
        return (
            slot.name
            + ": "
            + ", ".join(
                f"{item.field.rpartition('.')[2]} {item.first:g} → {item.second:g}"
                if isinstance(item.first, float) and isinstance(item.second, float)
                else f"{item.field.rpartition('.')[2]} changed"
                for item in changed
            )
        )

    def _words(self, slot: Slot) -> str:
        """A stage of one device alone: its kind and method; what repeats is told apart by what it follows."""
        stage = self.stage_of(slot, second=slot.first is None)
        ways = () if stage is None else stage.tags()[1:]
        kind = slot.name if stage is None else stage.tags()[0]
        text = f"{kind} ({', '.join(ways)})" if ways else kind
        place = self.slots.index(slot)
        repeated = sum(other.name.startswith(kind) for other in self.slots) > 1
        return f"{text} after {self.slots[place - 1].name}" if repeated and place else text

    def differences(self, part: str) -> list[Difference]:
        """The fields in which this part differs."""
        slot = self.slot(part)
        if part == ORDER:
            chains = (", ".join(profile.stage_names()) for profile in (self.first, self.second))
            return [Difference("isp", *chains)]
        if part == OPTICS:
            return _differences(OPTICS, self.first.optics, self.second.optics, None)
        if slot is None:
            fields = None if part == SENSOR else self._fields(part.removeprefix("sensor."))
            return _differences("sensor", *self.sensors, fields)
        return _differences(part, self.stage_of(slot, second=False), self.stage_of(slot, second=True), None)

    def _fields(self, part: str) -> tuple[str, ...]:
        """Of a part of the sensor."""
        return _FIELDS.get(part) or fields_of(part, *self.sensors)

    def _sensor_names(self) -> tuple[str, ...]:
        if not self._sensor_parts:
            return ()
        return tuple(f"sensor.{name}" for name in self._sensor_parts) if self.split_sensor else (SENSOR,)

    def _chosen_sensor_parts(self, of_second: Set[str]) -> set[str]:
        if not self.split_sensor:
            return set(self._sensor_parts) if SENSOR in of_second else set()
        return {name for name in self._sensor_parts if f"sensor.{name}" in of_second}

    def _differs(self, slot: Slot) -> bool:
        if slot.first is None or slot.second is None:
            return True
        if self._chains[0][slot.first] == self._chains[1][slot.second]:
            return False
        return self._resolved[0][slot.first] != self._resolved[1][slot.second]

    def _stage(self, slot: Slot, *, from_second: bool) -> StageSpec | None:
        if slot.first is not None and slot.second is not None:
            stated = self._chains[0][slot.first]
            if stated == self._chains[1][slot.second]:
                return stated  # it follows whichever sensor there is
        return self.stage_of(slot, second=from_second)


_FIELDS = {
    LEVELS: LEVEL_FIELDS,
    NOISE: ("system_gain", *NOISE_FIELDS),
    EXPOSURE: ("exposure",),
    RESPONSE: ("response",),
}
"""The fields of the parts of two sensors that are not one device."""


def _as_stated(profile: Profile) -> tuple[StageSpec, ...]:
    """The chain as the profile states it; levels written out that are the sensor's own count as taken over from it."""
    raw = profile.raw_format
    stages: list[StageSpec] = []
    for stage in profile.isp:
        if isinstance(stage, BlackLevel):
            own = {"level": raw.black, "white": raw.white}
            given = {name: getattr(stage, name) for name in own if getattr(stage, name) is not None}
            stage = stage.replace({name: None for name, value in given.items() if four_sites(value) == own[name]})
        stages.append(stage)
    return tuple(stages)


def _differences(
    prefix: str, first: Spec | None, second: Spec | None, fields: tuple[str, ...] | None
) -> list[Difference]:
    left, right = ({} if spec is None else spec.model_dump(exclude={"kind"}) for spec in (first, second))
    names = [name for name in [*left, *(name for name in right if name not in left)] if not fields or name in fields]
    return [
        Difference(f"{prefix}.{name}", left.get(name), right.get(name))
        for name in names
        if left.get(name) != right.get(name) or first is None or second is None
    ]
