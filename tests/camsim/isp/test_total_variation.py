"""Denoising by total variation, against scikit-image."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage.restoration import denoise_tv_bregman as skimage_bregman
from skimage.restoration import denoise_tv_chambolle as skimage_chambolle

from camsim.isp import TvBregmanDenoise, TvChambolleDenoise, denoise_tv_bregman, denoise_tv_chambolle


def noisy(height: int = 17, width: int = 22) -> np.ndarray:
    plane = 0.2 + np.random.default_rng(3).normal(0, 0.08, (height, width))
    plane[4:11, 6:15] += 0.6
    return plane


def rgb(plane: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(plane)[None, None].repeat(1, 3, 1, 1)


@pytest.mark.parametrize(("iterations", "weight"), [(1, 0.1), (5, 0.03), (20, 0.2)])
def test_chambolles_iterations_equal_scikit_images(iterations: int, weight: float) -> None:
    plane, pad = noisy(), iterations + 2
    extended = np.pad(plane, pad, mode="reflect")
    theirs = skimage_chambolle(extended, weight=weight, eps=0, max_num_iter=iterations + 1)[pad:-pad, pad:-pad]
    knob = torch.tensor(weight, dtype=torch.float64)
    ours = denoise_tv_chambolle(rgb(plane), knob, iterations=iterations, channels="rgb")[0, 0].numpy()
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-14)


@pytest.mark.parametrize(("isotropic", "weight", "atol"), [(True, 5.0, 1e-5), (False, 20.0, 5e-4)])
def test_bregmans_iterations_tend_to_what_scikit_images_tend_to(isotropic: bool, weight: float, atol: float) -> None:
    plane, pad = noisy(10, 16), 120  # as far as the pixels lie that our iterations look at
    extended = np.pad(plane, pad, mode="reflect")
    theirs = skimage_bregman(extended, weight=weight, eps=1e-9, max_num_iter=800, isotropic=isotropic)
    knob, apart = torch.tensor(weight, dtype=torch.float64), []
    for count in (15, 30, 60):
        ours = denoise_tv_bregman(rgb(plane), knob, iterations=count, isotropic=isotropic, channels="rgb")[0, 0]
        apart.append(abs(ours.numpy() - theirs[pad:-pad, pad:-pad]).max())
    assert apart[0] > 2 * apart[1] > 4 * apart[2]
    assert apart[2] < atol


def test_both_methods_keep_the_mean_and_lower_the_variation() -> None:
    plane = rgb(noisy())
    knob = torch.tensor(0.2, dtype=torch.float64)
    for out in (
        denoise_tv_chambolle(plane, knob, iterations=20),
        denoise_tv_bregman(plane, 1 / knob, iterations=20, isotropic=False),
        denoise_tv_bregman(plane, 1 / knob, iterations=20, isotropic=True),
    ):
        assert out.diff(dim=-1).abs().sum() < 0.7 * plane.diff(dim=-1).abs().sum()
        assert (out.mean() - plane.mean()).abs() < 0.02


def test_gradients_where_the_picture_is_even() -> None:
    even = torch.full((1, 3, 6, 7), 0.5, dtype=torch.float64, requires_grad=True)
    knob = torch.tensor(5.0, dtype=torch.float64)
    for out in (
        denoise_tv_chambolle(even, knob, iterations=4),
        denoise_tv_bregman(even, knob, iterations=4, isotropic=True),
    ):
        (gradient,) = torch.autograd.grad(out.square().sum(), even)
        assert torch.isfinite(gradient).all()
        assert gradient.abs().max() > 0.1


def test_bounds() -> None:
    with pytest.raises(ValueError, match=r"must lie in \[0.0001, 10\], got 0"):
        TvChambolleDenoise(weight=0.0)
    with pytest.raises(ValueError, match="iterations"):
        TvChambolleDenoise(weight=0.1, iterations=61)
    with pytest.raises(ValueError, match=r"must lie in \[0.1, 10000\], got 0"):
        TvBregmanDenoise(weight=0.0)
