"""A classifier that asks how bright a picture is: as a module, as ONNX, and without gradients."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from audit.data import Dataset, Sample
from audit.models import Model, TorchModel, load_model

SIDE = 16
THRESHOLD = 0.4
DECLARED = {
    "color": "RGB",
    "scale": 1 / 255,
    "mean": 0,
    "std": 1,
    "resize": "stretch",
    "input_size": [SIDE, SIDE],
    "output_kind": "logits",
    "classes": ["dark", "bright"],
}


class Brightness(nn.Module):
    """Logits (B, 2) of "dark" and "bright": the mean against a threshold."""

    def __init__(self, threshold: float = THRESHOLD) -> None:
        super().__init__()
        self.threshold = nn.Parameter(torch.tensor(threshold))

    def forward(self, image: Tensor) -> Tensor:
        level = 20 * (image.mean(dim=(1, 2, 3)) - self.threshold)
        return torch.stack([-level, level], dim=1)


def make_scenes(count: int = 60, *, levels: tuple[float, float] = (0.1, 0.5), textures: float = 0.4) -> Dataset:
    """Alternating dark and bright scenes with some texture and some spread."""

    def scene(number: int) -> Tensor:
        generator = torch.Generator().manual_seed(number)
        level = levels[number % 2] * (0.8 + 0.4 * torch.rand((), generator=generator))
        return level * (1 + textures * (torch.rand(3, SIDE, SIDE, generator=generator) - 0.5))

    samples = tuple(
        Sample(f"{number:03d}", ("dark", "bright")[number % 2], lambda n=number: scene(n)) for number in range(count)
    )
    return Dataset("made", samples, ("bright", "dark"), "1" * 64, "Made for a test.")


@pytest.fixture(scope="session")
def scenes() -> Dataset:
    return make_scenes()


@pytest.fixture
def torch_model() -> TorchModel:
    return TorchModel(Brightness().eval(), "brightness.pt", DECLARED)


@pytest.fixture(scope="session")
def onnx_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "brightness.onnx"
    constants = {"threshold": np.array([THRESHOLD]), "weights": np.array([[-20.0, 20.0]])}
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["image"], ["mean"], axes=[1, 2, 3], keepdims=1),
            helper.make_node("Flatten", ["mean"], ["flat"]),
            helper.make_node("Sub", ["flat", "threshold"], ["centred"]),
            helper.make_node("MatMul", ["centred", "weights"], ["logits"]),
        ],
        "brightness",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 2])],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


@pytest.fixture
def onnx_model(onnx_file: Path) -> Model:
    return load_model(onnx_file, None, {name: value for name, value in DECLARED.items() if name != "input_size"})
