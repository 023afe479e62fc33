"""Dark current."""

from __future__ import annotations

import pytest
import torch

from camsim.sensor import dark_electrons


def number(value: float) -> torch.Tensor:
    return torch.tensor(value, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize(("temperature", "factor"), [(25.0, 1.0), (33.0, 2.0), (49.0, 8.0), (17.0, 0.5)])
def test_it_doubles(temperature: float, factor: float) -> None:
    found = dark_electrons(number(12.0), number(0.5), number(temperature), number(25.0), number(8.0))
    assert found.item() == pytest.approx(6 * factor, rel=1e-12)


def test_gradient() -> None:
    inputs = tuple(number(value) for value in (12.0, 0.5, 31.0, 25.0, 7.0))
    assert torch.autograd.gradcheck(dark_electrons, inputs)
