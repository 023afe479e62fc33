"""Read noise."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from camsim.sensor import noise_keys, read_noise

KEYS = noise_keys(0, [0])


def draw(sigma: float, size: int = 200, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    clean = torch.full((1, 1, size, size), 10.0, dtype=dtype)
    return read_noise(clean, torch.tensor(sigma, dtype=dtype), KEYS)


def test_it_is_gaussian_of_the_given_strength() -> None:
    noise = (draw(2.5) - 10).numpy().ravel() / 2.5
    assert stats.kstest(noise, "norm").pvalue > 0.001
    assert abs(noise.mean()) < 4 / np.sqrt(noise.size)
    assert abs(noise.var() - 1) < 4 * np.sqrt(2 / noise.size)


def test_none_at_zero() -> None:
    assert (draw(0.0) == 10).all()


def test_both_precisions_see_the_same_noise() -> None:
    assert (draw(2.0, dtype=torch.float32).double() - draw(2.0)).abs().max() < 1e-5


def test_as_many_keys_as_samples() -> None:
    with pytest.raises(ValueError, match="one key for each of 2 samples, got 1"):
        read_noise(torch.ones(2, 1, 4, 4), torch.tensor(1.0), KEYS)


def test_it_is_differentiable_in_its_strength() -> None:
    sigma = torch.tensor(1.5, dtype=torch.float64, requires_grad=True)
    clean = torch.zeros(1, 1, 3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda clean, sigma: read_noise(clean, sigma, KEYS), (clean, sigma))
