"""Digital gain."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from camsim.sensor import SensorModule, digital_gain

from .sensors import sensor

BLACK = torch.tensor([60.0, 61.0, 62.0, 63.0], dtype=torch.float64)


def number(value: float) -> Tensor:
    return torch.tensor(value, dtype=torch.float64)


@pytest.mark.parametrize("gain", [1.0, 1.5, 2.0, 7.3])
@pytest.mark.parametrize("size", [(4, 6), (5, 7)], ids=["even", "odd"])
def test_it_multiplies_above_the_pedestal_of_each_site(gain: float, size: tuple[int, int]) -> None:
    dn = torch.randint(0, 4096, (2, 1, *size), generator=torch.Generator().manual_seed(0)).double()
    pedestal = np.resize([[60, 61], [62, 63]], (2, 2))[np.arange(size[0])[:, None] % 2, np.arange(size[1]) % 2]
    expected = np.clip(np.rint(pedestal + gain * (dn.numpy() - pedestal)), 0, 4095)
    assert np.array_equal(digital_gain(dn, number(gain), BLACK, 12).numpy(), expected)


def test_steps_grow_and_highlights_are_cut_off() -> None:
    camera = SensorModule(sensor(digital_gain=4.0, full_well=1e5))
    ramp = torch.linspace(0, 1.2, 4000, dtype=torch.float64).expand(1, 3, 2, 4000)
    dn = camera(ramp, None, [0])
    assert ((dn - 500) % 4 == 0)[dn < 16383].all()
    assert dn.max() == 16383
    assert (dn[ramp[:, :1] > 8000 / 8000 * (16383 - 500) / 6 / 8000] == 16383).all()


def test_the_exposure_left_out_just_reaches_white_with_all_gains() -> None:
    spec = sensor(exposure=None, analog_gain=2.0, digital_gain=3.0)
    assert spec.gain == 9
    assert spec.exposure == pytest.approx((16383 - 500) / 9)
    dn = SensorModule(spec)(torch.ones(1, 3, 2, 2, dtype=torch.float64), None, [0])
    assert (dn - 16383).abs().max() <= 3  # half a step of the ADC before the digital gain


def test_an_analogue_gain_is_a_system_gain() -> None:
    scene = torch.rand(1, 3, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    pair = [SensorModule(spec)(scene, 3, [0]) for spec in (sensor(analog_gain=2.0), sensor(system_gain=3.0))]
    assert torch.equal(*pair)


def test_gradient_is_that_of_the_line_within_the_limits() -> None:
    dn = torch.tensor([100.0, 1000.0, 4000.0, 10.0], dtype=torch.float64).reshape(1, 1, 2, 2).requires_grad_()
    gain, black = number(2.0).requires_grad_(), BLACK.clone().requires_grad_()
    digital_gain(dn, gain, black, 12).sum().backward()
    assert dn.grad is not None
    assert dn.grad.flatten().tolist() == [2, 2, 0, 0]
    assert gain.grad is not None
    assert gain.grad.item() == (100 - 60) + (1000 - 61)
    assert black.grad is not None
    assert black.grad.tolist() == [-1, -1, 0, 0]


@pytest.mark.parametrize("field", ["digital_gain", "analog_gain"])
@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), 1e6])
def test_what_makes_no_sense_is_refused(field: str, value: float) -> None:
    with pytest.raises(ValidationError, match=field):
        sensor(**{field: value})
