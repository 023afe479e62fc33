"""What the pages take for granted: photographs, a model, a camera file. All made here, all tiny."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from PIL import Image

from .shapes import write_detector, write_shapes

CLASSES = {"cat": (0.62, 0.40, 0.30), "cup": (0.30, 0.62, 0.40), "dog": (0.35, 0.40, 0.62)}
"""The colour that each class leans to, in display values."""
PER_CLASS = 27
SIDE = 32


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the reader would have it: photos/, snapshots/, photo.png, model.onnx; shapes/, detector.onnx."""
    folder = tmp_path_factory.mktemp("workshop")
    rng = np.random.default_rng(7)
    for name, colour in CLASSES.items():
        for number in range(PER_CLASS):
            write_photo(folder / "photos" / name / f"{number:02}.png", colour, rng)
    for number in range(40):
        colour = list(CLASSES.values())[number % 3]
        write_photo(folder / "snapshots" / f"{number:02}.png", colour, rng)
    write_photo(folder / "photo.png", CLASSES["cat"], rng)
    write_model(folder / "model.onnx")
    write_shapes(folder / "shapes")
    write_detector(folder / "detector.onnx")
    return folder


@pytest.fixture
def desk(workshop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the workshop for one test, which is then the current folder."""
    folder = tmp_path / "desk"
    shutil.copytree(workshop, folder)
    monkeypatch.chdir(folder)
    return folder


def write_photo(path: Path, colour: tuple[float, float, float], rng: np.random.Generator) -> None:
    """An even colour under soft blotches of light."""
    coarse = rng.uniform(0.75, 1.25, size=(4, 4, 1))
    light = np.kron(coarse, np.ones((SIDE // 4, SIDE // 4, 1)))
    pixels = np.clip(np.array(colour) * light, 0, 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray((pixels * 255).round().astype(np.uint8)).save(path)


def write_model(path: Path) -> None:
    """A classifier whose three logits are the mean of red, green and blue, times 20."""
    graph = helper.make_graph(
        [
            helper.make_node("GlobalAveragePool", ["image"], ["mean"]),
            helper.make_node("Flatten", ["mean"], ["flat"]),
            helper.make_node("Mul", ["flat", "gain"], ["logits"]),
        ],
        "mean-colour",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 32, 32])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 3])],
        [helper.make_tensor("gain", TensorProto.FLOAT, [], [20.0])],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
