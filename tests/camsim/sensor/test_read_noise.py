"""Read noise."""

from __future__ import annotations

import numpy as np
import torch
from scipy import stats

from camsim.sensor import read_noise


def draw(sigma: float, seed: int = 0, size: int = 200, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    clean = torch.full((1, 1, size, size), 10.0, dtype=dtype)
    return read_noise(clean, torch.tensor(sigma, dtype=dtype), [torch.Generator().manual_seed(seed)])


def test_it_is_gaussian_of_the_given_strength() -> None:
    noise = (draw(2.5) - 10).numpy().ravel() / 2.5
    assert stats.kstest(noise, "norm").pvalue > 0.001
    assert abs(noise.mean()) < 4 / np.sqrt(noise.size)
    assert abs(noise.var() - 1) < 4 * np.sqrt(2 / noise.size)


def test_none_at_zero() -> None:
    assert (draw(0.0) == 10).all()


def test_both_precisions_see_the_same_noise() -> None:
    assert (draw(2.0, dtype=torch.float32).double() - draw(2.0)).abs().max() < 1e-5


def test_it_is_differentiable_in_its_strength() -> None:
    sigma = torch.tensor(1.5, dtype=torch.float64, requires_grad=True)
    clean = torch.zeros(1, 1, 3, 4, dtype=torch.float64, requires_grad=True)

    def noisy(clean: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        return read_noise(clean, sigma, [torch.Generator().manual_seed(0)])

    assert torch.autograd.gradcheck(noisy, (clean, sigma))
