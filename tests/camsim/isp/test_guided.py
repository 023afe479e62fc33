"""Guided filtering, against kornia."""

from __future__ import annotations

import pytest
import torch
from kornia.filters import guided_blur
from torch import Tensor

from camsim.isp import GuidedDenoise, denoise_guided
from camsim.isp.luma import DenoiseChannels, chroma, luma

SETTINGS = pytest.mark.parametrize(("radius", "eps"), [(1, 1e-4), (2, 0.01), (5, 0.1)])


def image(height: int = 20, width: int = 23) -> Tensor:
    return torch.rand(2, 3, height, width, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def denoised(rgb: Tensor, radius: int, eps: float, channels: DenoiseChannels, guide: str = "itself") -> Tensor:
    return denoise_guided(rgb, torch.tensor(eps, dtype=rgb.dtype), radius=radius, guide=guide, channels=channels)


@SETTINGS
def test_each_channel_equals_kornias(radius: int, eps: float) -> None:
    rgb = image()
    expected = [guided_blur(plane, plane, 2 * radius + 1, eps) for plane in rgb.split(1, dim=1)]
    torch.testing.assert_close(denoised(rgb, radius, eps, "rgb"), torch.cat(expected, 1), rtol=0, atol=1e-13)


@SETTINGS
def test_guided_by_the_luma_equals_kornias(radius: int, eps: float) -> None:
    rgb = image()
    y = luma(rgb)
    expected = guided_blur(y, rgb, 2 * radius + 1, eps)
    torch.testing.assert_close(denoised(rgb, radius, eps, "rgb", "luma"), expected, rtol=0, atol=1e-13)
    out = denoised(rgb, radius, eps, "chroma", "luma")
    torch.testing.assert_close(luma(out), y, rtol=0, atol=1e-14)
    colours = guided_blur(y, chroma(rgb, y), 2 * radius + 1, eps)
    torch.testing.assert_close(chroma(out, y), colours, rtol=0, atol=1e-13)


def test_float32_stays_close_where_hardly_anything_is_taken_for_noise() -> None:
    rgb = 0.5 + 0.01 * image()
    single = denoised(rgb.float(), 3, 1e-5, "rgb")
    torch.testing.assert_close(single.double(), denoised(rgb, 3, 1e-5, "rgb"), rtol=0, atol=1e-5)


def test_a_ramp_and_a_high_edge_stay() -> None:
    ramp = torch.linspace(0, 1, 40, dtype=torch.float64).expand(1, 3, 30, 40)
    inner = (..., slice(8, -8), slice(8, -8))
    torch.testing.assert_close(denoised(ramp, 2, 1e-6, "rgb")[inner], ramp[inner], rtol=0, atol=1e-3)
    step = torch.zeros(1, 3, 8, 12, dtype=torch.float64)
    step[..., 6:] = 1
    torch.testing.assert_close(denoised(step, 2, 1e-5, "luma"), step, rtol=0, atol=1e-3)


def test_bounds() -> None:
    with pytest.raises(ValueError, match=r"must lie in \[1e-06, 10\], got 0"):
        GuidedDenoise(radius=2, eps=0.0)
    with pytest.raises(ValueError, match="radius"):
        GuidedDenoise(radius=17, eps=0.01)
    with pytest.raises(ValueError, match="guide"):
        GuidedDenoise(radius=2, eps=0.01, guide="chroma")
