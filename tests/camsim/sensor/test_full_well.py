"""Full well."""

from __future__ import annotations

import torch

from camsim.sensor import saturate


def test_electrons_beyond_the_well_are_lost() -> None:
    electrons = torch.tensor([-2.0, 0.0, 99.5, 100.0, 100.5, 1e9])
    assert saturate(electrons, torch.tensor(100.0)).tolist() == [-2, 0, 99.5, 100, 100, 100]


def test_gradients_away_from_the_limit() -> None:
    electrons = torch.tensor([10.0, 90.0, 110.0, 500.0], dtype=torch.float64, requires_grad=True)
    well = torch.tensor(100.0, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(saturate, (electrons, well))
    saturate(electrons, well).sum().backward()
    assert electrons.grad is not None
    assert well.grad is not None
    assert electrons.grad.tolist() == [1, 1, 0, 0]
    assert well.grad.item() == 2
