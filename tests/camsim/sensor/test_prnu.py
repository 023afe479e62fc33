"""Photo-response non-uniformity."""

from __future__ import annotations

import pytest
import torch

from camsim.sensor import fixed_pattern, prnu

LIGHT = 1000 * torch.rand(2, 1, 7, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def percent(value: float) -> torch.Tensor:
    return torch.tensor(value, dtype=torch.float64)


def test_its_strength_is_a_share_of_the_light() -> None:
    light = torch.full((1, 1, 256, 256), 4000.0, dtype=torch.float64)
    seen = prnu(light, percent(0.9), 2)
    assert (seen.std() / seen.mean() * 100).item() == pytest.approx(0.9, rel=0.02)
    assert torch.equal(prnu(torch.zeros_like(light), percent(0.9), 2), torch.zeros_like(light))


def test_zero_changes_nothing() -> None:
    assert torch.equal(prnu(LIGHT, percent(0.0), 0), LIGHT)


def test_all_samples_have_the_same_pattern() -> None:
    gain = prnu(LIGHT, percent(3.0), 1) / LIGHT
    torch.testing.assert_close(gain[0], gain[1])
    torch.testing.assert_close((gain[0] - 1) / 0.03, fixed_pattern(1, "prnu", 7, 9)[0].double())


def test_gradient() -> None:
    inputs = (LIGHT[:1, :, :3, :4].clone().requires_grad_(), percent(1.3).requires_grad_())
    assert torch.autograd.gradcheck(lambda light, share: prnu(light, share, 4), inputs)
