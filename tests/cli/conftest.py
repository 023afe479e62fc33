"""Small models and pictures, and ways to run the command."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from scipy.ndimage import gaussian_filter
from typer.testing import CliRunner, Result

from camsim.cli import app

SIDE = 32
SIDECAR = (
    "camsim_model: 1\ncolor: RGB\nscale: 0.00392156862745098\nmean: 0\nstd: 1\nresize: stretch\noutput_kind: logits\n"
)

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Invoke = Callable[..., Result]


@pytest.fixture(scope="session")
def camsim_command() -> list[str]:
    """The installed console script."""
    script = Path(sys.executable).parent / "camsim"
    assert script.exists(), f"{script} is missing: install the package first"
    return [str(script)]


@pytest.fixture(scope="session")
def run_camsim(camsim_command: list[str]) -> Run:
    """Run the command as a user does, in a process of its own."""

    def run(*arguments: str | Path, cwd: Path, columns: int = 100) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"COLUMNS": str(columns)}
        command = [*camsim_command, *map(str, arguments)]
        return subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, check=False
        )

    return run


@pytest.fixture
def invoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Run the command in this process, in a folder of its own; quicker."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return run


def _texture(rng: np.random.Generator, level: float) -> np.ndarray:
    smooth = gaussian_filter(rng.normal(size=(SIDE, SIDE, 3)), (1.5, 1.5, 0))
    return np.clip(level + 0.05 * smooth / smooth.std(), 0, 1)


def save_pictures(folder: Path, count: int, seed: int = 0) -> Path:
    """``count`` dark and ``count`` bright textures, one folder a class."""
    rng = np.random.default_rng(seed)
    for name, level in (("bright", 0.75), ("dark", 0.25)):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            picture = (_texture(rng, level) * 255).round().astype(np.uint8)
            Image.fromarray(picture).save(folder / name / f"{number:03d}.png")
    return folder


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 labelled pictures: 30 dark, 30 bright."""
    return save_pictures(tmp_path_factory.mktemp("data") / "pictures", 30)


def _save(path: Path, nodes: list[onnx.NodeProto], constants: dict[str, np.ndarray]) -> Path:
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 2])],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    path.with_suffix(".camsim.yaml").write_text(SIDECAR)
    return path


@pytest.fixture(scope="session")
def sturdy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tells bright from dark by the mean: no camera can shake it."""
    nodes = [
        helper.make_node("ReduceMean", ["image"], ["mean"], axes=[1, 2, 3], keepdims=1),
        helper.make_node("Flatten", ["mean"], ["flat"]),
        helper.make_node("Sub", ["flat", "half"], ["centred"]),
        helper.make_node("MatMul", ["centred", "weights"], ["logits"]),
    ]
    path = tmp_path_factory.mktemp("models") / "sturdy.onnx"
    return _save(path, nodes, {"half": np.array([0.5]), "weights": np.array([[40.0, -40.0]])})


@pytest.fixture(scope="session")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tells pictures apart by their finest detail, which every camera changes."""
    laplacian = np.zeros((1, 3, 3, 3))
    laplacian[0, 1] = [[0, -1, 0], [-1, 4, -1], [0, -1, 0]]
    nodes = [
        helper.make_node("Conv", ["image", "laplacian"], ["detail"]),
        helper.make_node("Abs", ["detail"], ["strength"]),
        helper.make_node("ReduceMean", ["strength"], ["mean"], axes=[1, 2, 3], keepdims=1),
        helper.make_node("Flatten", ["mean"], ["flat"]),
        helper.make_node("Sub", ["flat", "threshold"], ["centred"]),
        helper.make_node("MatMul", ["centred", "weights"], ["logits"]),
    ]
    path = tmp_path_factory.mktemp("models") / "fragile.onnx"
    constants = {"laplacian": laplacian, "threshold": np.array([0.045]), "weights": np.array([[900.0, -900.0]])}
    return _save(path, nodes, constants)
