"""Shot noise against the Poisson distribution."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from camsim.sensor import noise_keys, shot_noise


def draws(mean: float, size: int = 300, seed: int = 0, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return shot_noise(torch.full((1, 1, size, size), mean, dtype=dtype), noise_keys(seed, [0]))


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


@pytest.mark.parametrize("mean", [0.3, 6.0, 50.0, 3000.0])
def test_it_is_distributed_as_torch_poisson(mean: float) -> None:
    ours = draws(mean, size=400).flatten()
    theirs = torch.poisson(torch.full_like(ours, mean), generator=torch.Generator().manual_seed(1))
    edges = np.unique(np.quantile(torch.cat([ours, theirs]), np.linspace(0, 1, 30)))
    table = np.array([np.histogram(x, [*edges, np.inf])[0] for x in (ours, theirs)])
    assert stats.chi2_contingency(table[:, table.sum(0) > 0]).pvalue > 0.001


def test_each_sample_has_its_own_noise() -> None:
    mean = torch.full((2, 1, 8, 8), 50.0)
    both = shot_noise(mean, noise_keys(3, ["a", "b"]))
    assert not torch.equal(both[0], both[1])
    for i, sample in enumerate("ab"):
        assert torch.equal(both[i], shot_noise(mean[:1], noise_keys(3, [sample]))[0])


@pytest.mark.parametrize("size", [(1, 3), (3, 5), (4, 4), (1, 17), (130, 127)])
def test_a_pixel_depends_on_its_index_alone(size: tuple[int, int]) -> None:
    """Whatever the size, row after row; sizes below, at and above a vector and a tile."""
    pixels = size[0] * size[1]
    alone = shot_noise(torch.full((2, 1, *size), 20.0), noise_keys(0, [0, 1]))
    larger = shot_noise(torch.full((2, 1, 1, 20_000), 20.0), noise_keys(0, [0, 1]))
    assert torch.equal(alone.reshape(2, pixels), larger.reshape(2, -1)[:, :pixels])


def test_as_many_keys_as_samples() -> None:
    with pytest.raises(ValueError, match="one key for each of 2 samples"):
        shot_noise(torch.ones(2, 1, 4, 4), noise_keys(0, [0]))


def test_the_gradient_is_that_of_the_mean() -> None:
    mean = torch.full((1, 1, 4, 4), 20.0, requires_grad=True)
    shot_noise(mean, noise_keys(0, [0])).sum().backward()
    assert mean.grad is not None
    assert (mean.grad == 1).all()


def test_it_can_be_batched_over_exposures() -> None:
    light, keys = torch.rand(2, 1, 4, 6) * 30, noise_keys(0, [0, 1])
    exposures = torch.tensor([0.5, 1.0, 40.0])
    together = torch.func.vmap(lambda exposure: shot_noise(light * exposure, keys))(exposures)
    for i, exposure in enumerate(exposures):
        assert torch.equal(together[i], shot_noise(light * exposure, keys))


def test_it_can_be_compiled() -> None:
    light, keys = torch.rand(2, 1, 4, 6) * 30, noise_keys(0, [0, 1])
    compiled = torch.compile(shot_noise, backend="eager", fullgraph=True)
    assert torch.equal(compiled(light, keys), shot_noise(light, keys))
