"""A sensor between two others: some of its parts from one, the rest from the other."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from camsim.sensor import Sensor
from camsim.spec import four_sites

SCALE = ("cfa", "bit_depth", "container", "white_level")
"""What makes a DN of one sensor another quantity than a DN of the other."""
LEVELS, NOISE, EXPOSURE, RESPONSE = "levels", "noise", "exposure", "response"
_PATTERN = ("prnu", "dsnu", "stuck_pixels", "unit")
_WARMTH = ("dark_current", "hot_pixels", "exposure_time", "temperature", "reference_temperature", "doubling")
_READOUT = ("full_well", "blooming", "read_noise", "read_noise_shape", "row_noise", "column_noise")
NOISE_FIELDS = (*_READOUT, *_PATTERN, *_WARMTH, "rolling_shutter")
"""What goes from sensor to sensor with the part ``noise``."""
CONVERTER_FIELDS = ("analog_gain", "adc_noise", "digital_gain", "adc_nonlinearity", "black_drift", "hdr")
"""What goes with the part ``levels``, since it is stated in DN."""
LEVEL_FIELDS = ("cfa", "bit_depth", "container", "black_level", "white_level", *CONVERTER_FIELDS)
TOGETHER = {"fixed_pattern": _PATTERN, "dark_current": _WARMTH}
"""Fields that make sense only with one another: one part each."""
ALIKE = 1.25
"""Ratio of gains and of full wells up to which two sensors count as one with its knobs turned."""


def same_scale(first: Sensor, second: Sensor) -> bool:
    """Whether a DN means the same in both: same CFA, bit depth, container and white level. Resolved sensors."""
    return all(getattr(first, name) == getattr(second, name) for name in SCALE)


def one_device(first: Sensor, second: Sensor) -> bool:
    """Whether the two are one sensor with its knobs turned: one DN scale, and about the same electrons in it."""
    pairs = [(first.gain, second.gain), (first.full_well, second.full_well)]
    return same_scale(first, second) and all(1 / ALIKE <= a / b <= ALIKE for a, b in pairs)


def parts_that_differ(first: Sensor, second: Sensor) -> tuple[str, ...]:
    """The parts of two resolved sensors that differ and can be exchanged one by one.

    For `one_device` these are the fields themselves, some of them `TOGETHER`. Else a gain, a full well or an exposure
    of one sensor makes no sense in the other: a pixel of the one would be full where the other has hardly begun. The
    parts are then ``levels`` (`LEVEL_FIELDS`), ``noise`` (electrons that reach the white level, and `NOISE_FIELDS`),
    ``exposure`` (light as a share of what reaches the white level) and ``response``.
    """
    if one_device(first, second):
        homes = {field: part for part, fields in _together(first, second).items() for field in fields}
        differ = [name for name in type(first).model_fields if getattr(first, name) != getattr(second, name)]
        return tuple(dict.fromkeys(homes.get(name, name) for name in differ))
    mine, other = _natural(first), _natural(second)
    return tuple(name for name in (LEVELS, NOISE, EXPOSURE, RESPONSE) if mine[name] != other[name])


def mix(first: Sensor, second: Sensor, of_second: Set[str]) -> Sensor:
    """The first sensor with some parts (of `parts_that_differ`) of the second; both resolved.

    Raises:
        ValueError: these parts do not make a valid sensor together.
    """
    if not of_second:
        return first
    parts = parts_that_differ(first, second)
    if of_second >= set(parts):
        return second
    if one_device(first, second):
        fields = [field for part in of_second for field in fields_of(part, first, second)]
        return first.replace({name: getattr(second, name) for name in fields})
    mine, other = _natural(first), _natural(second)
    chosen = {name: (other if name in of_second else mine)[name] for name in mine}
    white_electrons, noise = chosen[NOISE]
    levels: dict[str, Any] = dict(chosen[LEVELS])
    return first.replace(
        levels
        | noise
        | {
            "system_gain": _span(levels["white_level"], levels["black_level"])
            / white_electrons
            / ((levels["analog_gain"] or 1) * (levels["digital_gain"] or 1)),
            "exposure": chosen[EXPOSURE] * white_electrons,
            "response": chosen[RESPONSE],
        }
    )


def fields_of(part: str, first: Sensor, second: Sensor) -> tuple[str, ...]:
    """The fields of a part of two sensors that are `one_device`."""
    return _together(first, second).get(part, (part,))


def _together(first: Sensor, second: Sensor) -> Mapping[str, tuple[str, ...]]:
    """`TOGETHER`, and with it what these two sensors couple beyond that."""
    sensors = (first, second)
    warmth: tuple[str, ...] = _WARMTH
    if any(sensor.black_drift is not None and sensor.black_drift.per_kelvin is not None for sensor in sensors):
        warmth = (*warmth, "black_drift")
    if any(sensor.rolling_shutter is not None for sensor in sensors):  # it may need the exposure time
        warmth = (*warmth, "rolling_shutter")
    if any(sensor.hot_pixels is not None for sensor in sensors):  # they belong to a unit and are warm
        return {"dark_current": (*warmth, *_PATTERN)}
    return {"fixed_pattern": _PATTERN, "dark_current": warmth}


def _natural(sensor: Sensor) -> dict[str, Any]:
    """A resolved sensor as parts that make sense beside those of a sensor with another DN scale."""
    if sensor.exposure is None:
        raise ValueError("needs a resolved sensor; see Profile.resolved_sensor")
    white_electrons = _span(sensor.white_level, sensor.black_level) / sensor.gain
    return {
        LEVELS: {name: getattr(sensor, name) for name in LEVEL_FIELDS},
        NOISE: (white_electrons, {name: getattr(sensor, name) for name in NOISE_FIELDS}),
        # Rounded, so that two sensors exposed to their white level count as exposed alike.
        EXPOSURE: round(sensor.exposure / white_electrons, 12),
        RESPONSE: sensor.response.model_dump(),
    }


def _span(white: Any, black: Any) -> float:
    """DN from black to white, mean over the CFA sites."""
    return sum(w - b for w, b in zip(four_sites(white), four_sites(black), strict=True)) / 4
