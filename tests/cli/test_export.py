"""`camsim export`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch

import camsim

from .conftest import Invoke

PROFILE = "machine-vision/imx250"


def run(path: Path, name: str, given: np.ndarray) -> np.ndarray:
    (output,) = ort.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, {name: given})
    return np.asarray(output)


@pytest.mark.slow
def test_a_camera_alone_is_what_develop_does(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "camera.onnx").write_text("of yesterday")
    done = invoke("export", PROFILE, "--out", "camera.onnx")
    assert done.exit_code == 0, done.output
    assert done.stdout == "camera.onnx\n"
    assert [path.name for path in tmp_path.iterdir()] == ["camera.onnx"]
    mosaic = np.random.default_rng(1).integers(400, 3000, (33, 46)).astype(np.uint16)
    np.save(tmp_path / "mosaic.npy", mosaic)
    assert invoke("develop", "mosaic.npy", "--profile", PROFILE, "--out", "image.npy").exit_code == 0
    image = run(tmp_path / "camera.onnx", "raw", mosaic[None, None].astype(np.float32))
    np.testing.assert_allclose(image[0].transpose(1, 2, 0), np.load(tmp_path / "image.npy"), rtol=0, atol=1e-4)


@pytest.mark.slow
def test_in_front_of_a_model(invoke: Invoke, sturdy: Path, tmp_path: Path) -> None:
    done = invoke("export", PROFILE, "--out", "glued.onnx", "--from", "scene", "--with", sturdy)
    assert done.exit_code == 0, done.output
    assert "assumed: filter bilinear" in done.stderr
    for level, wanted in ((0.02, "dark"), (0.9, "bright")):
        scene = torch.full((1, 3, 32, 32), level)
        logits = run(tmp_path / "glued.onnx", "scene", scene.numpy())
        with torch.no_grad():
            picture = (camsim.compile(PROFILE)(scene, seed=None).clamp(0, 1) * 255).round().div(255).numpy()
        np.testing.assert_allclose(logits, run(sturdy, "image", picture), rtol=1e-4)
        assert logits[0].argmax() == ["bright", "dark"].index(wanted)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no-such", "-o", "a.onnx"], "unknown profile 'no-such'"),
        ([PROFILE, "-o", "a.txt"], "a.txt: an exported emulator is .onnx, got .txt"),
        ([PROFILE, "-o", "nowhere/a.onnx"], "the folder nowhere does not exist"),
        ([PROFILE, "-o", "a.onnx", "--size", "12"], "takes height x width in pixels, as in 480x640; got '12'"),
        ([PROFILE, "-o", "a.onnx", "--size", "1x12"], "size must be at least 2x2"),
        ([PROFILE, "-o", "a.onnx", "--opset", "9"], "opset must be one of 18 ... 25, got 9"),
        ([PROFILE, "-o", "a.onnx", "--from", "jpeg"], "'jpeg' is not one of 'raw', 'scene', 'image'"),
        ([PROFILE, "-o", "a.onnx", "--sidecar", "b.yaml"], "it needs --with MODEL"),
        ([PROFILE, "-o", "a.onnx", "--with", "no.onnx"], "no.onnx: no such file"),
        ([PROFILE, "-o", "a.onnx", "--with", "notes.onnx"], "notes.onnx: is text"),
    ],
)
def test_wrong_inputs(invoke: Invoke, tmp_path: Path, arguments: list[str], message: str) -> None:
    (tmp_path / "notes.onnx").write_text("not a model")
    done = invoke("export", *arguments)
    assert done.exit_code == 2
    assert message in " ".join(done.output.replace("│", " ").split())
    assert not (tmp_path / "a.onnx").exists()


def test_the_model_is_not_overwritten_by_what_is_made_of_it(invoke: Invoke, sturdy: Path) -> None:
    before = sturdy.read_bytes()
    done = invoke("export", PROFILE, "--out", sturdy, "--with", sturdy)
    assert done.exit_code == 2
    assert "is the model itself; choose another --out" in done.output
    assert sturdy.read_bytes() == before
