"""Denoising against scipy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy import ndimage

from camsim.isp import GaussianDenoise, MedianDenoise, denoise_gaussian, denoise_median
from camsim.isp.denoise.median import Size
from camsim.isp.gaussian_kernel import gaussian_kernel, kernel_radius
from camsim.isp.luma import Channels

BOTH = pytest.mark.parametrize("channels", ["luma", "rgb"])
SIGMAS = pytest.mark.parametrize("sigma", [0.5, 1.0, 2.0])


def gaussian(gray: np.ndarray, sigma: float, channels: Channels) -> np.ndarray:
    image = torch.from_numpy(gray)[None, None].repeat(1, 3, 1, 1)
    number = torch.tensor(sigma, dtype=torch.float64)
    return denoise_gaussian(image, number, kernel=kernel_radius(sigma), channels=channels)[0].numpy()


@BOTH
@SIGMAS
def test_gaussian_equals_scipy_inside(golden: Any, sigma: float, channels: Channels) -> None:
    inside = slice(kernel_radius(sigma), -kernel_radius(sigma))
    expected = golden("filters")[f"gaussian_s{sigma}"][inside, inside]
    for plane in gaussian(golden("filters")["gray"], sigma, channels):
        np.testing.assert_allclose(plane[inside, inside], expected, rtol=0, atol=1e-12)


@SIGMAS
def test_gaussian_mirrors_at_the_border(golden: Any, sigma: float) -> None:
    gray = golden("filters")["gray"]
    expected = ndimage.gaussian_filter(gray, sigma, mode="mirror")
    np.testing.assert_allclose(gaussian(gray, sigma, "luma")[0], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("sigma", [0.1, 0.3, 0.5, 0.62, 1.0, 3.3])
def test_the_kernel_is_scipys(sigma: float) -> None:
    impulse = np.zeros(61)
    impulse[30] = 1
    kernel = gaussian_kernel(torch.tensor(sigma, dtype=torch.float64), kernel_radius(sigma)).numpy()
    expected = np.trim_zeros(ndimage.gaussian_filter1d(impulse, sigma))
    np.testing.assert_allclose(np.trim_zeros(kernel), expected, rtol=0, atol=1e-15)


@BOTH
@pytest.mark.parametrize("size", [3, 5])
def test_median_equals_scipy(golden: Any, size: Size, channels: Channels) -> None:
    gray = golden("filters")["gray"]
    ours = denoise_median(torch.from_numpy(gray)[None, None].repeat(1, 3, 1, 1), size, channels)[0].numpy()
    edge = size // 2
    expected = golden("filters")[f"median_{size}"][edge:-edge, edge:-edge]
    for plane in ours:
        np.testing.assert_allclose(plane[edge:-edge, edge:-edge], expected, rtol=0, atol=1e-12)
        np.testing.assert_allclose(plane, ndimage.median_filter(gray, size, mode="mirror"), rtol=0, atol=1e-12)


def test_median_removes_a_hot_pixel_and_its_gradient_goes_to_the_median() -> None:
    image = torch.arange(25.0).reshape(1, 1, 5, 5).repeat(1, 3, 1, 1)
    image[..., 2, 2] = 1000
    image.requires_grad_()
    centre = denoise_median(image, 3, "rgb")[0, 0, 2, 2]
    centre.backward()
    assert centre.item() == 13  # of 6 7 8 11 13 16 17 18 and 1000
    assert image.grad is not None
    assert image.grad.sum() == 1
    assert image.grad[0, 0, 2, 3] == 1


@pytest.mark.parametrize("size", [1, 2, 4, 7, "3"])
def test_other_windows_are_refused(size: Any) -> None:
    with pytest.raises(ValueError, match="size"):
        MedianDenoise(size=size)


@pytest.mark.parametrize("sigma", [0.0, 0.09, 10.1])
def test_other_sigmas_are_refused(sigma: float) -> None:
    with pytest.raises(ValueError, match=r"must lie in \[0.1, 10\] px"):
        GaussianDenoise(sigma=sigma)


@pytest.mark.parametrize("size", [3, 5])
def test_median_is_the_same_with_and_without_a_gradient(size: Size) -> None:
    """Two ways of finding it; few levels, so that there are ties."""
    image = torch.randint(0, 6, (2, 3, 17, 14), generator=torch.Generator().manual_seed(size)).double()
    with_gradient = denoise_median(image.clone().requires_grad_(), size, "rgb")
    torch.testing.assert_close(with_gradient.detach(), denoise_median(image, size, "rgb"), rtol=0, atol=0)
    assert with_gradient.requires_grad
