"""Fidelity measures against scikit-image and colour-science."""

from __future__ import annotations

from typing import get_args

import colour
import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from audit.search.fidelity import Bound, Measure, Weight, distance, measure, ssim
from camsim.errors import CamsimError

MEASURES = get_args(Measure)


def pair(height: int = 24, width: int = 31) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    first = torch.rand(3, 3, height, width, generator=generator, dtype=torch.float64)
    second = (first + 0.2 * torch.randn(first.shape, generator=generator, dtype=torch.float64)).clamp(0, 1)
    return first, second


def test_ssim_psnr_and_rms_are_those_of_scikit_image() -> None:
    first, second = pair()
    for index, (a, b) in enumerate(zip(first.numpy(), second.numpy(), strict=True)):
        similarity = structural_similarity(
            a, b, data_range=1, channel_axis=0, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
        )
        assert measure("ssim", first, second)[index].item() == pytest.approx(similarity, abs=1e-9)
        assert measure("psnr", first, second)[index].item() == pytest.approx(
            peak_signal_noise_ratio(a, b, data_range=1), abs=1e-9
        )
        assert measure("l2", first, second)[index].item() == pytest.approx(np.sqrt(((a - b) ** 2).mean()), abs=1e-12)


def test_delta_e_is_that_of_colour_science() -> None:
    first, second = pair()
    lab = [
        colour.XYZ_to_Lab(colour.sRGB_to_XYZ(image.permute(0, 2, 3, 1).numpy()), [0.3127, 0.3290])
        for image in (first, second)
    ]
    expected = colour.delta_E(*lab, method="CIE 1976").mean(axis=(1, 2))
    np.testing.assert_allclose(measure("delta_e", first, second), expected, rtol=2e-3)


@pytest.mark.parametrize("name", MEASURES)
def test_gradients(name: Measure) -> None:
    first, second = pair(12, 13)
    assert torch.autograd.gradcheck(lambda x: measure(name, x, second[:1]), first[:1].requires_grad_(), atol=1e-6)


@pytest.mark.parametrize("name", MEASURES)
def test_equal_pictures_are_at_distance_0_with_a_finite_gradient(name: Measure) -> None:
    first, _ = pair()
    moving = first.clone().requires_grad_()
    away = distance(name, measure(name, moving, first))
    assert away.detach().abs().max() < 1e-4
    away.sum().backward()
    assert moving.grad is not None
    assert torch.isfinite(moving.grad).all()


@pytest.mark.parametrize("side", [8, 9, 10, 11, 12])
def test_small_pictures(side: int) -> None:
    first, second = pair(side, 30)
    value = measure("ssim", first, second)
    assert ((value > 0) & (value < 1)).all()


@pytest.mark.parametrize("name", MEASURES)
def test_a_bound_is_met_exactly_where_its_excess_ends(name: Measure) -> None:
    limit = {"ssim": 0.9, "psnr": 30.0, "l2": 0.05, "delta_e": 3.0}[name]
    better = {"ssim": 0.95, "psnr": 36.0, "l2": 0.025, "delta_e": 1.5}[name]
    bound = Bound(name, limit)
    assert bound.holds(limit)
    assert bound.holds(better)
    assert not bound.holds(2 * limit - better)
    assert bound.excess(torch.tensor(limit, dtype=torch.float64)).item() == pytest.approx(0, abs=1e-12)
    assert bound.excess(torch.tensor(better, dtype=torch.float64)).item() == pytest.approx(-0.5, abs=2e-3)
    assert bound.excess(torch.tensor(2 * limit - better, dtype=torch.float64)).item() > 0


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Bound("ssim", 1.2), r"ssim must lie in \[-1, 1\), got 1.2"),
        (lambda: Bound("ssim", 1.0), "leaves no camera"),
        (lambda: Bound("l2", 0.0), r"\(0, 1\]"),
        (lambda: Bound("psnr", -3.0), r"\(0, 100\)"),
        (lambda: Bound("delta_e", float("nan")), "delta_e"),
        (lambda: Bound("sism", 0.9), "must be one of ssim"),  # type: ignore[arg-type]
        (lambda: Weight("l2", -1.0), "at least 0"),
        (lambda: Weight("psnr", 1.0), "take l2"),
    ],
)
def test_contradictory_constraints_are_refused(make: object, words: str) -> None:
    with pytest.raises(CamsimError, match=words):
        make()  # type: ignore[operator]


def test_ssim_has_a_gradient_also_where_it_was_first_measured_without() -> None:
    first, second = torch.rand(2, 1, 3, 9, 9)
    with torch.inference_mode():
        ssim(first, second)
    ssim(first.requires_grad_(), second).sum().backward()
    assert first.grad is not None
    assert first.grad.isfinite().all()
