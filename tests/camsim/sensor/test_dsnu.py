"""Dark-signal non-uniformity."""

from __future__ import annotations

import pytest
import torch

from camsim.sensor import dsnu, fixed_pattern

DARK = torch.zeros(2, 1, 7, 9, dtype=torch.float64)


def electrons(value: float) -> torch.Tensor:
    return torch.tensor(value, dtype=torch.float64)


def test_its_strength_does_not_depend_on_the_light() -> None:
    for light in (0.0, 5000.0):
        seen = dsnu(torch.full((1, 1, 256, 256), light, dtype=torch.float64), electrons(1.7), 0)
        assert seen.std().item() == pytest.approx(1.7, rel=0.02)
        assert seen.mean().item() == pytest.approx(light, abs=4 * 1.7 / 256)


def test_zero_changes_nothing() -> None:
    assert torch.equal(dsnu(DARK, electrons(0.0), 0), DARK)


def test_all_samples_have_the_same_pattern() -> None:
    offset = dsnu(DARK, electrons(2.0), 1)
    assert torch.equal(offset[0], offset[1])
    torch.testing.assert_close(offset[0] / 2, fixed_pattern(1, "dsnu", 7, 9)[0].double())


def test_gradient() -> None:
    inputs = (DARK[:1, :, :3, :4].clone().requires_grad_(), electrons(1.3).requires_grad_())
    assert torch.autograd.gradcheck(lambda light, sigma: dsnu(light, sigma, 4), inputs)
