"""The preprocessing in torch against the one that the audit feeds models with: the same numbers to the bit."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from audit.models.differentiable import DifferentiablePreprocess
from audit.models.onnx_graph.straight import unrounded
from audit.models.preprocess import ImageInput, Preprocess, ResolvedPreprocess, preprocess
from audit.models.resampling import ONE, resize_weights
from audit.models.resolve import resolve
from camsim.errors import CamsimError

WANTED = ImageInput("image", "float32", "NCHW", 1, 3, 12, 17)
SHAPES = [(12, 17), (40, 33), (7, 90), (12, 60), (9, 8), (101, 17), (64, 20)]
FILTERS = ["nearest", "box", "bilinear", "bicubic", "lanczos"]


def resolved(wanted: ImageInput = WANTED, **declared: object) -> ResolvedPreprocess:
    return resolve(Preprocess.model_validate(declared), wanted)[0]


def picture(shape: tuple[int, int], seed: int = 0) -> np.ndarray:
    """Noise with saturated patches: filters that overshoot are cut there."""
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (*shape, 3), dtype=np.uint8)
    image[: shape[0] // 2, : shape[1] // 3] = 255 * rng.integers(0, 2, image[: shape[0] // 2, : shape[1] // 3].shape)
    return image


def as_tensor(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(image.transpose(2, 0, 1).copy())[None].float() / 255


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("method", FILTERS)
@pytest.mark.parametrize("resize", ["stretch", "crop", "pad"])
def test_same_numbers_as_pillow(shape: tuple[int, int], method: str, resize: str) -> None:
    image = picture(shape)
    wanted = resolved(resize=resize, filter=method, mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])
    got = DifferentiablePreprocess(wanted, torch.float32)(as_tensor(image))
    np.testing.assert_array_equal(got[0].numpy(), preprocess(image, wanted))


@pytest.mark.parametrize("method", FILTERS)
@pytest.mark.parametrize(("old", "new"), [(1000, 224), (224, 1000), (641, 32), (3, 7), (1, 5), (333, 332)])
def test_weights_against_pillow_on_a_line(method: str, old: int, new: int) -> None:
    line = np.random.default_rng(1).integers(0, 256, (1, old), dtype=np.uint8)
    resampling = Image.Resampling[method.upper()]
    expected = np.asarray(Image.fromarray(line).resize((new, 1), resampling))
    weighted = np.floor(line @ resize_weights(old, new, method).T / ONE + 0.5).clip(0, 255)
    np.testing.assert_array_equal(weighted, expected)


@pytest.mark.parametrize("color", ["RGB", "BGR", "GRAY"])
@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "uint8"])
def test_colour_layout_and_dtype(color: str, layout: str, dtype: str) -> None:
    wanted = replace(WANTED, dtype=dtype, layout=layout, channels=1 if color == "GRAY" else 3)
    declared = {} if dtype == "uint8" else {"scale": 0.017, "mean": 2.1, "std": 0.7}
    prepared = resolved(wanted, color=color, resize="crop", resize_shorter=19, filter="bicubic", **declared)
    image = picture((31, 44))
    got = DifferentiablePreprocess(prepared, torch.float64)(as_tensor(image))
    np.testing.assert_array_equal(got[0].numpy(), preprocess(image, prepared).astype(np.float64))


def test_a_model_of_any_size_is_fed_the_image_itself() -> None:
    free = resolved(replace(WANTED, height=None, width=None))
    image = picture((15, 22))
    got = DifferentiablePreprocess(free, torch.float32)(as_tensor(image))
    np.testing.assert_array_equal(got[0].numpy(), preprocess(image, free))


@pytest.mark.parametrize("resize", ["stretch", "crop", "pad"])
@pytest.mark.parametrize("color", ["BGR", "GRAY"])
def test_gradient_of_the_smooth_form(resize: str, color: str) -> None:
    wanted = resolved(
        replace(WANTED, height=6, width=8, channels=None), color=color, resize=resize, filter="bicubic", std=0.2
    )
    prepare = DifferentiablePreprocess(wanted, torch.float64)
    images = 0.2 + 0.6 * torch.rand(1, 3, 9, 11, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    with unrounded():
        assert torch.autograd.gradcheck(prepare, images.requires_grad_())


def test_rounding_lets_the_gradient_through() -> None:
    wanted = resolved(filter="bilinear", resize="pad", std=[0.2, 0.3, 0.4])
    images = 0.2 + 0.6 * torch.rand(1, 3, 30, 21, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    gradients = []
    for context in (nullcontext(), unrounded()):
        images.grad = None
        images.requires_grad_()
        with context:
            prepared = DifferentiablePreprocess(wanted, torch.float64)(images)
        (prepared * torch.arange(prepared.numel()).reshape(prepared.shape)).sum().backward()
        assert images.grad is not None
        gradients.append(images.grad)
    torch.testing.assert_close(*gradients, rtol=1e-12, atol=0)
    assert gradients[0].abs().min() > 0


@pytest.mark.parametrize(
    "images", [torch.zeros(3, 4, 4), torch.zeros(1, 1, 4, 4), torch.zeros(1, 3, 4, 4, dtype=torch.uint8)]
)
def test_other_images_are_refused(images: torch.Tensor) -> None:
    with pytest.raises(CamsimError, match=r"must be \(B, 3, H, W\)"):
        DifferentiablePreprocess(resolved(), torch.float32)(images)


def test_memory_is_bounded() -> None:
    wide = resolved(replace(WANTED, height=1000, width=1000), resize="crop")
    with pytest.raises(CamsimError, match="at most"):
        DifferentiablePreprocess(wide, torch.float32)(torch.zeros(1, 3, 1, 20_000))
