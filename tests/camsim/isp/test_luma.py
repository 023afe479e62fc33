"""Filtering the luma only, against scikit-image's YUV."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage
from skimage.color import rgb2yuv, yuv2rgb

from camsim.isp import denoise_median
from camsim.isp.luma import filter_channels


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
