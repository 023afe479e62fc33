"""The colour filter array."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
import torch

from camsim.cfa import Bayer, color_masks, mosaic, per_site, site_index

SIZES = pytest.mark.parametrize("size", [(1, 1), (2, 2), (3, 4), (4, 3), (5, 7)], ids="{0[0]}x{0[1]}".format)


@SIZES
def test_sites_are_counted_from_the_top_left(size: tuple[int, int]) -> None:
    y, x = np.indices(size)
    np.testing.assert_array_equal(site_index(*size).numpy(), 2 * (y % 2) + x % 2)
    values = torch.tensor([10.0, 11.0, 12.0, 13.0])
    np.testing.assert_array_equal(per_site(values, *size).numpy(), 10 + 2 * (y % 2) + x % 2)


@SIZES
@pytest.mark.parametrize("cfa", get_args(Bayer))
def test_a_mosaic_keeps_the_colour_that_the_name_says(cfa: Bayer, size: tuple[int, int]) -> None:
    rgb = torch.arange(3.0 * size[0] * size[1]).reshape(1, 3, *size)
    masks = color_masks(cfa, *size, like=rgb)
    raw = mosaic(rgb, cfa)
    assert torch.equal(masks.sum(0), torch.ones(size))
    for y in range(size[0]):
        for x in range(size[1]):
            color = "RGB".index(cfa[2 * (y % 2) + x % 2])
            assert masks[color, y, x] == 1
            assert raw[0, 0, y, x] == rgb[0, color, y, x]


@pytest.mark.parametrize("cfa", get_args(Bayer))
def test_green_lies_on_a_diagonal(cfa: Bayer) -> None:
    red, green, blue = color_masks(cfa, 8, 8, like=torch.ones(1)).sum((-1, -2)).tolist()
    assert (red, green, blue) == (16, 32, 16)


def test_the_masks_follow_dtype() -> None:
    assert color_masks("RGGB", 2, 2, like=torch.ones(1, dtype=torch.float64)).dtype == torch.float64
