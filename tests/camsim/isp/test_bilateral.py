"""Bilateral denoising, against kornia and at its limits."""

from __future__ import annotations

import pytest
import torch
from kornia.filters import bilateral_blur

import camsim
from camsim.isp import BilateralDenoise, denoise_bilateral, denoise_gaussian
from camsim.isp.luma import Channels

SETTINGS = pytest.mark.parametrize(("spatial", "difference"), [(0.2, 0.1), (0.5, 0.1), (1.0, 0.05), (2.0, 0.3)])


def image(channels: int = 1, height: int = 20, width: int = 23) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.rand(2, channels, height, width, generator=generator, dtype=torch.float64)


def window_radius(spatial: float) -> int:
    return BilateralDenoise(sigma_spatial=spatial, sigma_range=0.1).reach


def denoised(rgb: torch.Tensor, spatial: float, difference: float, channels: Channels) -> torch.Tensor:
    sigmas = torch.tensor([spatial, difference], dtype=torch.float64)
    return denoise_bilateral(rgb, *sigmas, radius=window_radius(spatial), channels=channels)


@SETTINGS
def test_each_channel_equals_kornias(spatial: float, difference: float) -> None:
    rgb, side = image(3), 2 * window_radius(spatial) + 1
    expected = [
        bilateral_blur(plane, (side, side), difference, (spatial, spatial), border_type="reflect")
        for plane in rgb.split(1, dim=1)
    ]
    torch.testing.assert_close(denoised(rgb, spatial, difference, "rgb"), torch.cat(expected, 1), rtol=0, atol=1e-14)


@SETTINGS
def test_the_luma_is_filtered_and_the_chroma_stays(spatial: float, difference: float) -> None:
    rgb, side = image(3), 2 * window_radius(spatial) + 1
    luma = (rgb * torch.tensor([0.299, 0.587, 0.114], dtype=torch.float64)[:, None, None]).sum(1, keepdim=True)
    change = bilateral_blur(luma, (side, side), difference, (spatial, spatial), border_type="reflect") - luma
    torch.testing.assert_close(denoised(rgb, spatial, difference, "luma"), rgb + change, rtol=0, atol=1e-14)


def test_where_all_values_count_alike_it_is_a_gaussian_blur() -> None:
    grey = image().repeat(1, 3, 1, 1)
    sigma = torch.tensor(0.8, dtype=torch.float64)
    blurred = denoise_gaussian(grey, sigma, kernel=window_radius(0.8))
    torch.testing.assert_close(denoised(grey, 0.8, 1e4, "luma"), blurred, rtol=0, atol=1e-8)


def test_an_edge_higher_than_the_range_stays() -> None:
    step = torch.zeros(1, 3, 8, 8, dtype=torch.float64)
    step[..., 4:] = 1
    torch.testing.assert_close(denoised(step, 1.5, 0.05, "rgb"), step, rtol=0, atol=1e-12)


def test_bounds() -> None:
    with pytest.raises(ValueError, match=r"must lie in \[0.2, 5\] px"):
        BilateralDenoise(sigma_spatial=9.0, sigma_range=0.1)
    with pytest.raises(ValueError, match=r"must lie in \[0.001, 10\]"):
        BilateralDenoise(sigma_spatial=1.0, sigma_range=0.0)


def test_fused_forward_and_plain_gradient() -> None:
    shipped = camsim.load("still/nikon-d5000")
    chain = (*shipped.isp[:-1], BilateralDenoise(sigma_spatial=0.8, sigma_range=0.05), shipped.isp[-1])
    profile = shipped.model_copy(update={"isp": chain, "search": None})
    raw = 1000 + 2000 * torch.rand(1, 1, 33, 47, generator=torch.Generator().manual_seed(1))
    fused, plain = (camsim.compile(profile, fused=wanted) for wanted in (True, False))
    with torch.no_grad():
        torch.testing.assert_close(fused.develop(raw), plain.develop(raw), atol=2e-5, rtol=0)
    fused.develop(raw).sum().backward()
    plain.develop(raw).sum().backward()
    for name, knob in plain.isp.named_parameters():
        torch.testing.assert_close(fused.isp.get_parameter(name).grad, knob.grad, rtol=1e-4, atol=1e-4)
