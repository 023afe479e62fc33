"""Encodings against colour-science."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from camsim.isp import CurveGamma, PowerGamma, gamma_bt709, gamma_curve, gamma_power, gamma_srgb

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


@DTYPES
def test_bt709(golden: Any, dtype: torch.dtype, tolerance: float) -> None:
    x = torch.from_numpy(golden("transfer")["x"]).to(dtype)
    np.testing.assert_allclose(gamma_bt709(x).numpy(), golden("transfer")["bt709_oetf"], rtol=0, atol=tolerance)


@DTYPES
@pytest.mark.parametrize("count", [2, 3, 17, 4096])
def test_curve_equals_numpy(count: int, dtype: torch.dtype, tolerance: float) -> None:
    rng = np.random.default_rng(count)
    samples = np.sort(rng.uniform(size=count))
    x = np.concatenate([rng.uniform(size=500), np.linspace(0, 1, count)])
    ours = gamma_curve(torch.from_numpy(x).to(dtype), torch.from_numpy(samples).to(dtype)).numpy()
    np.testing.assert_allclose(ours, np.interp(x, np.linspace(0, 1, count), samples), rtol=0, atol=tolerance)


def test_curve_goes_on_straight_outside() -> None:
    samples = torch.tensor([0.1, 0.5, 0.9, 1.0], dtype=torch.float64)
    x = torch.tensor([-0.5, 1.5], dtype=torch.float64, requires_grad=True)
    out = gamma_curve(x, samples)
    out.sum().backward()
    assert out.tolist() == pytest.approx([0.1 - 0.5 * 1.2, 1.0 + 0.5 * 0.3])
    assert x.grad is not None
    assert x.grad.tolist() == pytest.approx([1.2, 0.3])


def test_the_encodings_are_not_mixed_up() -> None:
    x = torch.full((1, 3, 1, 1), 0.01, dtype=torch.float64)
    encoded = sorted(float(y.max()) for y in (gamma_srgb(x), gamma_power(x, number(2.2)), gamma_bt709(x)))
    assert np.diff(encoded).min() > 0.02


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


@pytest.mark.parametrize(("encode", "slope"), [(gamma_srgb, 12.92), (gamma_bt709, 4.5)], ids=["srgb", "bt709"])
def test_the_straight_part_goes_on_below_zero(encode: Callable[[torch.Tensor], torch.Tensor], slope: float) -> None:
    x = torch.full((1, 3, 1, 1), -0.1, dtype=torch.float64, requires_grad=True)
    y = encode(x)
    y.sum().backward()
    assert y.flatten().tolist() == pytest.approx([-0.1 * slope] * 3)
    assert x.grad is not None
    assert x.grad.flatten().tolist() == pytest.approx([slope] * 3)


@pytest.mark.parametrize("gamma", [0.0, 0.1, 5.1, -2.2])
def test_other_gammas_are_refused(gamma: float) -> None:
    with pytest.raises(ValueError, match=r"must lie in \[0.2, 5\]"):
        PowerGamma(gamma=gamma)


@pytest.mark.parametrize(
    ("samples", "message"),
    [((0.5,), "at least 2"), ((0.0,) * 4097, "at most 4096"), ((0.0, 2.5), r"must lie in \[-1, 2\], got 2.5")],
)
def test_other_curves_are_refused(samples: tuple[float, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CurveGamma(samples=samples)
