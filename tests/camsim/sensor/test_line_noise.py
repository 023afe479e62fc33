"""Row and column noise."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from scipy import stats
from torch import Tensor

from camsim.sensor import column_noise, noise_keys, row_noise

Effect = Callable[[Tensor, Tensor, Tensor], Tensor]
KEYS = noise_keys(0, ["a", "b"], "row")
CASES = pytest.mark.parametrize(("effect", "along", "across"), [(row_noise, 2, 3), (column_noise, 3, 2)])


def sigma(value: float) -> Tensor:
    return torch.tensor(value, dtype=torch.float64)


@CASES
def test_a_line_shares_one_gaussian_number(effect: Effect, along: int, across: int) -> None:
    size = [2, 1, 5, 5]
    size[along] = 4000
    noise = effect(torch.zeros(size, dtype=torch.float64), sigma(2.5), KEYS)
    lines = noise.select(across, 0)
    assert torch.equal(noise, lines.unsqueeze(across).expand(size))
    numbers = (lines / 2.5).numpy().ravel()
    assert stats.kstest(numbers, "norm").pvalue > 0.001
    assert abs(torch.corrcoef(lines[:, 0])[0, 1]) < 4 / 4000**0.5


@CASES
def test_a_line_keeps_its_number_in_a_smaller_frame(effect: Effect, along: int, across: int) -> None:
    whole = effect(torch.zeros(2, 1, 37, 41), torch.tensor(1.0), KEYS)
    part = effect(torch.zeros(2, 1, 5, 3), torch.tensor(1.0), KEYS)
    assert torch.equal(part, whole[..., :5, :3])


@CASES
def test_zero_changes_nothing_and_both_precisions_agree(effect: Effect, along: int, across: int) -> None:
    light = torch.rand(2, 1, 5, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert torch.equal(effect(light, sigma(0.0), KEYS), light)
    single = effect(light.float(), torch.tensor(2.0), KEYS)
    assert (single.double() - effect(light, sigma(2.0), KEYS)).abs().max() < 1e-5


@CASES
def test_gradient(effect: Effect, along: int, across: int) -> None:
    inputs = (torch.zeros(2, 1, 3, 4, dtype=torch.float64, requires_grad=True), sigma(1.3).requires_grad_())
    assert torch.autograd.gradcheck(lambda light, strength: effect(light, strength, KEYS), inputs)
