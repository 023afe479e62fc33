"""A display picture of 8 bits becomes a scene by a table: that of the curve, wherever a pixel lies."""

from __future__ import annotations

import colour
import numpy as np
import pytest

from camsim.unprocess import Unprocess, from_display


@pytest.mark.parametrize("size", [(8, 8), (9, 13), (224, 224), (31, 257)], ids="{0[0]}x{0[1]}".format)
def test_every_level_is_the_curves(size: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    scene = from_display(image)
    expected = colour.models.eotf_sRGB(image / 255).transpose(2, 0, 1)
    assert scene.shape == (3, *size)
    assert scene.is_contiguous()
    np.testing.assert_allclose(scene.numpy(), expected, rtol=1e-6, atol=1e-8)


def test_a_level_gives_the_same_light_wherever_it_lies() -> None:
    light = {
        float(value)
        for size in ((8, 8), (9, 13), (17, 19))
        for value in from_display(np.full((*size, 3), 100, np.uint8)).unique()
    }
    assert len(light) == 1


def test_black_and_white_are_0_and_1() -> None:
    image = np.zeros((8, 8, 3), np.uint8)
    image[0, 0] = 255
    assert from_display(image).unique().tolist() == [0.0, 1.0]


def test_a_camera_that_is_assumed_is_not_skipped() -> None:
    image = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    assert (from_display(image, Unprocess(tone="smoothstep")) - from_display(image)).abs().max() > 0.01
