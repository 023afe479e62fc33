"""Electrons to DN."""

from __future__ import annotations

import torch

from camsim.sensor import amplify

GENERATOR = torch.Generator().manual_seed(0)


def test_equals_the_linear_model_at_each_site() -> None:
    electrons = torch.rand(2, 1, 3, 5, dtype=torch.float64, generator=GENERATOR) * 1000
    black = torch.tensor([60.0, 61.0, 62.0, 63.0], dtype=torch.float64)
    dn = amplify(electrons, torch.tensor(0.528, dtype=torch.float64), black)
    for y in range(3):
        for x in range(5):
            expected = 0.528 * electrons[:, 0, y, x] + 60 + 2 * (y % 2) + x % 2
            torch.testing.assert_close(dn[:, 0, y, x], expected, rtol=0, atol=1e-12)


def test_gradients() -> None:
    electrons = torch.rand(1, 1, 3, 4, dtype=torch.float64, generator=GENERATOR, requires_grad=True)
    gain = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    black = torch.rand(4, dtype=torch.float64, generator=GENERATOR, requires_grad=True)
    assert torch.autograd.gradcheck(amplify, (electrons, gain, black))
