"""Emulated devices in the laboratory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import camsim
from camsim.errors import CamsimError
from camsim.sensor import Sensor
from camsim.validation import Quantity, Validation, validate
from camsim.validation.bench import Bench

EFFECTS = {
    **{"row_noise": 1.5, "column_noise": 0.8, "prnu": 0.8, "dsnu": 1.2, "unit": 3, "dark_current": 20.0},
    **{"exposure_time": 0.1, "temperature": 45.0, "reference_temperature": 25.0, "doubling": 8.0},
}


def device(name: str = "board/rpi-hq-imx477", **changes: Any) -> camsim.Profile:
    profile = camsim.load(name)
    return profile.model_copy(update={"sensor": profile.sensor.replace(changes)})


def by_name(found: Validation) -> dict[str, Quantity]:
    return {quantity.name: quantity for quantity in found.quantities}


@pytest.fixture(scope="module")
def plain() -> Validation:
    return validate("board/rpi-hq-imx477")


def test_a_plain_sensor_is_what_its_profile_says(plain: Validation) -> None:
    assert plain.passed
    assert {quantity.status for quantity in plain.quantities} == {"within"}
    assert len(plain.levels) == 26
    tolerances = {name: (quantity.tolerance, quantity.scale) for name, quantity in by_name(plain).items()}
    assert tolerances["system gain K"] == (1, "%")
    assert tolerances["temporal dark noise"] == (2, "%")
    assert tolerances["linearity error"] == (0.2, "absolute")
    assert tolerances["SNR at saturation"] == tolerances["dynamic range"] == (0.3, "dB")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_well_that_is_full_below_the_adcs_limit(seed: int) -> None:
    """Beyond saturation the variance is read noise alone, and its own ups and downs must not count as a maximum."""
    assert validate("still/sony-a7s2", seed=seed).passed


def test_every_effect_is_found_again() -> None:
    found = validate(device(**EFFECTS))
    assert found.passed
    quantities = by_name(found)
    assert {quantity.status for quantity in quantities.values()} == {"within"}
    warm = 20 * 0.1 * 2 ** (20 / 8)
    assert quantities["temporal dark noise"].stated == pytest.approx(np.sqrt(9 + 1.5**2 + 0.8**2 + warm))
    assert quantities["DSNU1288"].tolerance == quantities["PRNU1288"].tolerance == 5
    assert quantities["dark current"].stated == pytest.approx(warm / 0.1)


def test_the_same_seed_gives_the_same_figures(plain: Validation) -> None:
    small = [validate("board/rpi-hq-imx477", size=64, seed=seed) for seed in (1, 1, 2)]
    assert small[0] == small[1]
    assert small[0] != small[2]


@pytest.mark.parametrize(
    ("name", "changes", "why"),
    [
        ("automotive/imx490", {}, "hidden by the ADC, whose step is 29.3 e-"),
        ("board/rpi-hq-imx477", {"read_noise": 0.9}, "blurred by the ADC"),
        ("still/nikon-d5000", {}, "the black level is so low that the ADC cuts off"),
    ],
    ids=["hidden", "blurred", "cut off"],
)
def test_what_cannot_be_measured_is_said(name: str, changes: dict[str, Any], why: str) -> None:
    found = validate(device(name, **changes))
    quantities = by_name(found)
    noise = quantities["temporal dark noise"]
    assert noise.status == "not measurable"
    assert noise.measured is None
    assert noise.note.startswith(why)
    assert quantities["dark variance"].status == "within"
    assert found.passed


def test_dsnu_below_the_step_of_the_adc() -> None:
    """Without noise that lifts it over the step, the ADC leaves nothing of it, or too much."""
    found = by_name(validate(device("automotive/imx490", dsnu=5.0), size=64))
    assert found["DSNU1288"].status == "not measurable"
    assert "the ADC, whose step is 29.3 e-, makes it" in found["DSNU1288"].note


def test_dark_current_too_small_for_an_hour() -> None:
    found = by_name(validate(device(dark_current=1e-6, exposure_time=0.01), size=64))
    assert found["dark current"].status == "not measurable"
    assert "too small: 3600 s" in found["dark current"].note


@pytest.mark.parametrize(
    ("changes", "outside"),
    [
        ({"system_gain": 0.482}, {"system gain K", "dark variance"}),
        ({"read_noise": 3.1}, {"temporal dark noise", "dark variance"}),
        ({"full_well": 7000.0}, {"saturation", "SNR at saturation", "dynamic range"}),
        ({"dsnu": 1.0}, {"DSNU1288"}),
        ({"prnu": 0.2}, {"PRNU1288"}),
        ({"exposure": 8400.0}, {"exposure"}),
    ],
    ids=["gain", "noise", "well", "DSNU", "PRNU", "exposure"],
)
def test_a_device_that_is_not_its_profile_fails(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], outside: set[str]
) -> None:
    """The bench holds another sensor than the profile that is judged, lit as that profile wants it."""
    use = Bench._use

    def exchanged(self: Bench, spec: Sensor) -> None:
        use(self, spec)
        light = self._light
        use(self, spec.replace(changes))
        self._light = light

    monkeypatch.setattr(Bench, "_use", exchanged)
    found = validate("board/rpi-hq-imx477")
    assert not found.passed
    assert {quantity.name for quantity in found.quantities if quantity.status == "outside"} >= outside


def test_a_bend_in_the_response_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = Bench.frames

    def bent(self: Bench, electrons: float, count: int, series: str) -> NDArray[np.float64]:
        return frames(self, electrons * (1 - 0.01 * electrons / 8000), count, series)

    monkeypatch.setattr(Bench, "frames", bent)
    assert by_name(validate("board/rpi-hq-imx477"))["linearity error"].status == "outside"


def test_wrong_input() -> None:
    for size in (62, 101):
        with pytest.raises(CamsimError, match="size must be even and at least 64 px"):
            validate("board/rpi-hq-imx477", size=size)
    singular = {"kind": "matrix", "matrix": [[1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]}
    with pytest.raises(CamsimError, match=r"sensor.response has no inverse"):
        validate(device(response=singular))
