"""Resizing as OpenCV does it: hashes of what cv2.resize itself gave, and the same numbers with a gradient."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from audit.models.differentiable import DifferentiablePreprocess
from audit.models.opencv import resize_linear
from audit.models.preprocess import ImageInput, Preprocess, preprocess
from audit.models.resolve import resolve

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "opencv_linear.json").read_text())


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: str(case["seed"]))
def test_to_the_bit(case) -> None:
    image = np.random.default_rng(case["seed"]).integers(0, 256, case["old"], dtype=np.uint8)
    got = resize_linear(image, *case["new"])
    assert got.shape == (*case["new"], case["old"][2])
    assert hashlib.sha256(got.tobytes()).hexdigest() == case["sha256"]


def test_a_ramp_keeps_its_ends_and_its_slope() -> None:
    """cv2 centres pixels: a line of 0, 4, 8 ... twice as long has steps of 2, and flat ends."""
    line = np.arange(0, 64, 4, dtype=np.uint8)[None, :, None]
    got = resize_linear(line, 1, 32)[0, :, 0].astype(int)
    assert got[0] == 0
    assert got[-1] == 60
    np.testing.assert_array_equal(np.diff(got)[1:-1], 2)


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
