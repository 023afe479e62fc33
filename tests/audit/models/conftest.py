"""Small ONNX models, built node by node, and images for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

CLASSES = 5

_DTYPES = {
    "float32": TensorProto.FLOAT,
    "float16": TensorProto.FLOAT16,
    "float64": TensorProto.DOUBLE,
    "uint8": TensorProto.UINT8,
    "int32": TensorProto.INT32,
}
Shape = Sequence[int | str]
Write = Callable[..., Path]


def weights(classes: int = CLASSES, channels: int = 3) -> NDArray[np.float32]:
    """The (classes, channels) matrix of the models below."""
    return np.random.default_rng(7).normal(0, 4, (classes, channels)).astype(np.float32)


def linear_model(
    shape: Shape = (1, 3, 8, 8),
    dtype: str = "float32",
    layout: str = "NCHW",
    end: str = "",
    classes: int = CLASSES,
    channels: int = 3,
) -> onnx.ModelProto:
    """scores = W @ (mean of each channel over the image), then the operators named in ``end``, one after another."""
    inner = dtype if dtype.startswith("float") else "float32"
    nodes = [helper.make_node("Cast", ["image"], ["x"], to=_DTYPES[inner])]
    if layout == "NHWC":
        nodes.append(helper.make_node("Transpose", ["x"], ["nchw"], perm=[0, 3, 1, 2]))
    nodes += [
        helper.make_node("ReduceMean", [nodes[-1].output[0]], ["pooled"], axes=[2, 3]),
        helper.make_node("Flatten", ["pooled"], ["features"]),
        helper.make_node("MatMul", ["features", "w"], ["scores0"]),
    ]
    last = "scores0"
    for i, op in enumerate(end.split(), 1):
        nodes.append(helper.make_node(op, [last], [f"scores{i}"]))
        last = f"scores{i}"
    nodes.append(helper.make_node("Identity", [last], ["scores"]))
    w = numpy_helper.from_array(weights(classes, channels).T.astype(inner).copy(), "w")
    return model_of(
        nodes,
        [helper.make_tensor_value_info("image", _DTYPES[dtype], list(shape))],
        [helper.make_tensor_value_info("scores", _DTYPES[inner], [shape[0], classes])],
        [w],
    )


def model_of(
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
    initializers: Sequence[onnx.TensorProto] = (),
    functions: Sequence[onnx.FunctionProto] = (),
    domains: Sequence[str] = (),
) -> onnx.ModelProto:
    """A model of opset 17 from its parts."""
    graph = helper.make_graph(nodes, "g", inputs, outputs, list(initializers))
    opsets = [helper.make_opsetid("", 17), *(helper.make_opsetid(domain, 1) for domain in domains)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8, functions=list(functions))


@pytest.fixture
def build() -> Callable[..., onnx.ModelProto]:
    """The linear model, as a proto."""
    return linear_model


@pytest.fixture
def assemble() -> Callable[..., onnx.ModelProto]:
    """A model from nodes, inputs, outputs, initializers."""
    return model_of


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a linear model (or any proto) to ``model.onnx`` in a folder of its own."""

    def write(proto: onnx.ModelProto | None = None, name: str = "model.onnx", **options: object) -> Path:
        path = tmp_path / name
        path.write_bytes((proto or linear_model(**options)).SerializeToString())  # type: ignore[arg-type]
        return path

    return write


@pytest.fixture
def images() -> list[NDArray[np.uint8]]:
    """Eleven images of 13 x 9 pixels."""
    return list(np.random.default_rng(3).integers(0, 256, (11, 13, 9, 3), dtype=np.uint8))
