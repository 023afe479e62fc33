"""Chains whose picture has another size than the mosaic."""

from __future__ import annotations

import copy

import numpy as np
import onnxruntime as ort
import pytest
import torch
from torch import Tensor

import camsim
from camsim import Profile
from camsim.export import OTHER_SIZE, to_onnx
from camsim.isp import HalfSize

DEVICE = "machine-vision/imx250"


def halved(name: str = DEVICE) -> Profile:
    """A device whose demosaic makes one pixel of each cell."""
    profile = camsim.load(name)
    isp = tuple(HalfSize() if stage.kind == "demosaic" else stage for stage in profile.isp)
    return profile.model_copy(update={"isp": isp, "choices": {}, "orders": ()})


def mosaic(batch: int, height: int, width: int) -> Tensor:
    form = halved().raw_format
    light = torch.rand(batch, 1, height, width, generator=torch.Generator().manual_seed(height))
    return (form.black[0] + light * (form.white[0] - form.black[0])).round()


@pytest.mark.parametrize("size", [(16, 20), (17, 21), (2, 2), (3, 2)])
def test_develop_gives_the_size_that_it_says(size: tuple[int, int]) -> None:
    camera = camsim.compile(halved())
    height, width = camera.output_size(*size)
    assert (height, width) == (size[0] // 2, size[1] // 2)
    raw = mosaic(3, *size)
    image = camera.develop(raw)
    assert image.shape == (3, 3, height, width)
    with torch.no_grad():
        out = torch.empty(3, 3, height, width)
        assert torch.equal(camera.develop(raw, out=out), image)
        as_bytes = torch.empty(3, 3, height, width, dtype=torch.uint8)
        camera.develop(raw, dtype=torch.uint8, out=as_bytes)
        assert torch.equal(as_bytes, camera.develop(raw, dtype=torch.uint8))
    with pytest.raises(ValueError, match=rf"out must be contiguous torch.float32 of \(3, 3, {height}, {width}\)"):
        camera.develop(raw, out=torch.empty(3, 3, size[0] + 1, size[1]))


def test_a_scene_becomes_a_picture_of_that_size() -> None:
    camera = camsim.compile(halved(), dtype=torch.float64)
    scene = torch.full((2, 3, 12, 14), 0.2, dtype=torch.float64, requires_grad=True)
    image = camera(scene, seed=None)
    assert image.shape == (2, 3, 6, 7)
    (gradient,) = torch.autograd.grad(image.sum(), scene)
    assert gradient.abs().min(dim=1).values.max() > 0


def test_it_is_neither_fused_nor_tiled(monkeypatch: pytest.MonkeyPatch) -> None:
    camera = camsim.compile(halved())
    assert not camera.is_fused
    with pytest.raises(camsim.CamsimError, match="demosaic: this stage has no fused form"):
        camsim.compile(halved(), fused=True)
    raw = mosaic(1, 40, 44)
    with torch.no_grad():
        whole = camera.develop(raw)
        for module in ("emulator", "segments"):
            monkeypatch.setattr(f"camsim.{module}.TILED_FROM", 1)
        assert torch.equal(camera.develop(raw), whole)
        plain = camsim.compile(halved(), fused=False).develop(raw)
        torch.testing.assert_close(plain, whole, rtol=0, atol=5e-6)


def test_several_settings_and_several_cameras_at_once() -> None:
    camera, raw = camsim.compile(halved()), mosaic(2, 10, 13)
    gains = torch.tensor([[1.5, 1.0, 1.2], [2.0, 1.0, 1.1]])
    images = camera.develop_each(raw, {"isp.white_balance.gains": gains})
    assert images.shape == (2, 2, 3, 5, 6)
    full = camsim.compile(DEVICE)
    together = camsim.develop_many([full, camera], raw)
    assert [tuple(image.shape[-2:]) for image in together] == [(10, 13), (5, 6)]
    with torch.no_grad():
        assert torch.equal(together[1], camera.develop(raw))
        assert torch.equal(copy.deepcopy(camera).develop(raw), together[1])


@pytest.mark.slow
def test_an_exported_graph_changes_the_size_of_any_frame() -> None:
    camera = camsim.compile(halved())
    model = to_onnx(camera)
    about = {entry.key: entry.value for entry in model.metadata_props}
    assert about["camsim.output"].endswith(OTHER_SIZE)
    graph = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    for shape in ((1, 37, 43), (3, 64, 31), (1, 2, 3)):
        raw = mosaic(*shape)
        with torch.no_grad():
            expected = camera.develop(raw).numpy()
        (image,) = graph.run(["image"], {"raw": raw.numpy()})
        assert image.shape == expected.shape
        np.testing.assert_allclose(image, expected, rtol=0, atol=1e-4)
