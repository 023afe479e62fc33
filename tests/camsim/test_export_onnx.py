"""Emulators as ONNX graphs, run by onnxruntime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from torch import Tensor

import camsim
from camsim import CamsimError, Emulator, Profile
from camsim.cfa import color_masks, per_site
from camsim.export import OPSETS, Source, to_onnx, write_onnx
from camsim.isp import gamma_srgb
from camsim.sensor import MatrixResponse

GRBG = "machine-vision/imx250 as GRBG"
"""The phase that no shipped profile has."""

CHAINS = [
    "seed/drone/bi-s-ga",  # bilinear, sharpening filter, gaussian on the luma, power gamma; nothing normalised
    "seed/drone/me-u-me",  # Menon, unsharp mask down the columns, median
    "phone/oppo-reno-10x",  # BGGR, Malvar, gaussian on RGB, sRGB, unsharp mask after it
    "board/rpi-v1-ov5647",  # GBRG
    GRBG,
]
SHAPES = [(1, 37, 43), (3, 64, 31), (1, 2, 3)]
"""Batch, height, width: odd, even, as small as may be."""


def profile(name: str) -> Profile:
    if name != GRBG:
        return camsim.load(name)
    shipped = camsim.load(GRBG.split()[0])
    return shipped.model_copy(update={"sensor": shipped.sensor.replace({"cfa": "GRBG"})})


def session(model: onnx.ModelProto) -> ort.InferenceSession:
    onnx.checker.check_model(model, full_check=True)
    return ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def mosaic(camera: Emulator, batch: int, height: int, width: int) -> Tensor:
    """DN of a soft scene of mid-tones: where a power curve begins, its slope would show the last bit of a float."""
    generator = torch.Generator().manual_seed(batch * height)
    coarse = 0.2 + 0.3 * torch.rand(batch, 3, 4, 4, generator=generator)
    scene = torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear")
    with torch.no_grad():
        return camera.capture(scene, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("name", CHAINS)
def test_a_graph_develops_as_the_emulator_does(name: str) -> None:
    camera = camsim.compile(profile(name))
    graph = session(to_onnx(camera))
    for shape in SHAPES:
        raw = mosaic(camera, *shape)
        with torch.no_grad():
            expected = camera.isp(raw).numpy()
        (image,) = graph.run(["image"], {"raw": raw.numpy()})
        assert image.dtype == np.float32
        assert image.std() > 0.01
        np.testing.assert_allclose(image, expected, rtol=0, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["seed/drone/ma-s-ga", "seed/microscope/me-s-ga"])
def test_near_black_only_the_last_bits_of_the_light_differ(name: str) -> None:
    """A power curve rises without limit at 0: of the light 2^-25, the last bit of 0.3, it makes 4e-4."""
    camera = camsim.compile(name)
    generator = torch.Generator().manual_seed(0)
    scene = torch.nn.functional.interpolate(torch.rand(2, 3, 8, 8, generator=generator), (96, 98), mode="bilinear")
    with torch.no_grad():
        raw = camera.capture(0.1 * scene, seed=1)
        expected = camera.isp(raw).numpy()
    (image,) = session(to_onnx(camera)).run(["image"], {"raw": raw.numpy()})
    lit = expected > 0.01
    assert 0 < lit.mean() < 1
    np.testing.assert_allclose(image[lit], expected[lit], rtol=0, atol=1e-4)
    np.testing.assert_allclose(image**2.2, expected**2.2, rtol=0, atol=2e-7)


def grey_of_whole_dn(camera: Emulator, light: Tensor) -> Tensor:
    """A grey scene near ``light`` (B, 1, H, W) whose DN are whole, so that no rounding of the ADC is a near thing."""
    sensor = camera.profile.resolved_sensor()
    assert isinstance(sensor.response, MatrixResponse)
    assert isinstance(sensor.exposure, float)
    size = light.shape[-2:]
    seen = torch.tensor(sensor.response.matrix, dtype=torch.float64).sum(1)  # by R, G and B of a grey of 1
    masks = color_masks(sensor.cfa, *size, like=seen)
    slope = sensor.system_gain * sensor.exposure * (seen[:, None, None] * masks).sum(0)
    black = per_site(torch.tensor(sensor.black_level, dtype=torch.float64), *size)
    dn = (black + slope * light).round()
    return ((dn - black) / slope).float().expand(-1, 3, -1, -1)


@pytest.mark.slow
@pytest.mark.parametrize("source", ["scene", "image"])
def test_a_graph_captures_without_noise(source: Source) -> None:
    camera = camsim.compile("machine-vision/imx250")
    light = 0.2 + 0.5 * torch.rand(2, 1, 21, 33, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    scene = grey_of_whole_dn(camera, light)
    with torch.no_grad():
        expected = camera(scene, seed=None).numpy()
        given = gamma_srgb(scene) if source == "image" else scene
    model = to_onnx(camera, source)
    (image,) = session(model).run(None, {source: given.numpy()})
    np.testing.assert_allclose(image, expected, rtol=0, atol=1e-4)
    assert image.std() > 0.01


@pytest.mark.slow
def test_a_fixed_size_another_opset_and_the_metadata(tmp_path: Path) -> None:
    camera = camsim.compile("microscope/pco-edge-5-5")
    model = to_onnx(camera, "raw", size=(6, 9), opset=OPSETS[-1])
    write_onnx(model, tmp_path / "camera.onnx")
    graph = ort.InferenceSession(str(tmp_path / "camera.onnx"), providers=["CPUExecutionProvider"])
    assert graph.get_inputs()[0].shape == ["batch", 1, 6, 9]
    assert graph.get_outputs()[0].shape == ["batch", 3, 6, 9]
    assert [entry.version for entry in model.opset_import] == [OPSETS[-1]]
    about = graph.get_modelmeta().custom_metadata_map
    assert about["camsim.version"] == camsim.__version__
    assert about["camsim.profile"] == camera.profile.name
    (tmp_path / "again.yaml").write_text(about["camsim.profile_yaml"], encoding="utf-8")
    assert camsim.load(tmp_path / "again.yaml") == camera.profile
    assert "DN" in about["camsim.input"]
    assert str(Path.cwd()).encode() not in model.SerializeToString()


def test_what_cannot_be_exported_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    camera = camsim.compile("machine-vision/imx250")
    with pytest.raises(CamsimError, match=r"opset must be one of 18 \.\.\. 25, got 17"):
        to_onnx(camera, opset=17)
    with pytest.raises(CamsimError, match="at least 2x2"):
        to_onnx(camera, size=(1, 8))
    with pytest.raises(CamsimError, match="float32"):
        to_onnx(camsim.compile("machine-vision/imx250", dtype=torch.float64))
    with pytest.raises(CamsimError, match=r"is \.onnx, got \.txt"):
        write_onnx(onnx.ModelProto(), tmp_path / "camera.txt")
    monkeypatch.setitem(__import__("sys").modules, "onnxscript", None)
    with pytest.raises(CamsimError, match=r"pip install onnxscript"):
        to_onnx(camera)
