"""Blooming: charge is conserved, and goes where a slow simulation says."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from pydantic import ValidationError
from torch import Tensor

from camsim.sensor import SensorModule, bloom, saturate

from .sensors import sensor

WELL = 100.0


def number(value: float) -> Tensor:
    return torch.tensor(value, dtype=torch.float64)


def charge(seed: int, height: int = 40, width: int = 30, batch: int = 1) -> Tensor:
    """Mostly half full, a few pixels far beyond full, none near the edges."""
    generator = torch.Generator().manual_seed(seed)
    light = 100 * torch.rand(batch, 1, height, width, dtype=torch.float64, generator=generator)
    bright = torch.rand(batch, 1, height, width, generator=generator) < 0.02
    bright[..., :14, :] = bright[..., -14:, :] = False
    return torch.where(bright, 600.0, light)


def walked(column: NDArray[np.float64], drained: float) -> NDArray[np.float64]:
    """Packet by packet: each full pixel's half walks down, then each one's other half up; and the other way round."""

    def one_way(held: NDArray[np.float64], halves: NDArray[np.float64], step: int) -> None:
        order = range(len(held)) if step > 0 else range(len(held) - 1, -1, -1)
        # The packet nearest to the room comes first: those from further away fill what it leaves.
        for start in reversed(order):
            packet, place = halves[start], start + step
            while packet > 0 and 0 <= place < len(held):
                taken = min(packet, WELL - held[place])
                held[place] += taken
                packet -= taken
                place += step

    results = []
    for steps in ((1, -1), (-1, 1)):
        held = np.minimum(column, WELL)
        halves = (column - held) * (1 - drained) / 2
        for step in steps:
            one_way(held, halves, step)
        results.append(held)
    mean: NDArray[np.float64] = (results[0] + results[1]) / 2
    return mean


@pytest.mark.parametrize("drained", [0.0, 0.4, 1.0])
def test_it_is_what_packets_that_walk_give(drained: float) -> None:
    light = charge(0)
    found = bloom(light, number(WELL), number(drained))[0, 0].numpy()
    for column in range(light.shape[-1]):
        expected = walked(light[0, 0, :, column].numpy(), drained)
        np.testing.assert_allclose(found[:, column], expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["f32", "f64"])
@pytest.mark.parametrize("drained", [0.0, 0.25])
def test_charge_is_conserved_but_for_what_is_drained(drained: float, dtype: torch.dtype) -> None:
    light = charge(1).to(dtype)
    excess = (light - WELL).clamp_min(0).double().sum()
    held = bloom(light, number(WELL).to(dtype), number(drained).to(dtype)).double()
    lost = light.double().sum() - held.sum()
    assert lost.item() == pytest.approx(
        (drained * excess).item(), abs=1e-9 * light.sum().item() + 1e-3 * (dtype == torch.float32)
    )
    assert held.max() <= WELL


def test_what_leaves_the_frame_is_gone() -> None:
    light = torch.zeros(1, 1, 3, 1, dtype=torch.float64)
    light[0, 0, 0, 0] = 500.0
    assert bloom(light, number(WELL), number(0.0)).flatten().tolist() == [100, 100, 100]
    light[0, 0, 0, 0] = 300.0
    assert bloom(light, number(WELL), number(0.0)).flatten().tolist() == [100, 100, 0]


def test_trails_run_along_columns_and_are_the_same_upside_down() -> None:
    light = charge(2)
    held = bloom(light, number(WELL), number(0.0))
    torch.testing.assert_close(bloom(light.flip(-2), number(WELL), number(0.0)).flip(-2), held, rtol=0, atol=1e-10)
    untouched = (light <= WELL).all(dim=-2)
    assert untouched.any()
    assert torch.equal(held.movedim(-2, -1)[untouched], light.movedim(-2, -1)[untouched])
    spot = torch.zeros(1, 1, 9, 3, dtype=torch.float64)
    spot[0, 0, 4, 1] = 500.0
    assert bloom(spot, number(WELL), number(0.0))[0, 0, :, 1].tolist() == [0, 0, 100, 100, 100, 100, 100, 0, 0]


def test_all_drained_is_saturation() -> None:
    assert torch.equal(bloom(charge(3), number(WELL), number(1.0)), saturate(charge(3), number(WELL)))


def test_a_batch_equals_its_samples_to_the_bit() -> None:
    light = charge(4, batch=3).float()
    whole = bloom(light, torch.tensor(WELL), torch.tensor(0.1))
    for i in range(3):
        assert torch.equal(bloom(light[i : i + 1], torch.tensor(WELL), torch.tensor(0.1)), whole[i : i + 1])


def test_gradient() -> None:
    light = torch.tensor([20.0, 90.0, 430.0, 30.0, 55.0, 10.0, 180.0, 5.0], dtype=torch.float64).reshape(1, 1, 8, 1)
    inputs = (light.requires_grad_(), number(WELL).requires_grad_(), number(0.2).requires_grad_())
    assert torch.autograd.gradcheck(bloom, inputs)
    full = torch.zeros(1, 1, 9, 1, dtype=torch.float64)
    full[0, 0, 4, 0] = 330.0
    full.requires_grad_()
    bloom(full, number(WELL), number(0.0))[0, 0, 2].sum().backward()
    assert full.grad is not None
    assert full.grad[0, 0, :, 0].tolist() == [0, 0, 1, 1, 0.5, 0, 0, 0, 0]


def test_in_the_sensor() -> None:
    scene = torch.full((1, 3, 40, 8), 0.01, dtype=torch.float64)
    scene[..., 20, 4] = 10.0
    with torch.no_grad():
        plain, bloomed = (SensorModule(sensor(**more))(scene, 0, [0])[0, 0] for more in ({}, {"blooming": {}}))
    assert (bloomed[:, 4] > 13000).sum() == 9 > (plain[:, 4] > 13000).sum() == 1
    assert torch.equal(bloomed[:, :4], plain[:, :4])


@pytest.mark.parametrize("drained", [-0.1, 1.1])
def test_what_makes_no_sense_is_refused(drained: float) -> None:
    with pytest.raises(ValidationError, match="drained"):
        sensor(blooming={"drained": drained})
