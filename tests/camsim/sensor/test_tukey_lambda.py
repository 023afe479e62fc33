"""Read noise of Tukey's lambda distribution, against scipy's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

from camsim.sensor import noise_keys, tukey_deviation, tukey_lambda_noise, tukey_quantile

SHAPES = (-0.45, -0.24, -0.1, -1e-3, 0.0, 1e-9, 5e-4, 1e-3, 0.14, 0.5, 1.0)
REAL = (-0.228571, -0.1, 0.142857)
"""Of a Nikon D850 and a Canon EOS 5D Mark IV, as Wei et al. fitted them."""


def number(value: float) -> Tensor:
    return torch.tensor(value, dtype=torch.float64)


def drawn(shape: float, sigma: float = 1.0, size: int = 500, dtype: torch.dtype = torch.float64) -> Tensor:
    dark = torch.zeros(1, 1, size, size, dtype=dtype)
    return tukey_lambda_noise(dark, number(sigma).to(dtype), number(shape).to(dtype), noise_keys(3, ["a"]))


@pytest.mark.parametrize("shape", SHAPES)
def test_quantiles_and_deviation_are_scipys(shape: float) -> None:
    chance = np.array([1e-6, 1e-3, 0.02, 0.3, 0.5, 0.9, 0.999, 1 - 1e-6])
    found = tukey_quantile(torch.tensor(stats.norm.ppf(chance)), number(shape))
    np.testing.assert_allclose(found.numpy(), stats.tukeylambda.ppf(chance, shape), rtol=1e-9, atol=1e-12)
    if not 0 < abs(shape) < 1e-2:  # where scipy's variance is an approximation to about eight digits
        assert tukey_deviation(number(shape)).item() == pytest.approx(stats.tukeylambda.std(shape), rel=1e-9)
    assert tukey_deviation(number(shape)).item() == pytest.approx(stats.tukeylambda.std(shape), rel=1e-5)


@pytest.mark.parametrize("shape", REAL)
def test_the_draws_follow_the_distribution_and_keep_the_rms(shape: float) -> None:
    noise = drawn(shape, 3.0).numpy().ravel()
    unit = noise / 3 * stats.tukeylambda.std(shape)
    assert stats.kstest(unit, stats.tukeylambda(shape).cdf).pvalue > 0.001
    kurtosis = float(stats.tukeylambda.stats(shape, moments="k"))
    assert abs(noise.mean()) < 4 * 3 / noise.size**0.5
    assert abs(noise.var() / 9 - 1) < 4 * ((kurtosis + 2) / noise.size) ** 0.5


def test_tails_are_heavier_the_lower_the_shape() -> None:
    far = [int((drawn(shape).abs() > 4.5).sum()) for shape in (0.142857, -0.1, -0.2)]
    assert far[0] < 10 < far[1] < far[2]


def test_with_a_shape_of_nearly_a_seventh_it_is_nearly_the_gaussian_draw() -> None:
    assert stats.kstest(drawn(0.1349).numpy().ravel(), "norm").statistic < 0.003


def test_precisions_batches_and_sizes_agree() -> None:
    keys = noise_keys(0, ["a", "b", 3])
    dark = torch.zeros(3, 1, 7, 9)
    whole = tukey_lambda_noise(dark, torch.tensor(2.0), torch.tensor(-0.2), keys)
    for i in range(3):
        alone = tukey_lambda_noise(dark[:1], torch.tensor(2.0), torch.tensor(-0.2), keys[i : i + 1])
        assert torch.equal(alone, whole[i : i + 1])
    double = tukey_lambda_noise(dark.double(), number(2.0), number(-0.2), keys)
    assert (whole - double).abs().max() < 1e-5


@pytest.mark.parametrize("shape", [-0.3, -1e-4, 0.0, 0.2])
def test_gradient(shape: float) -> None:
    keys = noise_keys(0, [0, 1])
    inputs = (
        torch.ones(2, 1, 3, 4, dtype=torch.float64, requires_grad=True),
        number(1.3).requires_grad_(),
        number(shape).requires_grad_(),
    )
    assert torch.autograd.gradcheck(lambda *given: tukey_lambda_noise(*given, keys), inputs, atol=1e-7, rtol=1e-5)
