"""Contrast-limited adaptive histogram equalisation, against OpenCV, kornia and its definition."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from kornia.enhance import equalize_clahe

import camsim
from camsim.isp import ClaheTone, tone_clahe


def equalized(plane: np.ndarray, clip_limit: float, grid: tuple[int, int], bins: int) -> np.ndarray:
    image = torch.from_numpy(plane)[None, None].repeat(1, 3, 1, 1)
    limit = torch.tensor(clip_limit, dtype=image.dtype)
    return tone_clahe(image, limit, grid=grid, bins=bins, channels="rgb")[0, 2].numpy()


@pytest.mark.parametrize("name", ["44x52_4x4", "45x54_4x4", "40x48_8x8"])
def test_equals_opencv_on_16_bits(golden: Any, name: str) -> None:
    numbers = golden("clahe")
    (height, width), grid = (tuple(map(int, part.split("x"))) for part in name.split("_"))
    ours = equalized(numbers["picture"][:height, :width] / 65535, 1e6, grid, 65536)
    # theirs is rounded to 16 bits twice
    np.testing.assert_allclose(ours, numbers[f"opencv_{name}"] / 65535, rtol=0, atol=1.01 / 65535)


@pytest.mark.parametrize("clip_limit", [1.5, 4.0])
def test_equals_kornia_on_8_bits(clip_limit: float) -> None:
    y, x = np.mgrid[:192, :256]
    plane = 0.4 + 0.3 * np.sin(x / 40) * np.cos(y / 30) + np.random.default_rng(1).normal(0, 0.03, y.shape)
    plane = np.round(np.clip(plane, 0, 1) * 255) / 255
    theirs = equalize_clahe(torch.from_numpy(plane)[None, None], clip_limit, (2, 2))[0, 0].numpy()
    ours = equalized(plane, clip_limit, (2, 2), 256)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=2 / 255)  # theirs rounds counts, curves and the result
    assert abs(ours - theirs).mean() < 0.6 / 255
    assert abs(ours - plane).max() > 0.1


def test_one_tile_is_its_definition() -> None:
    """Outside [0, 1] too."""
    plane = np.random.default_rng(1).normal(0.5, 0.3, (11, 13))
    bins, clip_limit = 20, 1.7
    counts = np.bincount(np.round(plane.clip(0, 1) * (bins - 1)).astype(int).ravel(), minlength=bins)
    kept = np.minimum(counts, clip_limit * plane.size / bins)
    curve = np.cumsum(kept + (plane.size - kept.sum()) / bins) / plane.size
    inside = np.interp(plane, np.linspace(0, 1, bins), curve)
    expected = inside + (plane - plane.clip(0, 1))
    np.testing.assert_allclose(equalized(plane, clip_limit, (1, 1), bins), expected, rtol=0, atol=1e-13)


def test_the_gradient_is_the_slope_of_the_curve() -> None:
    image = torch.rand(1, 3, 12, 14, dtype=torch.float64, generator=torch.Generator().manual_seed(2)).requires_grad_()
    limit = torch.tensor(2.3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda i, c: tone_clahe(i, c, grid=(2, 3), bins=9), (image, limit))


def test_dark_areas_gain_contrast_and_colours_keep_their_chroma() -> None:
    random = torch.Generator().manual_seed(1)
    picture = 0.1 + 0.02 * torch.rand(1, 3, 64, 64, generator=random, dtype=torch.float64)
    picture[..., 32:] += 0.7
    out = tone_clahe(picture, torch.tensor(40.0, dtype=torch.float64), grid=(4, 4), bins=256)
    assert out[..., :16].std() > 5 * picture[..., :16].std()
    torch.testing.assert_close(out[:, 0] - out[:, 1], picture[:, 0] - picture[:, 1])


def test_it_depends_on_where_the_tiles_lie() -> None:
    image = torch.rand(1, 3, 40, 40, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    limit = torch.tensor(3.0, dtype=torch.float64)
    crop = tone_clahe(image[..., 4:, 4:], limit, grid=(4, 4), bins=16)
    assert (crop - tone_clahe(image, limit, grid=(4, 4), bins=16)[..., 4:, 4:]).abs().max() > 0.05


def test_bounds() -> None:
    with pytest.raises(ValueError, match=r"must lie in \[1, 1000\], got 0"):
        ClaheTone(clip_limit=0.0)
    with pytest.raises(ValueError, match="grid"):
        ClaheTone(clip_limit=2.0, grid=(8, 0))
    with pytest.raises(ValueError, match="bins"):
        ClaheTone(clip_limit=2.0, bins=1)


def test_in_a_profile_after_the_gamma() -> None:
    shipped = camsim.load("still/nikon-d5000")
    camera = camsim.compile(
        shipped.model_copy(update={"isp": (*shipped.isp, ClaheTone(clip_limit=3.0)), "search": None})
    )
    raw = 1000 + 2000 * torch.rand(1, 1, 65, 87, generator=torch.Generator().manual_seed(1))
    out = camera.develop(raw)
    assert not camera.is_fused
    (gradient,) = torch.autograd.grad(out.square().sum(), camera.get_parameter("isp.tone.clip_limit"))
    assert gradient.abs() > 0
