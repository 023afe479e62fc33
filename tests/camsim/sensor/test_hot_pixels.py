"""Hot and stuck pixels: how many, how strong, which."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from scipy import stats
from torch import Tensor

from camsim.sensor import SensorModule, chosen_pixels, hot_rates, stick

from .sensors import sensor

HOT = {"fraction": 0.02, "median": 300.0, "spread": 0.8}
WARM = {"temperature": 41.0, "reference_temperature": 25.0, "doubling": 8.0}


def number(value: float) -> Tensor:
    return torch.tensor(value, dtype=torch.float64)


@pytest.mark.parametrize("share", [0.0, 1e-4, 0.03, 0.5, 1.0])
def test_a_share_of_the_pixels_is_chosen(share: float) -> None:
    chosen = chosen_pixels(number(share), 5, "any", 600, 700)
    assert set(chosen.unique().tolist()) <= {0.0, 1.0}
    assert abs(chosen.mean().item() - share) <= 4 * (share * (1 - share) / chosen.numel()) ** 0.5


def test_who_is_chosen_depends_on_unit_effect_and_place_alone() -> None:
    whole = chosen_pixels(number(0.1), 5, "any", 60, 70)
    assert torch.equal(chosen_pixels(number(0.1), 5, "any", 31, 23), whole[..., :31, :23])
    assert not torch.equal(chosen_pixels(number(0.1), 6, "any", 60, 70), whole)
    assert not torch.equal(chosen_pixels(number(0.1), 5, "other", 60, 70), whole)
    assert (chosen_pixels(number(0.2), 5, "any", 60, 70) >= whole).all()


def test_strengths_are_log_normal() -> None:
    rates = hot_rates(number(0.05), number(300.0), number(0.8), 1, 500, 500)
    hot = rates[rates > 0].numpy()
    assert abs(hot.size / rates.numel() - 0.05) < 4 * (0.05 * 0.95 / rates.numel()) ** 0.5
    assert stats.kstest(np.log(hot / 300) / 0.8, "norm").pvalue > 0.001


@pytest.mark.parametrize(("more", "seconds"), [({}, 1.0), (WARM, 4.0), ({"dark_current": 50.0}, 1.0)])
def test_they_follow_time_and_temperature_beside_the_dark_current(more: dict[str, Any], seconds: float) -> None:
    camera = SensorModule(sensor(hot_pixels=HOT, exposure_time=0.5, unit=3, bit_depth=16, white_level=6e4, **more))
    dark = (camera(torch.zeros(1, 3, 50, 60, dtype=torch.float64), None, [0]) - 500) / 1.5
    rates = hot_rates(number(0.02), number(300.0), number(0.8), 3, 50, 60) + more.get("dark_current", 0.0)
    expected = (rates * 0.5 * seconds).clamp_max(9000)
    assert (dark - expected).abs().max() < 0.5 / 1.5 + 1e-9
    assert (expected > more.get("dark_current", 0.0) / 2).sum() > 30


def test_they_come_with_shot_noise() -> None:
    spec = sensor(hot_pixels={"fraction": 1.0, "median": 400.0, "spread": 0.0}, exposure_time=1.0)
    with torch.no_grad():
        dn = SensorModule(spec)(torch.zeros(1, 3, 300, 300, dtype=torch.float64), 7, [0]).numpy()
    variance = 1.5**2 * 400 + 1 / 12
    assert abs(dn.mean() - 1100) < 4 * (variance / dn.size) ** 0.5
    assert abs(dn.var() / variance - 1) < 4 * (2 / dn.size) ** 0.5


def test_stuck_pixels_give_the_ends_of_the_range_whatever_the_light() -> None:
    camera = SensorModule(sensor(stuck_pixels={"low": 0.05, "high": 0.03}, unit=2))
    shots = [camera(torch.full((1, 3, 200, 200), level, dtype=torch.float64), None, [0]) for level in (0.1, 0.7)]
    for value, share in ((0.0, 0.05 * 0.97), (16383.0, 0.03)):
        where = shots[0] == value
        assert torch.equal(shots[1] == value, where)
        assert abs(where.double().mean().item() - share) < 4 * (share / where.numel()) ** 0.5


def test_gradients() -> None:
    inputs = (number(300.0).requires_grad_(), number(0.8).requires_grad_())
    assert torch.autograd.gradcheck(lambda *given: hot_rates(number(0.3), *given, 1, 6, 7), inputs)
    share = number(0.1).requires_grad_()
    hot_rates(share, number(300.0), number(0.8), 1, 300, 300).mean().backward()
    assert share.grad is not None
    spread = 300 * np.exp(0.32) * np.sqrt(np.exp(0.64) - 1) / 300  # standard error of the mean of log-normal numbers
    assert share.grad.item() == pytest.approx(300 * np.exp(0.32), abs=4 * spread)
    dn = torch.full((1, 1, 50, 50), 100.0, dtype=torch.float64, requires_grad=True)
    low, high = number(0.1).requires_grad_(), number(0.2).requires_grad_()
    out = stick(dn, low, high, 0, 4095)
    out.sum().backward()
    assert dn.grad is not None
    assert torch.equal(dn.grad != 0, out == 100)
    assert low.grad is not None
    assert low.grad < 0
    assert high.grad is not None
    assert high.grad > 0


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"hot_pixels": HOT}, "hot_pixels needs exposure_time"),
        ({"hot_pixels": HOT | {"fraction": 1.5}, "exposure_time": 1.0}, "fraction"),
        ({"hot_pixels": {"fraction": 0.1}, "exposure_time": 1.0}, "median"),
        ({"hot_pixels": HOT, "exposure_time": 1.0, "temperature": 20.0}, "temperature given without reference"),
        ({"stuck_pixels": {"low": 0.6, "high": 0.5}}, "more than all"),
        ({"unit": 3}, "unit changes nothing without prnu or dsnu"),
    ],
)
def test_what_makes_no_sense_is_refused(changes: dict[str, Any], match: str) -> None:
    with pytest.raises(ValidationError, match=match):
        sensor(**changes)
