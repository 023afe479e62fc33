"""The draws for GPUs, here on the CPU: those of the kernels."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numba import njit
from scipy import special

from camsim.kernels import counter, normal
from camsim.sensor import draws, draws_on_gpu
from camsim.sensor.random import noise_keys

KEYS = noise_keys(3, ["a", 5])


def test_words_are_those_of_the_kernels() -> None:
    index = torch.tensor([0, 1, 77, 2**32 - 1])
    of_pixel = njit(lambda place, key: counter.random_words_of_pixel(place, key))  # only kernels can call it
    for key, first, second in zip(KEYS.tolist(), *draws_on_gpu.words(KEYS, index), strict=True):
        unsigned = key % 2**64
        for place, found in zip(index.tolist(), zip(first.tolist(), second.tolist(), strict=True), strict=True):
            assert found == tuple(map(int, of_pixel(place, np.uint64(unsigned))))


def test_constants_are_those_of_the_kernels() -> None:
    assert (draws_on_gpu.MULTIPLIER, draws_on_gpu.WEYL) == (counter.MULTIPLIER, counter.WEYL)
    assert draws_on_gpu.ROUNDS == counter.ROUNDS
    assert int(normal.FINE_KEY) == draws_on_gpu.FINE_KEY % 2**64


def test_normal_numbers_are_those_of_the_kernels() -> None:
    theirs = draws.standard_normal(KEYS, 200, 300).reshape(2, -1).double()
    ours = draws_on_gpu.standard_normal(KEYS, 60_000)
    assert ours.dtype == torch.float32
    assert ((ours - theirs).abs() <= 1e-6 * theirs.abs() + 1e-7).all()


@pytest.mark.parametrize("mean", [0.0, 0.02, 0.7, 3.0, 11.9, 12.0, 60.0, 1000.0, 3e4, 1e6])
def test_counts_are_those_of_the_kernels(mean: float) -> None:
    means = torch.full((2, 1, 200, 300), mean)
    apart = draws_on_gpu.poisson_counts(means.reshape(2, -1), KEYS) - draws.poisson_counts(means, KEYS).reshape(2, -1)
    assert apart.abs().max() <= 1
    # float32 resolves no more of the Gaussian above 1e5
    assert (apart != 0).double().mean() < (5e-5 if mean <= 1e5 else 5e-4)


def test_counts_are_the_inverse_distribution_however_far_in_the_tail(monkeypatch: pytest.MonkeyPatch) -> None:
    p = torch.tensor([[1e-9, 1e-6, 0.01, 0.5, 0.5, 0.01, 1e-6, 1e-9]], dtype=torch.float64)
    lower = torch.tensor([[True] * 4 + [False] * 4])
    monkeypatch.setattr(draws_on_gpu, "_tail", lambda keys, index, effect: (p, lower))
    for mean in (0.5, 7.0, 200.0):
        counts = draws_on_gpu.poisson_counts(torch.full((1, 8), mean), KEYS[:1])[0].tolist()
        for count, probability, low in zip(counts, p[0].tolist(), lower[0].tolist(), strict=True):
            reached = special.pdtr(count, mean) >= probability if low else special.pdtrc(count, mean) <= probability
            one_less = special.pdtr(count - 1, mean) if count else 0.0
            less = one_less >= probability if low else (count > 0 and special.pdtrc(count - 1, mean) <= probability)
            assert reached
            assert not less


def test_negative_means_count_nothing_and_parts_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    means = torch.linspace(-5, 40, 1000).repeat(2, 1)
    whole = draws_on_gpu.poisson_counts(means, KEYS)
    assert (whole[:, :111] == 0).all()
    monkeypatch.setattr(draws_on_gpu, "AT_ONCE", 2 * 37)
    assert torch.equal(draws_on_gpu.poisson_counts(means, KEYS), whole)
    assert math.isclose(whole[:, 111:].mean().item(), 20, rel_tol=0.05)
