"""Resizing against Pillow and OpenCV."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

import camsim
from camsim import Profile
from camsim.export import to_onnx
from camsim.isp import Resize, resize
from camsim.isp.taps import Interpolation, taps

PILLOW = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
SIZES = [(18, 26), (19, 20), (60, 80), (74, 106), (5, 7), (1, 1), (37, 53), (12, 90)]

each_size = pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
each_kind = pytest.mark.parametrize("name", get_args(Interpolation))


def picture(batch: int = 2, height: int = 37, width: int = 53) -> Tensor:
    return torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@each_size
@pytest.mark.parametrize("name", PILLOW)
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 2e-7), (torch.float32, 1e-5)], ids=["f64", "f32"])
def test_equals_pillow(name: Any, size: tuple[int, int], dtype: torch.dtype, tolerance: float) -> None:
    """Pillow computes in float32."""
    image = picture()
    ours = resize(image.to(dtype), size, name)
    assert ours.dtype == dtype
    planes = [Image.fromarray(plane.float().numpy()) for plane in image.flatten(0, 1)]
    theirs = np.stack([np.asarray(plane.resize((size[1], size[0]), PILLOW[name])) for plane in planes])
    np.testing.assert_allclose(ours.flatten(0, 1).numpy(), theirs, rtol=0, atol=tolerance)


@pytest.mark.parametrize("size", [(18, 26), (19, 20), (5, 7), (37, 53), (1, 1)])
def test_area_is_that_of_opencv(golden: Any, size: tuple[int, int]) -> None:
    arrays = golden("resize")
    ours = resize(torch.from_numpy(arrays["picture"]).permute(2, 0, 1)[None], size, "area")
    theirs = arrays[f"area_{size[0]}x{size[1]}"]
    np.testing.assert_allclose(ours[0].permute(1, 2, 0).numpy(), theirs, rtol=0, atol=2e-7)


@pytest.mark.parametrize("name", ["linear", "cubic"])
def test_without_antialias_it_is_opencv_s_plain_scaler(golden: Any, name: str) -> None:
    arrays = golden("resize")
    image = torch.from_numpy(arrays["picture"]).permute(2, 0, 1)[None]
    kind: Any = {"linear": "bilinear", "cubic": "bicubic"}[name]
    ours = resize(image, (18, 26), kind, antialias=False)
    np.testing.assert_allclose(ours[0].permute(1, 2, 0).numpy(), arrays[f"{name}_18x26"], rtol=0, atol=1e-5)
    assert (ours - resize(image, (18, 26), kind)).abs().max() > 0.1


@each_kind
@each_size
def test_an_even_picture_stays_even(name: Interpolation, size: tuple[int, int]) -> None:
    assert (resize(torch.full((1, 3, 37, 53), 0.3, dtype=torch.float64), size, name) - 0.3).abs().max() < 1e-6


@each_kind
def test_a_ramp_keeps_its_place(name: Interpolation) -> None:
    """Pixel edges at whole numbers: what lies at x before lies at x n' / n after."""
    ramp = (torch.arange(64, dtype=torch.float64) + 0.5).expand(1, 1, 64, 64)
    small = resize(ramp, (32, 24), name)[0, 0, 16]
    expected = (torch.arange(24, dtype=torch.float64) + 0.5) * 64 / 24
    assert (small - expected)[4:-4].abs().max() < 0.05


@each_kind
def test_the_same_size_changes_nothing(name: Interpolation) -> None:
    image = picture()
    assert (resize(image, (37, 53), name) - image).abs().max() < 1e-9


@pytest.mark.parametrize("name", ["area", "lanczos"])
@pytest.mark.parametrize(("before", "after"), [(37, 18), (18, 37), (2, 1), (1, 5), (5, 5)])
def test_the_shares_of_each_pixel_sum_to_1(name: Interpolation, before: int, after: int) -> None:
    index, weights = taps(before, after, name)
    assert index.shape == weights.shape == (len(index), after)
    assert index.min() >= 0
    assert index.max() < before
    torch.testing.assert_close(weights.sum(0), torch.ones(after, dtype=torch.float64))


@pytest.mark.parametrize(
    ("given", "size", "expected"),
    [
        ({"scale": 0.5}, (37, 53), (19, 27)),  # halves up
        ({"scale": 0.5}, (36, 52), (18, 26)),
        ({"scale": 0.05}, (2, 3), (1, 1)),
        ({"scale": 1.333}, (300, 401), (400, 535)),
        ({"scale": 2}, (3, 4), (6, 8)),
        ({"size": (9, 16)}, (300, 400), (9, 16)),
    ],
)
def test_the_size_that_comes_out(given: Any, size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert Resize(**given).output_size(*size) == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "needs either scale or size"),
        ({"scale": 0.5, "size": (4, 4)}, "needs either scale or size"),
        ({"scale": 0.01}, "greater than or equal to 0.05"),
        ({"scale": 0.3333}, "at most three decimals, got 0.3333"),
        ({"size": (0, 4)}, "greater than or equal to 1"),
        ({"size": (4, 20000)}, "less than or equal to 16384"),
        ({"scale": 0.5, "interpolation": "area", "antialias": False}, "leave antialias out"),
        ({"scale": 0.5, "interpolation": "sinc"}, "Input should be 'bilinear'"),
    ],
)
def test_what_makes_no_sense_is_refused(given: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Resize(**given)


def with_resize(**given: Any) -> Profile:
    plain = camsim.load("machine-vision/imx250")
    return plain.model_copy(update={"isp": (*plain.isp, Resize(**given)), "choices": {}, "orders": ()})


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bilinear", "lanczos"])
def test_in_an_exported_graph(name: str) -> None:
    import onnxruntime as ort

    camera = camsim.compile(with_resize(scale=0.75, interpolation=name))
    if name == "lanczos":
        with pytest.raises(camsim.CamsimError, match=r"isp.resize can only be exported for frames of one size"):
            to_onnx(camera)
    shapes = [(1, 37, 43), (2, 64, 31)] if name == "bilinear" else [(2, 38, 44)]
    model = to_onnx(camera, size=None if name == "bilinear" else (38, 44))
    graph = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    for batch, height, width in shapes:
        light = torch.rand(batch, 1, height, width, generator=torch.Generator().manual_seed(height))
        with torch.no_grad():
            raw = (camera.profile.raw_format.full_scale * light).round()
            expected = camera.develop(raw).numpy()
        (image,) = graph.run(["image"], {"raw": raw.numpy()})
        assert image.shape == (batch, 3, *camera.output_size(height, width))
        np.testing.assert_allclose(image, expected, rtol=0, atol=1e-4)
