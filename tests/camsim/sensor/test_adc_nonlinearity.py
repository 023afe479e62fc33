"""ADC nonlinearity: closed forms of the largest deviation, ends that stay, gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from camsim.sensor import SensorModule, bend, step_table, uneven_steps

from .sensors import sensor

FIELDS = ("bow", "s_bend", "ripple")


def number(value: float) -> Tensor:
    return torch.tensor(value, dtype=torch.float64)


def inl(dn: Tensor, **strengths: float) -> Tensor:
    return bend(dn, *(number(strengths.get(name, 0.0)) for name in FIELDS), 16, 4095) - dn


@pytest.mark.parametrize("name", FIELDS)
def test_the_largest_deviation_is_the_stated_one_and_the_ends_stay(name: str) -> None:
    dn = torch.linspace(0, 4095, 400_001, dtype=torch.float64)
    found = inl(dn, **{name: 3.0})
    assert found.abs().max().item() == pytest.approx(3.0, abs=1e-6)
    assert found[[0, -1]].abs().max() < 1e-9
    beyond = torch.tensor([-50.0, 5000.0], dtype=torch.float64)
    assert inl(beyond, **{name: 3.0}).abs().max() < 1e-9


def test_it_is_the_stated_sum() -> None:
    x = np.linspace(0, 1, 1001)
    expected = 3 * 4 * x * (1 - x) + 2 * x * (1 - x) * (1 - 2 * x) * 18 / np.sqrt(3) + 0.5 * np.sin(32 * np.pi * x)
    found = inl(torch.tensor(4095 * x), bow=3.0, s_bend=2.0, ripple=0.5)
    np.testing.assert_allclose(found.numpy(), expected, rtol=0, atol=1e-9)


def test_in_the_sensor_it_bends_the_mean_and_stays_monotone() -> None:
    bent = {"bow": 200.0, "s_bend": -90.0, "ripple": 20.0}
    camera = SensorModule(sensor(adc_nonlinearity=bent, full_well=2e4, exposure=11000.0))
    ramp = torch.linspace(0, 1, 5000, dtype=torch.float64).expand(1, 3, 2, 5000)
    dn = camera(ramp, None, [0])[0, 0, 0]
    assert (dn.diff() >= 0).all()
    straight = 500 + 1.5 * 11000 * ramp[0, 0, 0]
    expected = bend(straight, *(number(bent[name]) for name in FIELDS), 16, 16383).clamp(0, 16383)
    assert (dn - expected).abs().max() <= 0.5


def test_gradient() -> None:
    dn = torch.linspace(5, 4000, 7, dtype=torch.float64, requires_grad=True)
    inputs = (dn, *(number(value).requires_grad_() for value in (3.0, 1.0, 0.5)))
    assert torch.autograd.gradcheck(lambda *given: bend(*given, 16, 4095), inputs, eps=1e-4)


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"bow": 4096.0}, r"slope may stray by 1 of 1"),
        ({"ripple": 50.0, "ripple_periods": 100}, r"slope may stray by 1\.92 of 1"),
        ({"bow": 1e5}, "bow"),
        ({"ripple_periods": 0}, "ripple_periods"),
    ],
)
def test_what_makes_no_sense_is_refused(given: dict[str, Any], match: str) -> None:
    with pytest.raises(ValidationError, match=match):
        sensor(adc_nonlinearity=given)


def test_steps_have_the_stated_spread_of_widths_and_no_code_is_lost() -> None:
    """Histogram test: an even ramp falls on each code as often as its step is wide."""
    table = step_table(12)
    ramp = torch.linspace(-0.5, 4095.5, 4096 * 400 + 1, dtype=torch.float64)[:-1] + 0.5 / 400
    codes = uneven_steps(ramp, number(0.15), table).round().clamp(0, 4095)
    assert (codes.diff() >= 0).all()
    widths = torch.bincount(codes.long(), minlength=4096)[1:-1].double() / 400
    assert (widths > 0).all()
    assert widths.std().item() == pytest.approx(0.15, rel=4 / (2 * 4094) ** 0.5)
    assert (uneven_steps(ramp, number(0.0), table) == ramp).all()


def test_the_steps_are_the_same_whatever_the_picture() -> None:
    camera = SensorModule(sensor(adc_nonlinearity={"dnl": 0.2}))
    assert {name for name, _ in camera.named_parameters()} >= {"adc_nonlinearity.dnl"}
    assert not [name for name in camera.state_dict() if "table" in name]
    scene = torch.rand(3, 3, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        whole = camera(scene, 0, ["a", "b", "c"])
        assert torch.equal(camera(scene[1:2], 0, ["b"]), whole[1:2])
        plain = SensorModule(sensor())(scene, 0, ["a", "b", "c"])
    assert 0 < (whole - plain).abs().max() <= 1


def test_gradient_of_the_steps() -> None:
    dn = torch.tensor([3.2, 700.7, 4090.1], dtype=torch.float64, requires_grad=True)
    dnl = number(0.1).requires_grad_()
    assert torch.autograd.gradcheck(lambda *given: uneven_steps(*given, step_table(12)), (dn, dnl))
