"""Noise behind the amplifier: exact variance, and read noise that falls with the gain."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

from camsim.sensor import SensorModule, adc_noise, noise_keys

from .sensors import sensor


def sigma(value: float) -> Tensor:
    return torch.tensor(value, dtype=torch.float64)


def test_it_is_gaussian_of_the_stated_rms() -> None:
    noise = adc_noise(torch.zeros(1, 1, 300, 300, dtype=torch.float64), sigma(2.5), noise_keys(0, ["a"], "adc"))
    assert stats.kstest(noise.numpy().ravel() / 2.5, "norm").pvalue > 0.001


def test_it_has_nothing_in_common_with_the_read_noise() -> None:
    dark = torch.zeros(1, 1, 200, 200)
    pair = [adc_noise(dark, torch.tensor(1.0), noise_keys(0, ["a"], draw)).flatten() for draw in ("adc", "pixel")]
    assert abs(torch.corrcoef(torch.stack(pair))[0, 1]) < 4 / 200


@pytest.mark.parametrize("gain", [1.0, 4.0, 16.0])
def test_referred_to_the_pixel_it_falls_with_the_analogue_gain(gain: float) -> None:
    """sigma_d^2 = read^2 + (adc / K)^2 + rounding, as a photon transfer finds it."""
    camera = SensorModule(sensor(adc_noise=3.0, read_noise=2.0, analog_gain=gain))
    with torch.no_grad():
        dn = camera(torch.zeros(1, 3, 400, 400, dtype=torch.float64), 1, [0]).numpy()
    k = 1.5 * gain
    expected = 4 + (3.0 / k) ** 2 + 1 / 12 / k**2
    assert abs(dn.var() / k**2 / expected - 1) < 4 * np.sqrt(2 / dn.size)


def test_gradient_and_both_precisions() -> None:
    keys = noise_keys(0, [0, 1], "adc")
    dn = torch.ones(2, 1, 3, 4, dtype=torch.float64, requires_grad=True)
    inputs = (dn, sigma(1.3).requires_grad_())
    assert torch.autograd.gradcheck(lambda image, strength: adc_noise(image, strength, keys), inputs)
    single = adc_noise(dn.detach().float(), torch.tensor(1.3), keys)
    assert (single - adc_noise(dn.detach(), sigma(1.3), keys)).abs().max() < 1e-5
