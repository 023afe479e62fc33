"""Pixels become numbers by the table, also where a straight line gives it: to the bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from audit.models.lookup import gives
from audit.models.preprocess import ImageInput, Preprocess, ResolvedPreprocess, preprocess
from audit.models.resolve import resolve


def resolved(height: int, width: int, **declared: object) -> ResolvedPreprocess:
    return resolve(Preprocess.model_validate(declared), ImageInput("image", "float32", "NCHW", 1, 3, height, width))[0]


def in_planes(height: int, width: int) -> NDArray[np.uint8]:
    """(H, W, 3), each channel a plane, as cameras give them."""
    planes = np.random.default_rng(height * width).integers(0, 256, (3, height, width), dtype=np.uint8)
    return planes.transpose(1, 2, 0)


def by_table(image: NDArray[np.uint8], settings: ResolvedPreprocess) -> NDArray[np.generic]:
    return np.stack([settings.tables[channel][image[..., channel]] for channel in range(3)])


@settings(max_examples=200, deadline=None)
@given(
    st.floats(1e-3, 10),
    st.lists(st.floats(-300, 300), min_size=3, max_size=3),
    st.lists(st.floats(1e-3, 300), min_size=3, max_size=3),
    st.integers(1, 40),
)
def test_every_number_is_that_of_the_table(scale: float, mean: list[float], std: list[float], width: int) -> None:
    settings, image = resolved(7, width, scale=scale, mean=mean, std=std), in_planes(7, width)
    np.testing.assert_array_equal(preprocess(image, settings), by_table(image, settings))


@pytest.mark.parametrize(
    "declared",
    [
        {},
        {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]},
        {"mean": 0.5, "std": 0.5},
        {"scale": 1, "mean": [123.675, 116.28, 103.53], "std": [58.395, 57.12, 57.375]},
    ],
    ids=["0 to 1", "ImageNet", "-1 to 1", "pixels"],
)
def test_what_models_are_usually_fed_is_a_line(declared: dict[str, object]) -> None:
    assert resolved(8, 8, **declared).lines is not None


def test_what_is_no_line_to_the_bit_goes_by_the_table() -> None:
    settings, image = resolved(16, 33, mean=0.6, std=0.198), in_planes(16, 33)
    assert settings.lines is None
    np.testing.assert_array_equal(preprocess(image, settings), by_table(image, settings))


def test_a_table_that_is_off_by_one_bit_is_not_given() -> None:
    tables = np.arange(256, dtype=np.float32)[None].repeat(3, axis=0)
    lines = np.array([[1.0, 0.0]] * 3)
    assert gives(lines, tables)
    tables[2, 255] = np.nextafter(np.float32(255), np.float32(0))
    assert not gives(lines, tables)
