"""Maps come back to the picture as torch interpolates them, without the bars."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch.nn.functional import interpolate

from audit.decoders import resample
from audit.decoders.resample import nearest_to_picture, seen, to_picture
from audit.frame import Frame

SIDES = st.integers(1, 40)


def whole(maps: NDArray[np.float64], frame: Frame) -> NDArray[np.float64]:
    return np.concatenate([block for _, block in to_picture(maps, frame)], axis=1)


def torch_resized(maps: NDArray[np.float64], shape: tuple[int, int], mode: str) -> NDArray[np.float64]:
    aligned = {"align_corners": False} if mode == "bilinear" else {}
    return np.asarray(interpolate(torch.from_numpy(maps)[None], shape, mode=mode, **aligned)[0])


@given(SIDES, SIDES, SIDES, SIDES, st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_a_stretched_picture_is_resized_as_torch_does(h: int, w: int, H: int, W: int, seed: int) -> None:
    maps = np.random.default_rng(seed).normal(size=(3, h, w))
    # What the model was given is of a third size: it must not matter.
    frame = Frame((H, W), (64, 48), (64, 48), 0, 0)
    np.testing.assert_allclose(whole(maps, frame), torch_resized(maps, (H, W), "bilinear"), atol=1e-12)


@pytest.mark.parametrize(("h", "w", "H", "W"), [(8, 6, 16, 18), (16, 12, 8, 4), (5, 5, 5, 5)])
def test_indices_are_taken_as_torch_takes_the_nearest(h: int, w: int, H: int, W: int) -> None:
    indices = np.random.default_rng(0).integers(0, 9, (h, w))
    frame = Frame((H, W), (32, 32), (32, 32), 0, 0)
    expected = torch_resized(indices[None].astype(np.float64), (H, W), "nearest-exact")[0]
    np.testing.assert_array_equal(nearest_to_picture(indices, frame), expected)


def test_a_letterbox_is_cut_off_and_does_not_leak() -> None:
    rng = np.random.default_rng(1)
    inside = rng.normal(size=(2, 8, 16))
    canvas = np.full((2, 16, 16), 1e9)
    canvas[:, 4:12] = inside
    frame = Frame((24, 48), (64, 64), (32, 64), 16, 0)  # a map cell is four pixels of the input
    np.testing.assert_allclose(whole(canvas, frame), torch_resized(inside, (24, 48), "bilinear"), atol=1e-12)
    np.testing.assert_array_equal(
        nearest_to_picture(canvas[0], frame), torch_resized(inside[:1], (24, 48), "nearest-exact")[0]
    )
    assert seen(frame) == (slice(0, 24), slice(0, 48))


def test_a_bar_that_ends_within_a_cell_does_not_leak_either() -> None:
    canvas = np.full((1, 4, 4), 5.0)
    canvas[:, 0] = 1e9  # its centre, 8 of 64 pixels, is in the bar
    frame = Frame((54, 64), (64, 64), (54, 64), 10, 0)
    assert whole(canvas, frame).max() == 5.0


def test_a_bar_wider_than_the_map_leaves_one_cell() -> None:
    frame = Frame((2, 64), (64, 64), (2, 64), 31, 0)
    maps = np.arange(4.0).reshape(1, 4, 1).repeat(4, axis=2)
    assert set(np.unique(whole(maps, frame))) <= {1.0, 2.0}


def test_what_a_crop_cut_away_was_not_seen() -> None:
    frame = Frame((100, 200), (50, 50), (50, 100), 0, -25)
    assert seen(frame) == (slice(0, 100), slice(50, 150))
    maps = np.random.default_rng(2).normal(size=(1, 25, 25))
    np.testing.assert_allclose(
        whole(maps, frame)[:, :, 50:150], torch_resized(maps, (100, 100), "bilinear"), atol=1e-12
    )


def test_blocks_of_rows_are_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    maps = np.random.default_rng(3).normal(size=(3, 7, 9))
    frame = Frame((31, 17), (14, 18), (14, 18), 0, 0)
    at_once = whole(maps, frame)
    monkeypatch.setattr(resample, "BLOCK_BYTES", 1)
    blocks = list(to_picture(maps, frame))
    assert len(blocks) == 31
    np.testing.assert_array_equal(np.concatenate([block for _, block in blocks], axis=1), at_once)
