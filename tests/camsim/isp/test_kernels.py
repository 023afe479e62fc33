"""Sharpening and denoising by a kernel of the user's, against scipy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from camsim.isp import (
    KernelDenoise,
    KernelSharpen,
    denoise_gaussian,
    denoise_kernel,
    sharpen_kernel,
    sharpening_filter,
)
from camsim.isp.gaussian_kernel import gaussian_kernel

RNG = np.random.default_rng(3)
SIZES = [(8, 9), (5, 7), (2, 2), (3, 2)]
KERNELS = [(sharpen_kernel, RNG.normal(size=(3, 3))), (denoise_kernel, RNG.normal(size=(5, 5)))]


def rgb_picture(height: int, width: int) -> NDArray[np.float64]:
    return RNG.uniform(-0.2, 1.3, size=(3, height, width))


def filtered(function: Any, image: NDArray[np.float64], kernel: NDArray[np.float64], channels: str) -> Tensor:
    result: Tensor = function(torch.from_numpy(image)[None], torch.from_numpy(kernel), channels)[0]
    return result


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("function", "kernel"), KERNELS, ids=["3x3", "5x5"])
def test_each_channel_equals_scipy(function: Any, kernel: NDArray[np.float64], size: tuple[int, int]) -> None:
    image = rgb_picture(*size)
    expected = [ndimage.correlate(plane, kernel, mode="mirror") for plane in image]
    np.testing.assert_allclose(filtered(function, image, kernel, "rgb").numpy(), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("function", "kernel"), KERNELS, ids=["3x3", "5x5"])
def test_luma_is_filtered_and_chroma_stays(function: Any, kernel: NDArray[np.float64]) -> None:
    """Through the study's own matrices: to YUV, scipy on Y, and back."""
    to_yuv = np.array(
        [[0.299, 0.587, 0.114], [-0.14714119, -0.28886916, 0.43601035], [0.61497538, -0.51496512, -0.10001026]]
    )
    image = rgb_picture(9, 12)
    yuv = np.einsum("kc,chw->khw", to_yuv, image)
    yuv[0] = ndimage.correlate(yuv[0], kernel, mode="mirror")
    expected = np.einsum("kc,chw->khw", np.linalg.inv(to_yuv), yuv)
    np.testing.assert_allclose(filtered(function, image, kernel, "luma").numpy(), expected, rtol=0, atol=1e-7)


@pytest.mark.parametrize("channels", ["luma", "rgb"])
def test_they_begin_as_the_static_filters(channels: Any) -> None:
    image = torch.from_numpy(rgb_picture(11, 10))[None]
    cross = torch.tensor([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], dtype=torch.float64)
    torch.testing.assert_close(sharpen_kernel(image, cross, channels), sharpening_filter(image, channels))
    sigma = torch.tensor(0.5, dtype=torch.float64)
    taps = gaussian_kernel(sigma, 2)
    blurred = denoise_gaussian(image, sigma, kernel=2, channels=channels)
    torch.testing.assert_close(denoise_kernel(image, torch.outer(taps, taps), channels), blurred)


def test_nothing_is_clipped() -> None:
    edge = torch.zeros(1, 3, 8, 8, dtype=torch.float64)
    edge[..., 4:] = 1
    sharp = sharpen_kernel(edge, torch.tensor([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], dtype=torch.float64))
    assert (sharp.min().item(), sharp.max().item()) == pytest.approx((-1, 2))


@pytest.mark.parametrize(
    ("spec", "kernel", "message"),
    [
        (KernelSharpen, [[0, 0, 0]] * 2, "Field required"),
        (KernelSharpen, [[0, 0]] * 3, "Field required"),
        (KernelSharpen, [[0, 0, 21]] * 3, r"must lie in \[-20, 20\], got 21"),
        (KernelSharpen, [[0, 0, float("nan")]] * 3, "finite"),
        (KernelDenoise, [[0] * 3] * 3, "Field required"),
        (KernelDenoise, [[-5] * 5] * 5, r"must lie in \[-4, 4\], got -5"),
    ],
)
def test_bad_kernels_are_refused(spec: Any, kernel: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        spec(kernel=kernel)
