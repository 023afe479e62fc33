"""Saturation."""

from __future__ import annotations

import kornia
import pytest
import torch

import camsim
from camsim.isp import Saturation, saturation

RGB = torch.rand(2, 3, 5, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def factor(value: float) -> torch.Tensor:
    return torch.tensor(value, dtype=torch.float64)


def luma(rgb: torch.Tensor) -> torch.Tensor:
    return 0.299 * rgb[:, 0] + 0.587 * rgb[:, 1] + 0.114 * rgb[:, 2]


@pytest.mark.parametrize("value", [0.0, 0.4, 1.0, 1.8])
def test_equals_kornia_which_also_clips(value: float) -> None:
    theirs = kornia.enhance.adjust_saturation_with_gray_subtraction(RGB, value)
    torch.testing.assert_close(saturation(RGB, factor(value)).clamp(0, 1), theirs, rtol=0, atol=1e-7)


def test_one_changes_nothing_and_zero_gives_grey() -> None:
    torch.testing.assert_close(saturation(RGB, factor(1.0)), RGB)
    grey = saturation(RGB, factor(0.0))
    torch.testing.assert_close(grey, luma(RGB)[:, None].expand(2, 3, 5, 7))


def test_luma_stays() -> None:
    torch.testing.assert_close(luma(saturation(RGB, factor(1.7))), luma(RGB))


@pytest.mark.parametrize("value", [-0.1, 4.5])
def test_bounds(value: float) -> None:
    with pytest.raises(ValueError, match=r"must lie in \[0, 4\]"):
        Saturation(factor=value)


def test_in_a_profile() -> None:
    plain = camsim.load("still/nikon-d5000")
    chain = (*plain.isp[:-1], Saturation(factor=2.0), plain.isp[-1])
    vivid = plain.model_copy(update={"isp": chain, "search": None})
    assert "isp.saturation.factor" in vivid.knobs()
    scene = torch.tensor([0.4, 0.2, 0.1])[None, :, None, None].expand(1, 3, 16, 16)
    with torch.no_grad():
        before, after = (camsim.compile(profile)(scene, seed=None) for profile in (plain, vivid))
    assert (after.amax(1) - after.amin(1)).mean() > 1.2 * (before.amax(1) - before.amin(1)).mean()
