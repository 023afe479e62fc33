"""Resizing as OpenCV does it: hashes of what cv2.resize itself gave, and the same numbers with a gradient."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from audit.models.differentiable import DifferentiablePreprocess
from audit.models.opencv import resize_linear
from audit.models.opencv_area import resize_area, resize_area_tensor
from audit.models.preprocess import ImageInput, Preprocess, preprocess
from audit.models.resolve import resolve
from audit.models.sidecar import declaration_of
from camsim.errors import ProfileError

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "opencv_linear.json").read_text())
AREA = json.loads((Path(__file__).parents[2] / "golden" / "opencv_area.json").read_text())


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: str(case["seed"]))
def test_to_the_bit(case) -> None:
    image = np.random.default_rng(case["seed"]).integers(0, 256, case["old"], dtype=np.uint8)
    got = resize_linear(image, *case["new"])
    assert got.shape == (*case["new"], case["old"][2])
    assert hashlib.sha256(got.tobytes()).hexdigest() == case["sha256"]


@pytest.mark.parametrize("case", AREA["cases"], ids=lambda case: str(case["seed"]))
def test_area_to_the_bit_as_pictures_and_as_tensors(case) -> None:
    image = np.random.default_rng(case["seed"]).integers(0, 256, case["old"], dtype=np.uint8)
    got = resize_area(image, *case["new"])
    assert got.shape == (*case["new"], case["old"][2])
    assert hashlib.sha256(got.tobytes()).hexdigest() == case["sha256"]
    levels = torch.from_numpy(image.transpose(2, 0, 1).copy())[None].double()
    np.testing.assert_array_equal(resize_area_tensor(levels, *case["new"])[0].permute(1, 2, 0).numpy(), got)


@pytest.mark.parametrize("new", [(4, 6), (5, 7), (20, 40)])
def test_what_is_even_stays_so_and_gradients_share_out_each_new_pixel(new: tuple[int, int]) -> None:
    """Whether a side shrinks by a whole factor, by another one, or grows."""
    assert (resize_area(np.full((12, 18, 3), 201, np.uint8), *new) == 201).all()
    levels = torch.full((1, 3, 12, 18), 100.0, dtype=torch.float64, requires_grad=True)
    resize_area_tensor(levels, *new).sum().backward()
    assert levels.grad is not None
    assert levels.grad.sum() == pytest.approx(3 * new[0] * new[1], rel=2e-3)  # weights in 1/2048 where it grows
    assert levels.grad.min() > 0


def test_area_is_opencvs_or_pillows_and_never_either() -> None:
    with pytest.raises(ProfileError, match=r"'area' may be either of two: 'box', Pillow's, or 'inter_area'"):
        declaration_of({"filter": "area"}, "here")
    image = np.random.default_rng(1).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    wanted = ImageInput("image", "uint8", "NHWC", 1, 3, 12, 20)
    theirs, pillows = (resolve(Preprocess(filter=name), wanted)[0] for name in ("inter_area", "box"))
    np.testing.assert_array_equal(preprocess(image, theirs), resize_area(image, 12, 20))
    boxed = Image.fromarray(image).resize((20, 12), Image.Resampling.BOX)
    np.testing.assert_array_equal(preprocess(image, pillows), np.asarray(boxed))
    assert theirs.stated()["filter"] == "inter_area"


def test_a_ramp_keeps_its_ends_and_its_slope() -> None:
    """cv2 centres pixels: a line of 0, 4, 8 ... twice as long has steps of 2, and flat ends."""
    line = np.arange(0, 64, 4, dtype=np.uint8)[None, :, None]
    got = resize_linear(line, 1, 32)[0, :, 0].astype(int)
    assert got[0] == 0
    assert got[-1] == 60
    np.testing.assert_array_equal(np.diff(got)[1:-1], 2)


@pytest.mark.parametrize("color", ["RGB", "BGR", "GRAY"])
@pytest.mark.parametrize("shape", [(13, 9), (40, 50), (6, 30)])
def test_area_in_torch_is_area_in_numpy(shape: tuple[int, int], color: str) -> None:
    declared = Preprocess(input_size=(12, 20), color=color, resize="pad", pad_value=114, filter="inter_area")
    resolved, _ = resolve(declared, ImageInput("image", "float32", "NCHW", 1, None, None, None))
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    tensor = torch.from_numpy(image.transpose(2, 0, 1).copy())[None].double() / 255
    got = DifferentiablePreprocess(resolved, torch.float32)(tensor)
    np.testing.assert_array_equal(got.numpy()[0], preprocess(image, resolved))


@pytest.mark.parametrize("color", ["RGB", "BGR", "GRAY"])
@pytest.mark.parametrize("shape", [(13, 9), (40, 50), (6, 30)])
def test_the_differentiable_form_gives_the_same_numbers(shape: tuple[int, int], color: str) -> None:
    declared = Preprocess(input_size=(12, 20), color=color, resize="pad", pad_value=114, antialias=False)
    wanted = ImageInput("image", "float32", "NCHW", 1, None, None, None)
    resolved, _ = resolve(declared, wanted)
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    tensor = torch.from_numpy(image.transpose(2, 0, 1).copy())[None].double() / 255
    tensor.requires_grad_()
    got = DifferentiablePreprocess(resolved, torch.float32)(tensor)
    np.testing.assert_array_equal(got.detach().numpy()[0], preprocess(image, resolved))
    got.sum().backward()
    assert tensor.grad is not None
    assert tensor.grad.abs().sum() > 0
    other = DifferentiablePreprocess(replace(resolved, antialias=True), torch.float32)(tensor.detach())
    assert (other - got.detach()).abs().max() > 1 / 255, "antialiasing is another thing"
