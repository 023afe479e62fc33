"""JPEG: the file that a device would write."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.data import astronaut

from audit.jpeg import through_jpeg
from camsim.errors import CamsimError
from camsim.isp import jpeg


def test_is_the_picture_that_a_reader_of_the_file_sees() -> None:
    rng = np.random.default_rng(0)
    planes = rng.integers(0, 256, (3, 21, 34), dtype=np.uint8)
    picture = planes.transpose(1, 2, 0)  # as cameras hand them over: plane after plane
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(buffer, "JPEG", quality=70)
    assert np.array_equal(through_jpeg(picture, 70), np.asarray(Image.open(buffer)))


def test_lower_quality_is_further_off_and_grey_survives() -> None:
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
    off = [np.abs(through_jpeg(picture, q).astype(int) - picture).mean() for q in (95, 60, 10)]
    assert off == sorted(off)
    grey = np.full((16, 16, 3), 128, np.uint8)
    assert np.array_equal(through_jpeg(grey, 50), grey)


@pytest.mark.parametrize("quality", [0, 96, -5])
def test_refuses_a_quality_that_libjpeg_has_not(quality: int) -> None:
    with pytest.raises(CamsimError, match=r"1\.\.95"):
        through_jpeg(np.zeros((8, 8, 3), np.uint8), quality)


@pytest.mark.parametrize("quality", [10, 60, 95])
def test_the_stage_of_a_profile_is_the_same_codec(quality: int) -> None:
    """So that a search may turn the quality by its gradient, and a certificate stores the picture."""
    picture = np.ascontiguousarray(astronaut()[90:151, 200:275])
    image = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255
    levels = 255 * jpeg(image, torch.tensor(float(quality)))[0].permute(1, 2, 0)
    assert np.array_equal(levels.round().to(torch.uint8).numpy(), through_jpeg(picture, quality))
