"""Hue."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage.color import rgb2yuv, yuv2rgb

from camsim.isp import Hue, hue

RGB = torch.rand(2, 3, 5, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def degrees(value: float) -> torch.Tensor:
    return torch.tensor(value, dtype=torch.float64)


@pytest.mark.parametrize("angle", [0.0, 10.0, -75.0, 90.0, 180.0])
def test_turns_u_and_v_of_scikit_images_yuv(angle: float) -> None:
    y, u, v = np.moveaxis(rgb2yuv(RGB.permute(0, 2, 3, 1).numpy()), -1, 0)
    turn = np.exp(1j * np.deg2rad(angle)) * (u + 1j * v)
    expected = yuv2rgb(np.stack([y, turn.real, turn.imag], axis=-1)).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(hue(RGB, degrees(angle)).numpy(), expected, rtol=0, atol=1e-6)


def test_grey_and_luma_stay() -> None:
    grey = RGB[:, :1].expand(2, 3, 5, 7)
    torch.testing.assert_close(hue(grey, degrees(77.0)), grey)
    weights = torch.tensor([0.299, 0.587, 0.114], dtype=torch.float64)[:, None, None]
    torch.testing.assert_close((hue(RGB, degrees(77.0)) * weights).sum(1), (RGB * weights).sum(1))


def test_turns_add_up_and_a_whole_one_is_none() -> None:
    torch.testing.assert_close(hue(hue(RGB, degrees(50.0)), degrees(-80.0)), hue(RGB, degrees(-30.0)))
    torch.testing.assert_close(hue(hue(RGB, degrees(180.0)), degrees(180.0)), RGB)


def test_a_quarter_turn_makes_blue_red() -> None:
    """What is bluer than grey, and as red as it, becomes redder than grey, and as blue as it."""
    y, b = 0.4, 0.9
    blue = torch.tensor([y, (y - 0.299 * y - 0.114 * b) / 0.587, b], dtype=torch.float64)[None, :, None, None]
    red, _, still_blue = hue(blue, degrees(90.0)).flatten().tolist()
    assert red > y + 0.2
    assert still_blue == pytest.approx(y)


@pytest.mark.parametrize("angle", [-181.0, 200.0])
def test_bounds(angle: float) -> None:
    with pytest.raises(ValueError, match=r"must lie in \[-180, 180\] deg"):
        Hue(angle=angle)
