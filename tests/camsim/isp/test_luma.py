"""Filtering the luma or the chroma only, against scikit-image's YUV."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage
from skimage.color import rgb2yuv, yuv2rgb

import camsim
from camsim.isp import (
    BilateralDenoise,
    GaussianDenoise,
    KernelSharpen,
    MedianDenoise,
    denoise_bilateral,
    denoise_median,
)
from camsim.isp.luma import filter_channels
from camsim.spec import StageSpec


@pytest.fixture
def rgb() -> np.ndarray:
    return np.random.default_rng(4).normal(0.4, 0.5, (20, 24, 3))


def test_luma_equals_going_through_yuv(rgb: np.ndarray) -> None:
    yuv = rgb2yuv(rgb)
    yuv[..., 0] = ndimage.median_filter(yuv[..., 0], 3, mode="mirror")
    ours = denoise_median(torch.from_numpy(rgb).permute(2, 0, 1)[None], 3, "luma")
    np.testing.assert_allclose(ours[0].permute(1, 2, 0).numpy(), yuv2rgb(yuv), rtol=0, atol=1e-12)


def test_chroma_is_left_alone(rgb: np.ndarray) -> None:
    image = torch.from_numpy(rgb).permute(2, 0, 1)[None]
    out = filter_channels(image, "luma", lambda planes: 3 * planes + 1)[0].permute(1, 2, 0).numpy()
    np.testing.assert_allclose(rgb2yuv(out)[..., 1:], rgb2yuv(rgb)[..., 1:], rtol=0, atol=1e-8)
    np.testing.assert_allclose(rgb2yuv(out)[..., 0], 3 * rgb2yuv(rgb)[..., 0] + 1, rtol=0, atol=1e-8)


def test_rgb_filters_each_channel(rgb: np.ndarray) -> None:
    ours = denoise_median(torch.from_numpy(rgb).permute(2, 0, 1)[None], 3, "rgb")[0].permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(ours, ndimage.median_filter(rgb, (3, 3, 1), mode="mirror"))


def test_chroma_equals_going_through_yuv(rgb: np.ndarray) -> None:
    yuv = rgb2yuv(rgb)
    for plane in (1, 2):
        yuv[..., plane] = ndimage.median_filter(yuv[..., plane], 3, mode="mirror")
    ours = denoise_median(torch.from_numpy(rgb).permute(2, 0, 1)[None], 3, "chroma")
    np.testing.assert_allclose(
        ours[0].permute(1, 2, 0).numpy(), yuv2rgb(yuv), rtol=0, atol=1e-8
    )  # its tables are rounded


def test_luma_is_left_alone_by_a_chroma_filter(rgb: np.ndarray) -> None:
    image = torch.from_numpy(rgb).permute(2, 0, 1)[None]
    out = filter_channels(image, "chroma", lambda planes: 3 * planes + 0.1)[0].permute(1, 2, 0).numpy()
    np.testing.assert_allclose(rgb2yuv(out)[..., 1:], 3 * rgb2yuv(rgb)[..., 1:] + 0.1, rtol=0, atol=1e-5)
    weights = np.array([0.299, 0.587, 0.114])
    np.testing.assert_allclose(out @ weights, rgb @ weights, rtol=0, atol=1e-14)


def test_grey_stays_grey_when_chroma_is_denoised() -> None:
    grey = torch.rand(1, 1, 9, 9, dtype=torch.float64).repeat(1, 3, 1, 1)
    sigmas = torch.tensor([1.0, 0.1], dtype=torch.float64)
    torch.testing.assert_close(denoise_bilateral(grey, *sigmas, radius=3, channels="chroma"), grey, rtol=0, atol=1e-15)


@pytest.mark.parametrize(
    "stage",
    [
        GaussianDenoise(sigma=1.0, channels="chroma"),
        MedianDenoise(size=3, channels="chroma"),
        BilateralDenoise(sigma_spatial=1.0, sigma_range=0.1, channels="chroma"),
    ],
)
def test_a_fused_chroma_filter_is_the_plain_one(stage: StageSpec) -> None:
    shipped = camsim.load("still/nikon-d5000")
    profile = shipped.model_copy(update={"isp": (*shipped.isp[:-1], stage, shipped.isp[-1]), "search": None})
    raw = 1000 + 2000 * torch.rand(2, 1, 20, 37, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        plain, fused = (camsim.compile(profile, fused=fused).develop(raw) for fused in (False, True))
        without = camsim.compile(shipped).develop(raw)
    torch.testing.assert_close(fused, plain, rtol=0, atol=1e-5)
    assert (fused - without).abs().max() > 0.01


def test_sharpening_takes_no_chroma() -> None:
    with pytest.raises(ValueError, match="channels"):
        KernelSharpen(kernel=((0, -1, 0), (-1, 5, -1), (0, -1, 0)), channels="chroma")
