"""Shot noise against the Poisson distribution."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from camsim.sensor import shot_noise


def draws(mean: float, size: int = 300, seed: int = 0, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    generators = [torch.Generator().manual_seed(seed)]
    return shot_noise(torch.full((1, 1, size, size), mean, dtype=dtype), generators)


@pytest.mark.parametrize("mean", [0.05, 0.7, 3.0, 12.5])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["f32", "f64"])
def test_low_counts_are_poisson(mean: float, dtype: torch.dtype) -> None:
    counts = draws(mean, dtype=dtype).numpy().ravel()
    assert np.array_equal(counts, counts.round())
    top = int(stats.poisson.isf(1e-4, mean))  # bins expected to hold at least a few draws
    observed = np.bincount(np.minimum(counts, top).astype(int), minlength=top + 1)
    expected = counts.size * stats.poisson.pmf(np.arange(top + 1), mean)
    expected[-1] = counts.size * stats.poisson.sf(top - 1, mean)
    assert stats.chisquare(observed, expected).pvalue > 0.001


@pytest.mark.parametrize("mean", [100.0, 5e4, 3e7])
def test_high_counts_have_the_mean_as_variance(mean: float) -> None:
    counts = draws(mean, dtype=torch.float64).numpy()
    n = counts.size
    assert abs(counts.mean() - mean) < 4 * np.sqrt(mean / n)
    assert abs(counts.var() - mean) < 4 * mean * np.sqrt(2 / n)


def test_no_light_no_electrons() -> None:
    for mean in (0.0, -5.0):  # negative: light outside the camera's gamut
        assert draws(mean, size=4).abs().max() == 0


def test_each_sample_has_its_own_generator() -> None:
    mean = torch.full((2, 1, 8, 8), 50.0)
    both = shot_noise(mean, [torch.Generator().manual_seed(seed) for seed in (0, 1)])
    assert torch.equal(both[0], draws(50.0, size=8, seed=0)[0])
    assert torch.equal(both[1], draws(50.0, size=8, seed=1)[0])


def test_as_many_generators_as_samples() -> None:
    with pytest.raises(ValueError, match="zip"):
        shot_noise(torch.ones(2, 1, 4, 4), [torch.Generator()])


def test_the_gradient_is_that_of_the_mean() -> None:
    mean = torch.full((1, 1, 4, 4), 20.0, requires_grad=True)
    shot_noise(mean, [torch.Generator()]).sum().backward()
    assert mean.grad is not None
    assert (mean.grad == 1).all()
