"""The mirror border."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from camsim.border import cell_pad, mirror_pad
from camsim.cfa import CELLS, cell, color_masks, letters, phases


@settings(deadline=None, derandomize=True)
@given(height=st.integers(1, 9), width=st.integers(1, 9), pad=st.integers(0, 25))
def test_equals_numpys_reflect(height: int, width: int, pad: int) -> None:
    image = np.arange(2.0 * height * width).reshape(2, 1, height, width)
    expected = np.pad(image, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode="reflect")
    np.testing.assert_array_equal(mirror_pad(torch.from_numpy(image), pad).numpy(), expected)


def test_gradients() -> None:
    for size in (2, 5):  # by way of an index, and by way of torch's own padding
        image = torch.rand(1, 1, size, size, dtype=torch.float64, requires_grad=True)
        assert torch.autograd.gradcheck(lambda x: mirror_pad(x, 3), (image,))


@pytest.mark.parametrize("cfa", CELLS)
def test_the_mirror_of_a_cell_keeps_every_phase(cfa: str) -> None:
    for phase in phases(cfa):
        rows = cell(phase)
        side = len(rows)
        for height, width in ((side, side), (side + 1, 2 * side + 1), (13, 17)):
            seen = color_masks(phase, height, width, like=torch.ones(1), colors=letters(phase))[None]
            padded = cell_pad(seen, rows, 2 * side, (side + 3, 3 * side + 1))
            expected = color_masks(phase, height + 3 * side + 3, width + 5 * side + 1, like=seen, colors=letters(phase))
            assert torch.equal(padded[0], expected)


def test_a_picture_lies_unchanged_in_its_border_and_far_borders_repeat_it() -> None:
    image = torch.arange(1.0, 1 + 13 * 17).reshape(1, 1, 13, 17)
    padded = cell_pad(image, cell("x-trans"), 30, (29, 31))
    assert torch.equal(padded[..., 30:43, 30:47], image)
    assert torch.isin(padded, image).all()


@settings(deadline=None, derandomize=True)
@given(height=st.integers(2, 9), width=st.integers(2, 9), pad=st.integers(0, 25))
def test_the_mirror_of_a_bayer_cell_is_that_about_the_edge_pixel(height: int, width: int, pad: int) -> None:
    image = torch.arange(1.0 * height * width).reshape(1, 1, height, width)
    assert torch.equal(cell_pad(image, cell("GBRG"), pad, (pad, pad)), mirror_pad(image, pad))


def test_a_frame_smaller_than_a_cell_is_refused() -> None:
    with pytest.raises(ValueError, match="a mosaic of this CFA needs at least 6x6 pixels, got 5x8"):
        cell_pad(torch.zeros(1, 1, 5, 8), cell("x-trans"), 1, (1, 1))
