"""Unsharp masking with a threshold."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from camsim.isp import UnsharpMaskThreshold, unsharp_mask, unsharp_mask_threshold
from camsim.isp.gaussian_kernel import kernel_radius


def number(value: float) -> torch.Tensor:
    return torch.tensor(value, dtype=torch.float64)


@pytest.mark.parametrize(("radius", "amount", "threshold"), [(0.8, 1.0, 0.05), (2.0, 0.5, 0.2), (1.0, 2.0, 0.0)])
def test_equals_scipys_blur_and_a_soft_threshold(radius: float, amount: float, threshold: float) -> None:
    plane = np.random.default_rng(1).random((20, 23))
    difference = plane - ndimage.gaussian_filter(plane, radius, mode="mirror")
    expected = plane + amount * np.sign(difference) * np.maximum(np.abs(difference) - threshold, 0)
    ours = unsharp_mask_threshold(
        torch.from_numpy(plane)[None, None].repeat(1, 3, 1, 1),
        *(number(value) for value in (radius, amount, threshold)),
        kernel=kernel_radius(radius),
        channels="rgb",
    )
    np.testing.assert_allclose(ours[0, 1].numpy(), expected, rtol=0, atol=1e-13)


def test_without_a_threshold_it_is_the_plain_unsharp_mask() -> None:
    rgb = torch.rand(1, 3, 15, 18, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    knobs = (number(1.0), number(0.7))
    torch.testing.assert_close(
        unsharp_mask_threshold(rgb, *knobs, number(0.0), kernel=4), unsharp_mask(rgb, *knobs, kernel=4)
    )


def test_noise_below_the_threshold_is_left_alone_and_an_edge_is_sharpened() -> None:
    picture = 0.2 + 0.01 * torch.rand(1, 3, 24, 24, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    picture[..., 12:] += 0.5
    out = unsharp_mask_threshold(picture, number(1.0), number(1.0), number(0.02), kernel=4)
    assert torch.equal(out[..., :6], picture[..., :6])
    assert (out - picture)[..., 12].mean() > 0.05
    assert (out - picture)[..., 11].mean() < -0.05


def test_bounds() -> None:
    with pytest.raises(ValueError, match=r"must lie in \[0, 1\], got -0.1"):
        UnsharpMaskThreshold(radius=1.0, amount=1.0, threshold=-0.1)
