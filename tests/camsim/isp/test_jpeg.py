"""The JPEG stage against libjpeg itself, to the last level."""

from __future__ import annotations

import io
from typing import Any, get_args

import numpy as np
import onnxruntime as ort
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from skimage.data import astronaut
from torch import Tensor
from torch.func import grad, vmap

import camsim
from camsim.export import to_onnx
from camsim.isp import Jpeg, jpeg
from camsim.isp.jpeg import Subsampling
from camsim.isp.quantization import CHROMA_TABLE, LUMA_TABLE, quantization_table
from camsim.isp.rounding import Rounding, round_down, round_to_even

SUBSAMPLINGS: tuple[Subsampling, ...] = get_args(Subsampling)
each_subsampling = pytest.mark.parametrize("subsampling", SUBSAMPLINGS)
each_rounding = pytest.mark.parametrize("rounding", get_args(Rounding))


def planes(rgb: NDArray[np.uint8], dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.from_numpy(rgb.copy()).permute(2, 0, 1)[None].to(dtype) / 255


def ours(rgb: NDArray[np.uint8], quality: float, subsampling: Subsampling, dtype: torch.dtype) -> NDArray[Any]:
    found = jpeg(planes(rgb, dtype), torch.tensor(quality, dtype=dtype), subsampling)
    levels: NDArray[Any] = (255 * found[0]).permute(1, 2, 0).numpy()
    assert np.abs(levels - levels.round()).max() < 1e-4
    return levels.round().astype(np.uint8)


def libjpeg(rgb: NDArray[np.uint8], quality: int, subsampling: Subsampling) -> NDArray[np.uint8]:
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "JPEG", quality=quality, subsampling=subsampling)
    with Image.open(buffer) as image:
        return np.asarray(image.convert("RGB"))


@pytest.mark.parametrize("quality", [10, 25, 50, 75, 90, 95, 100])
@pytest.mark.parametrize(("name", "subsampling"), [("444", "4:4:4"), ("420", "4:2:0")])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["f64", "f32"])
def test_pictures_and_tables_of_libjpeg(
    golden: Any, quality: int, name: str, subsampling: Subsampling, dtype: torch.dtype
) -> None:
    arrays = golden("jpeg")
    place = arrays["qualities"].tolist().index(quality)
    for key, table in (("luma", LUMA_TABLE), ("chroma", CHROMA_TABLE)):
        steps = quantization_table(table, torch.tensor(float(quality), dtype=dtype))
        np.testing.assert_array_equal(steps.numpy(), arrays[f"qtable_{key}"][place])
    np.testing.assert_array_equal(
        ours(arrays["rgb"], quality, subsampling, dtype), arrays[f"decoded_q{quality}_{name}"]
    )


@each_subsampling
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["f64", "f32"])
def test_any_size_and_quality_as_the_codec_of_this_machine(subsampling: Subsampling, dtype: torch.dtype) -> None:
    """Odd sizes, those of a few columns, noise and a photograph."""
    rng = np.random.default_rng(SUBSAMPLINGS.index(subsampling))
    photograph = astronaut()
    for number in range(60):
        height, width = rng.integers(2, 40, 2)
        quality = int(rng.integers(1, 101))
        top, left = rng.integers(0, 400, 2)
        rgb = np.ascontiguousarray(photograph[top : top + height, left : left + width])
        if number % 2:
            rgb = rng.integers(0, 256, rgb.shape, dtype=np.uint8)
        np.testing.assert_array_equal(
            ours(rgb, quality, subsampling, dtype), libjpeg(rgb, quality, subsampling), f"{height}x{width} at {quality}"
        )


@pytest.mark.parametrize("table", [LUMA_TABLE, CHROMA_TABLE])
def test_steps_between_whole_qualities_lie_between_theirs(table: Any) -> None:
    qualities = torch.arange(1, 100.01, 0.25, dtype=torch.float64)
    steps = torch.stack([quantization_table(table, quality) for quality in qualities])
    assert ((steps[1:] - steps[:-1]) <= 0).all()
    assert torch.equal(steps, steps.round())
    assert steps[0].max() == 255
    assert (steps[-1] == 1).all()


@pytest.mark.parametrize("start", [15.0, 40.0, 60.0, 85.0])
@each_rounding
def test_the_gradient_of_the_quality_points_to_less_loss(start: float, rounding: Rounding) -> None:
    image = planes(astronaut()[100:148, 150:206])

    def off(quality: Tensor) -> Tensor:
        return (jpeg(image, quality, "4:2:0", rounding) - image).square().mean()

    quality = torch.tensor(start, dtype=torch.float64)
    slope = grad(off)(quality)
    assert slope < 0
    assert off(quality + 8) < off(quality) < off(quality - 8)
    for _ in range(5):
        quality = quality - 2 * grad(off)(quality).sign()
    assert quality == start + 10


def test_what_the_gradient_of_the_picture_is() -> None:
    """Of even steps of 1 the codec is nearly the identity; so is its gradient, both ways through where unrounded."""
    image = (0.2 + 0.6 * planes(astronaut()[100:116, 150:166])).requires_grad_()
    weights = torch.rand(image.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    (fine,) = torch.autograd.grad((jpeg(image, torch.tensor(100.0).double(), "4:4:4") * weights).sum(), image)
    assert (fine - weights).abs().max() < 1e-4  # but for the 65536ths of the matrices
    coarse = {}
    for rounding in get_args(Rounding):
        found = jpeg(image, torch.tensor(20.0).double(), "4:4:4", rounding)
        (coarse[rounding],) = torch.autograd.grad((found * weights).sum(), image)
    assert (coarse["straight_through"] - weights).abs().max() < 1e-4
    assert 0.05 < coarse["smooth"].std() / weights.std() < 0.6  # most coefficients lie well within their step


@each_rounding
def test_rounding_is_true_forward_and_as_stated_backward(rounding: Rounding) -> None:
    x = torch.tensor([-1.7, -0.5, 0.2, 0.5, 1.5, 2.49, 1e6 + 0.3], dtype=torch.float64, requires_grad=True)
    rounded = round_to_even(x, rounding)
    assert torch.equal(rounded, torch.round(x))
    (gradient,) = torch.autograd.grad(rounded.sum(), x)
    far = (x - x.round()).detach()
    torch.testing.assert_close(gradient, torch.ones_like(x) if rounding == "straight_through" else 3 * far**2)
    (gradient,) = torch.autograd.grad(round_down(x).sum(), x)
    assert torch.equal(round_down(x), x.floor())
    assert torch.equal(gradient, torch.ones_like(x))


def test_the_smooth_gradient_is_that_of_the_cubic() -> None:
    x = torch.tensor([-1.7, -0.4, 0.2, 1.3, 2.49], dtype=torch.float64, requires_grad=True)

    def cubic(x: Tensor) -> Tensor:
        return x.detach().round() + (x - x.detach().round()) ** 3

    assert torch.autograd.gradcheck(cubic, x)
    (expected,), (found,) = (torch.autograd.grad(f(x).sum(), x) for f in (cubic, lambda x: round_to_even(x, "smooth")))
    torch.testing.assert_close(found, expected)


def test_without_gradients_the_picture_is_the_same() -> None:
    image, quality = planes(astronaut()[100:133, 150:191]), torch.tensor(60.0).double()
    found = jpeg(image.requires_grad_(), quality)
    with torch.no_grad():
        assert torch.equal(jpeg(image, quality), found)


def test_many_qualities_at_once() -> None:
    image = planes(astronaut()[100:120, 150:171])
    qualities = torch.tensor([20.0, 55.5, 95.0], dtype=torch.float64)
    together = vmap(lambda quality: jpeg(image, quality))(qualities)
    for quality, found in zip(qualities, together, strict=True):
        assert torch.equal(found, jpeg(image, quality))


def test_a_search_may_turn_the_quality() -> None:
    plain = camsim.load("machine-vision/imx250")
    changes = {"isp": (*plain.isp, Jpeg(quality=85)), "choices": {}, "orders": (), "search": None}
    profile = plain.model_copy(update=changes)
    knob = profile.knobs()["isp.jpeg.quality"]
    assert knob.bounds == (1, 100)
    assert profile.ranges()["isp.jpeg.quality"] == (75, 95)
    camera = camsim.compile(profile)
    assert not camera.is_fused
    (knob_gradient,) = torch.autograd.grad(
        camera(torch.rand(1, 3, 24, 24, generator=torch.Generator().manual_seed(0)), seed=0).square().sum(),
        dict(camera.named_parameters())["isp.jpeg.quality"],
    )
    assert torch.isfinite(knob_gradient)
    assert knob_gradient != 0


@pytest.mark.parametrize("quality", [0.5, 101])
def test_a_quality_that_there_is_not(quality: float) -> None:
    with pytest.raises(ValueError, match=r"must lie in \[1, 100\]"):
        Jpeg(quality=quality)


@pytest.mark.slow
@pytest.mark.parametrize(
    "stage",
    [{"kind": "jpeg", "quality": 80}, {"kind": "chroma_subsampling", "siting": "left"}],
    ids=lambda s: s["kind"],
)
def test_in_an_exported_graph_of_any_size(stage: dict[str, object]) -> None:
    plain = camsim.load("machine-vision/imx250")
    isp = [*plain.model_dump()["isp"], stage]
    camera = camsim.compile(
        camsim.Profile.model_validate(plain.model_dump(exclude={"choices", "orders", "search"}) | {"isp": isp})
    )
    graph = ort.InferenceSession(to_onnx(camera).SerializeToString(), providers=["CPUExecutionProvider"])
    for batch, height, width in ((1, 37, 43), (3, 64, 31)):
        light = torch.rand(batch, 1, height, width, generator=torch.Generator().manual_seed(height))
        with torch.no_grad():
            raw = (camera.profile.raw_format.full_scale * light).round()
            expected = camera.develop(raw).numpy()
        (image,) = graph.run(["image"], {"raw": raw.numpy()})
        # One rounded the other way makes a difference in its whole block.
        assert (np.abs(image - expected) > 1e-3).mean() < 0.02
        assert image.std() > 0.05
