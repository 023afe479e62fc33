"""Other ISO speeds and exposure times of a device."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import camsim
from audit.axes.iso import at_iso
from camsim.sensor import SensorModule, setting_changes

from .sensors import sensor

SETTING = {"iso": 100.0, "exposure_time": 0.01}


def profile(**more: Any) -> camsim.Profile:
    own = camsim.load("machine-vision/imx250")
    return own.model_copy(update={"sensor": own.sensor.replace({**SETTING, "adc_noise": 1.5} | more)})


def test_gain_goes_with_the_speed_and_electrons_with_the_time() -> None:
    spec = sensor(**SETTING)
    assert setting_changes(spec, iso=400.0) == {"iso": 400.0, "system_gain": 6.0}
    assert setting_changes(spec, exposure_time=0.0025) == {"exposure_time": 0.0025, "exposure": 2000.0}
    assert setting_changes(spec) == {}


def test_a_picture_gets_brighter_with_either_and_stays_with_both() -> None:
    device = profile(dark_current=5000.0, read_noise=0.0)
    scene = torch.full((1, 3, 4, 4), 0.05)
    black = torch.tensor(240.0)

    def shot(**setting: float) -> torch.Tensor:
        return camsim.compile(device.at(**setting), dtype=torch.float64).capture(scene, seed=None) - black

    own = shot()
    for setting, factor in (
        ({"iso": 400.0}, 4),
        ({"exposure_time": 0.04}, 4),
        ({"iso": 400.0, "exposure_time": 0.0025}, 1),
    ):
        assert (shot(**setting) - factor * own).abs().max() <= (factor + 1) / 2


def test_read_noise_falls_with_the_speed_where_the_adc_has_a_part_in_it() -> None:
    device = profile()
    found = []
    for iso in (100.0, 400.0, 1600.0):
        spec = device.at(iso=iso).resolved_sensor()
        with torch.no_grad():
            dn = SensorModule(spec)(torch.zeros(1, 3, 300, 300, dtype=torch.float64), 1, [0]).numpy()
        k = 0.3571 * iso / 100
        expected = np.sqrt(2.45**2 + (1.5**2 + 1 / 12) / k**2)
        found.append(dn.std() / k)
        assert abs(found[-1] / expected - 1) < 4 / np.sqrt(2 * dn.size)
    assert found[0] > 1.5 * found[1] > 1.5 * found[2]


def test_it_is_the_drift_axis_without_its_metering() -> None:
    device = profile()
    turned, both = (
        at_iso(device, 800.0).resolved_sensor(),
        device.at(iso=800.0, exposure_time=0.01 / 8).resolved_sensor(),
    )
    assert turned.system_gain == pytest.approx(both.system_gain, rel=1e-12)
    assert turned.exposure == pytest.approx(both.exposure, rel=1e-12)
    assert turned.iso == both.iso == 800


def test_the_copy_says_where_its_numbers_come_from_and_keeps_the_rest() -> None:
    device = profile()
    other = device.at(iso=200.0, name="two/hundred")
    assert other.name == "two/hundred"
    assert other.provenance["sensor.system_gain"].source == "machine-vision/imx250 at ISO 200, by its own setting"
    assert other.provenance["sensor.system_gain"].status == "derived"
    assert other.resolved_isp() == device.resolved_isp()
    assert device.at(iso=100.0).resolved_sensor() == device.resolved_sensor()


@pytest.mark.parametrize(
    ("own", "setting", "match"),
    [
        ({"iso": None}, {"iso": 200.0}, r"sensor\.iso is not stated"),
        ({"exposure_time": None}, {"exposure_time": 1.0}, r"sensor\.exposure_time is not stated"),
        ({"exposure_time": 0.0}, {"exposure_time": 1.0}, r"exposure_time is 0 s"),
        ({}, {"iso": -1.0}, "iso must be above 0, got -1"),
        ({}, {"exposure_time": 0.0}, "exposure_time must be above 0 s, got 0"),
        ({}, {"iso": float("nan")}, "iso must be above 0"),
        ({}, {"iso": 1e9}, "system_gain"),
    ],
)
def test_what_makes_no_sense_is_refused(own: dict[str, Any], setting: dict[str, float], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        profile(**own).at(**setting)
