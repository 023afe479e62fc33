"""Analogue-to-digital conversion."""

from __future__ import annotations

import numpy as np
import torch

from camsim.sensor import quantize


def test_rounds_half_to_even_and_limits() -> None:
    dn = torch.tensor([-3.0, -0.4, 0.5, 1.5, 2.5, 2.4999, 1022.5, 1023.4, 5000.0], dtype=torch.float64)
    assert quantize(dn, 10).tolist() == [0, 0, 0, 2, 2, 2, 1022, 1023, 1023]


def test_equals_numpy() -> None:
    dn = np.random.default_rng(0).uniform(-100, 5000, 10_000)
    for dtype in (np.float64, np.float32):
        values = dn.astype(dtype)
        ours = quantize(torch.from_numpy(values), 12).numpy()
        np.testing.assert_array_equal(ours, np.clip(np.rint(values), 0, 4095))


def test_the_gradient_goes_straight_through_inside_the_limits() -> None:
    dn = torch.tensor([-0.3, 0.2, 77.5, 254.9, 255.3], requires_grad=True)
    quantize(dn, 8).sum().backward()
    assert dn.grad is not None
    assert dn.grad.tolist() == [0, 1, 1, 1, 0]
