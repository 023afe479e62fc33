"""A warmer or colder sensor: dark current and hot pixels double every few kelvin, the pedestal may drift."""

from __future__ import annotations

from audit.axes.axis import Axis
from audit.axes.name import Point
from audit.axes.turn import turned
from camsim import Profile
from camsim.errors import CamsimError
from camsim.profile import Provenance

LADDER = (-20.0, 0.0, 20.0, 40.0, 60.0, 80.0)


def at_temperature(profile: Profile, temperature: float, seed: int = 0) -> Profile:
    """The device with its sensor at a temperature in degC; the black level that the ISP takes off stays.

    Raises:
        CamsimError: the profile does not state its dark current and how that grows; or beyond the knob's bounds.
    """
    point = Point(profile.name, TEMPERATURE.key, temperature)
    sensor = profile.sensor
    if sensor.temperature is None and sensor.dark_current is None and sensor.hot_pixels is None:
        raise CamsimError(
            f"{point}: the profile states no dark current, and without it warmth changes nothing; give "
            "sensor.dark_current, exposure_time, temperature, reference_temperature and doubling, if you know them"
        )
    if sensor.temperature is None:
        raise CamsimError(
            f"{point}: the profile states a dark current but not how it grows; give sensor.temperature, "
            "reference_temperature and doubling, if you know them"
        )
    changed = temperature != sensor.temperature
    source = f"set along the axis temperature; {profile.name} has {sensor.temperature:g} degC"
    return turned(
        profile,
        point,
        f"sensor at {temperature:g} degC",
        knobs={"sensor.temperature": temperature} if changed else {},
        sources={"sensor.temperature": Provenance(source=source, status="assumed")} if changed else {},
    )


TEMPERATURE = Axis(
    key="temperature",
    title="Sensor temperature",
    unit="degC",
    meaning=(
        "The dark current, hot pixels and drift of the pedestal at that temperature, as the profile states them. Only "
        "for devices that state their temperature."
    ),
    ladder=lambda profile: LADDER,
    own=lambda profile: profile.sensor.temperature,
    at=at_temperature,
)
