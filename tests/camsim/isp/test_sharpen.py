"""Sharpening against scikit-image and scipy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from camsim.isp import UnsharpMask, sharpening_filter, unsharp_mask
from camsim.isp.gaussian_kernel import kernel_radius
from camsim.isp.luma import Channels

BOTH = pytest.mark.parametrize("channels", ["luma", "rgb"])


def grey(plane: NDArray[np.float64]) -> Tensor:
    """A grey picture: its luma and each of its channels are the plane."""
    return torch.from_numpy(plane)[None, None].repeat(1, 3, 1, 1)


def unsharp(image: Tensor, radius: float, amount: float, **options: Any) -> NDArray[np.float64]:
    numbers = (torch.tensor(value, dtype=torch.float64) for value in (radius, amount))
    return unsharp_mask(image, *numbers, kernel=kernel_radius(radius), **options)[0].permute(1, 2, 0).numpy()


@BOTH
def test_sharpening_filter_equals_convolve2d_inside(golden: Any, channels: Channels) -> None:
    ours = sharpening_filter(grey(golden("filters")["gray"]), channels)[0]
    expected = golden("filters")["sharpen3x3_zero_border"][1:-1, 1:-1]
    for plane in ours.numpy():
        np.testing.assert_allclose(plane[1:-1, 1:-1], expected, rtol=0, atol=1e-12)


@BOTH
def test_sharpening_filter_mirrors_at_the_border(golden: Any, channels: Channels) -> None:
    gray = golden("filters")["gray"]
    expected = ndimage.correlate(gray, np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0.0]]), mode="mirror")
    np.testing.assert_allclose(sharpening_filter(grey(gray), channels)[0, 1].numpy(), expected, rtol=0, atol=1e-12)


@BOTH
@pytest.mark.parametrize(("radius", "amount"), [(1.0, 1.0), (2.0, 0.5)])
@pytest.mark.parametrize("axis", ["both", "vertical"])
def test_unsharp_mask_equals_scikit_image_inside(
    golden: Any, radius: float, amount: float, axis: Any, channels: Channels
) -> None:
    """The vertical one is scikit-image's result for the channel argument that the seed system gave by mistake."""
    key = {"both": "unsharp_gray", "vertical": "unsharp_seed_vertical1d"}[axis]
    ours = unsharp(grey(golden("filters")["gray"]), radius, amount, axis=axis, channels=channels)
    inside = slice(kernel_radius(radius), -kernel_radius(radius))
    expected = golden("filters")[f"{key}_r{radius}_a{amount}"][inside, inside]
    np.testing.assert_allclose(ours[inside, inside, 0], expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(ours[..., 0], ours[..., 2], rtol=0, atol=1e-12)


def test_unsharp_mask_of_each_channel_equals_scikit_image_inside(golden: Any) -> None:
    image = torch.from_numpy(golden("filters")["rgb"]).permute(2, 0, 1)[None]
    ours = unsharp(image, 1.0, 1.0, channels="rgb")
    expected = golden("filters")["unsharp_rgb_r1.0_a1.0"]
    np.testing.assert_allclose(ours[4:-4, 4:-4], expected[4:-4, 4:-4], rtol=0, atol=1e-12)


@BOTH
def test_vertical_blurs_down_the_columns_only(channels: Channels) -> None:
    """Where nothing changes down a column there is nothing to sharpen, however much changes along a row."""
    columns = torch.rand(1, 3, 1, 30, dtype=torch.float64).expand(1, 3, 20, 30)
    for image, change in [(columns, 0.0), (columns.mT, 0.1)]:
        sharp = unsharp(image, 1.0, 2.0, axis="vertical", channels=channels)
        difference = np.abs(sharp - image[0].permute(1, 2, 0).numpy()).max()
        assert difference < 1e-12 if change == 0 else difference > change


def test_nothing_is_clipped() -> None:
    edge = torch.zeros(1, 3, 8, 8, dtype=torch.float64)
    edge[..., 4:] = 1
    for sharp in (sharpening_filter(edge).numpy(), unsharp(edge, 1.0, 1.0)):
        assert sharp.min() < -0.2
        assert sharp.max() > 1.2


@pytest.mark.parametrize("field", ["radius", "amount"])
@pytest.mark.parametrize("value", [-1.0, 11.0])
def test_limits(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"must lie in .*, got {value:g}"):
        UnsharpMask(**({"radius": 1.0, "amount": 1.0} | {field: value}))
