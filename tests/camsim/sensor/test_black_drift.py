"""Black-level drift."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from pydantic import ValidationError
from scipy import stats

from camsim.sensor import BlackDrift, SensorModule, black_drift, noise_keys

from .sensors import sensor

CLIMATE = {"temperature": 45.0, "reference_temperature": 25.0}


def test_frames_have_one_gaussian_number_each() -> None:
    dn = torch.full((3000, 1, 3, 5), 7.0, dtype=torch.float64)
    moved = black_drift(dn, torch.tensor(2.5, dtype=torch.float64), noise_keys(1, range(3000), "black drift")) - dn
    assert (moved == moved[..., :1, :1]).all()
    assert stats.kstest(moved[:, 0, 0, 0].numpy() / 2.5, "norm").pvalue > 0.001


def test_a_frames_number_does_not_depend_on_its_size_or_batch() -> None:
    keys = noise_keys(1, ["a", "b", 3], "black drift")
    whole = black_drift(torch.zeros(3, 1, 9, 7), torch.tensor(1.0), keys)
    assert torch.equal(black_drift(torch.zeros(1, 1, 2, 2), torch.tensor(1.0), keys[1:2]), whole[1:2, :, :2, :2])


def test_in_the_sensor_it_moves_whole_frames_by_the_stated_dn() -> None:
    camera = SensorModule(sensor(black_drift={"sigma": 6.0}))
    with torch.no_grad():
        dn = camera(torch.zeros(2000, 3, 2, 2, dtype=torch.float64), 5, range(2000))[:, 0]
    assert (dn == dn[:, :1, :1]).all()
    frames = dn[:, 0, 0].numpy()
    variance = 36 + 1 / 12
    assert abs(frames.mean() - 500) < 4 * (variance / 2000) ** 0.5
    assert abs(frames.var() - variance) < 4 * variance * (2 / 2000) ** 0.5


def test_it_follows_the_temperature_without_noise_too() -> None:
    camera = SensorModule(sensor(black_drift={"per_kelvin": -0.7}, **CLIMATE))
    dn = camera(torch.zeros(1, 3, 2, 2, dtype=torch.float64), None, [0])
    assert (dn == 500 - 0.7 * 20).all()


def test_gradient() -> None:
    keys = noise_keys(0, [0, 1], "black drift")
    inputs = (
        torch.zeros(2, 1, 3, 4, dtype=torch.float64, requires_grad=True),
        torch.tensor(1.3, dtype=torch.float64, requires_grad=True),
    )
    assert torch.autograd.gradcheck(lambda dn, sigma: black_drift(dn, sigma, keys), inputs)
    camera = SensorModule(sensor(black_drift={"sigma": 2.0, "per_kelvin": 0.5}, **CLIMATE))
    camera(torch.zeros(1, 3, 2, 2, dtype=torch.float64), 0, [0]).sum().backward()
    drawn = camera.get_parameter("black_drift.sigma").grad
    assert drawn is not None
    assert drawn.abs() > 0.01
    assert camera.get_parameter("black_drift.per_kelvin").grad == pytest.approx(4 * 20)
    assert camera.get_parameter("temperature").grad == pytest.approx(4 * 0.5)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"black_drift": {}}, "needs sigma or per_kelvin"),
        ({"black_drift": {"sigma": -1.0}}, "sigma"),
        ({"black_drift": {"per_kelvin": 1.0}}, "per_kelvin needs temperature and reference_temperature"),
        ({"black_drift": {"sigma": 1.0}, **CLIMATE}, "temperature changes nothing"),
        ({"black_drift": {"per_kelvin": 1.0}, **CLIMATE, "doubling": 8.0}, "doubling changes nothing"),
    ],
)
def test_what_makes_no_sense_is_refused(changes: dict[str, Any], match: str) -> None:
    with pytest.raises(ValidationError, match=match):
        sensor(**changes)


def test_an_effect_is_a_part_with_knobs_of_its_own() -> None:
    spec = sensor(black_drift=BlackDrift(sigma=1.0))
    assert list(spec.parts()) == ["sensor", "sensor.black_drift"]
    turned = spec.with_parts({"sensor.black_drift": BlackDrift(sigma=2.0)})
    assert turned.black_drift == BlackDrift(sigma=2.0)
    assert {name for name, _ in SensorModule(spec).named_parameters()} > {"black_drift.sigma"}
