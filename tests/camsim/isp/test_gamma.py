"""Encodings against colour-science."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from camsim.isp import PowerGamma, gamma_power, gamma_srgb

DTYPES = pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-6)], ids=["f64", "f32"]
)


def number(value: float, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.tensor(value, dtype=dtype)


@DTYPES
def test_srgb(golden: Any, dtype: torch.dtype, tolerance: float) -> None:
    x = torch.from_numpy(golden("transfer")["x"]).to(dtype)
    ours = gamma_srgb(x.expand(1, 3, 1, -1))[0, 1, 0].numpy()
    np.testing.assert_allclose(ours, golden("transfer")["srgb_oetf"], rtol=0, atol=tolerance)


@DTYPES
def test_power(golden: Any, dtype: torch.dtype, tolerance: float) -> None:
    x = torch.from_numpy(golden("transfer")["x"]).to(dtype)
    ours = gamma_power(x, number(2.2, dtype)).numpy()
    np.testing.assert_allclose(ours, golden("transfer")["gamma22"], rtol=0, atol=tolerance)


def test_the_two_are_not_mixed_up() -> None:
    x = torch.full((1, 3, 1, 1), 0.01, dtype=torch.float64)
    assert (gamma_srgb(x) - gamma_power(x, number(2.2))).abs().min() > 0.02


def test_power_is_mirrored_for_negative_values() -> None:
    x = torch.tensor([0.5, 1e-3, 1e-7, 0.0, 2.0], dtype=torch.float64)
    torch.testing.assert_close(gamma_power(-x, number(2.2)), -gamma_power(x, number(2.2)), rtol=0, atol=0)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["f64", "f32"])
def test_the_slope_of_power_near_zero_is_that_of_the_chord(dtype: torch.dtype) -> None:
    """At 0 too: clipped shadows must not lose their gradient, nor get an infinite one."""
    x = torch.tensor([-1e-7, 0.0, 1e-7, 5e-7], dtype=dtype, requires_grad=True)
    gamma = number(2.2, dtype).requires_grad_()
    gamma_power(x, gamma).sum().backward()
    chord = 1e-6 ** (1 / 2.2) / 1e-6
    assert x.grad is not None
    assert x.grad.tolist() == pytest.approx([chord] * 4, rel=1e-4)
    assert gamma.grad is not None
    assert torch.isfinite(gamma.grad)


def test_srgb_follows_its_straight_part_below_zero() -> None:
    x = torch.full((1, 3, 1, 1), -0.1, dtype=torch.float64, requires_grad=True)
    y = gamma_srgb(x)
    y.sum().backward()
    assert y.flatten().tolist() == pytest.approx([-1.292] * 3)
    assert x.grad is not None
    assert x.grad.flatten().tolist() == pytest.approx([12.92] * 3)


@pytest.mark.parametrize("gamma", [0.0, 0.1, 5.1, -2.2])
def test_other_gammas_are_refused(gamma: float) -> None:
    with pytest.raises(ValueError, match=r"must lie in \[0.2, 5\]"):
        PowerGamma(gamma=gamma)
