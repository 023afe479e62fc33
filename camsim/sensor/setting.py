"""The same sensor at another setting of the camera: another ISO speed, another exposure time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from camsim.sensor.sensor import Sensor


def setting_changes(
    sensor: Sensor, *, iso: float | None = None, exposure_time: float | None = None
) -> dict[str, float]:
    """What another setting changes, by field.

    An ISO speed is analogue gain: ``system_gain`` goes with it, electrons stay, and with them ``read_noise``;
    ``adc_noise`` stays in DN, so that it matters less. Light goes with the time, and so does the dark current.
    Nothing is metered: a higher speed is a brighter picture. With g times the speed and 1/g of the time the picture is
    as bright as before, of fewer electrons.

    Args:
        sensor: resolved, so that its exposure is known.
        iso: of the new setting.
        exposure_time: of the new setting, s.

    Raises:
        ValueError: the sensor does not state the setting that its numbers hold for, or the new one is not above 0.
    """
    changes: dict[str, float] = {}
    for name, value, unit in (("iso", iso, ""), ("exposure_time", exposure_time, " s")):
        own = getattr(sensor, name)
        if value is None:
            continue
        if own is None:
            raise ValueError(f"sensor.{name} is not stated, so that no other can be told from it; give it")
        if not value > 0:
            raise ValueError(f"{name} must be above 0{unit}, got {value:g}")
        if own == 0:
            raise ValueError(f"sensor.{name} is 0{unit}, so that no other can be told from it")
        changes[name] = value
    if sensor.iso is not None and iso is not None:
        changes["system_gain"] = sensor.system_gain * (iso / sensor.iso)
    if sensor.exposure_time is not None and exposure_time is not None and sensor.exposure is not None:
        changes["exposure"] = sensor.exposure * (exposure_time / sensor.exposure_time)
    return changes
