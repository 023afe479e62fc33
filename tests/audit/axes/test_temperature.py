"""Dark current over temperature."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import camsim
from audit.axes import AXES, axis_profiles
from camsim import Profile
from camsim.errors import CamsimError

CLIMATE = {"temperature": 30.0, "reference_temperature": 20.0, "doubling": 7.0}
DARK = {"dark_current": 40.0, "exposure_time": 2.0}


def device(**fields: Any) -> Profile:
    profile = camsim.load("machine-vision/imx250")
    sensor = profile.sensor.replace(fields)
    return Profile.model_validate(profile.model_copy(update={"sensor": sensor}).model_dump())


def dark_electrons(profile: Profile) -> float:
    with torch.no_grad():
        raw = camsim.compile(profile, dtype=torch.float64).capture(
            torch.zeros(1, 3, 128, 128, dtype=torch.float64), seed=2
        )
    sensor = profile.resolved_sensor()
    return float((raw.mean() / sensor.justification - sensor.black_level[0]) / sensor.system_gain)  # type: ignore[index]


@pytest.mark.parametrize(("temperature", "doublings"), [(20.0, 0), (27.0, 1), (48.0, 4)])
def test_dark_current_doubles_as_the_profile_says(temperature: float, doublings: int) -> None:
    (step,) = axis_profiles(device(**DARK, **CLIMATE), "temperature", [temperature])
    assert dark_electrons(step) == pytest.approx(80 * 2**doublings, rel=0.03)


def test_its_own_temperature_changes_nothing() -> None:
    own = device(**DARK, **CLIMATE)
    assert AXES["temperature"].own(own) == 30
    (same,) = axis_profiles(own, "temperature", [30])
    assert same.resolved_sensor() == own.resolved_sensor()
    assert len(axis_profiles(own, "temperature")) == 6


@pytest.mark.parametrize(
    ("fields", "words"), [({}, "states no dark current"), (DARK, "states a dark current but not how it grows")]
)
def test_without_dark_current_or_its_growth_it_is_refused(fields: dict[str, float], words: str) -> None:
    profile = device(**fields)
    assert AXES["temperature"].own(profile) is None
    with pytest.raises(CamsimError, match=words):
        axis_profiles(profile, "temperature")


def test_beyond_the_knobs_bounds_it_is_refused() -> None:
    with pytest.raises(CamsimError, match=r"@temperature=200: .*\[-60, 125\] degC"):
        axis_profiles(device(**DARK, **CLIMATE), "temperature", [200])


def test_hot_pixels_and_the_drift_of_the_pedestal_follow_too() -> None:
    sensor = camsim.load("machine-vision/imx250").sensor
    hot = {"hot_pixels": {"fraction": 0.01, "median": 2000.0, "spread": 0.0}, "exposure_time": 0.01}
    own = device(**hot, **CLIMATE, black_drift={"per_kelvin": -0.5})
    assert AXES["temperature"].own(own) == 30
    (step,) = axis_profiles(own, "temperature", [44])
    with torch.no_grad():
        raw = camsim.compile(step).capture(torch.zeros(1, 3, 100, 100), seed=None)
    pedestal = 240 - 0.5 * (44 - 20)
    warm = pedestal + sensor.system_gain * 2000 * 0.01 * 2 ** ((44 - 20) / 7)
    assert sorted(raw.unique().tolist()) == [pedestal, round(warm)]
    (drifting,) = axis_profiles(
        device(temperature=30.0, reference_temperature=20.0, black_drift={"per_kelvin": 1.0}), "temperature", [50]
    )
    assert (camsim.compile(drifting).capture(torch.zeros(1, 3, 4, 4), seed=None) == 240 + 30).all()
