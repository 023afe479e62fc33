"""A small network as onnxruntime quantises it: the same figures as onnxruntime, and the float network's gradient."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from onnx import helper

from audit.models.onnx_graph import OnnxGraph

from .building import make_model, run_there

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from onnxruntime.quantization import (
        CalibrationDataReader,
        QuantFormat,
        QuantType,
        quantize_dynamic,
        quantize_static,
    )

SHAPE = (1, 3, 12, 12)
FORMATS = [(QuantFormat.QDQ, kind, each) for kind in (QuantType.QUInt8, QuantType.QInt8) for each in (False, True)]
FORMATS += [(QuantFormat.QDQ, QuantType.QUInt16, False), (QuantFormat.QOperator, QuantType.QUInt8, True)]


class Images(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self) -> None:
        random = np.random.default_rng(5)
        self._images: Iterator[NDArray[np.float32]] = iter(random.normal(size=(6, *SHAPE)).astype(np.float32))

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        image = next(self._images, None)
        return None if image is None else {"x": image}


@pytest.fixture
def network(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    nodes = [
        helper.make_node("Conv", ["x", "w1", "b1"], ["c1"], strides=[2, 2], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c1"], ["r1"]),
        helper.make_node("Conv", ["r1", "w2", "b2"], ["c2"], pads=[1, 1, 1, 1]),
        helper.make_node("LeakyRelu", ["c2"], ["l2"], alpha=0.1),
        helper.make_node("Add", ["l2", "r1"], ["s"]),
        helper.make_node("Sigmoid", ["r1"], ["g"]),
        helper.make_node("Mul", ["s", "g"], ["m"]),
        helper.make_node("Concat", ["m", "r1"], ["k"], axis=1),
        helper.make_node("MaxPool", ["k"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("GlobalAveragePool", ["p"], ["a"]),
        helper.make_node("Flatten", ["a"], ["f"]),
        helper.make_node("Gemm", ["f", "w3", "b3"], ["y"], transB=1),
    ]
    shapes = {"w1": (8, 3, 3, 3), "b1": (8,), "w2": (8, 8, 3, 3), "b2": (8,), "w3": (5, 16), "b3": (5,)}
    weights = {name: (random.normal(size=shape) * 0.3).astype(np.float32) for name, shape in shapes.items()}
    model = make_model(nodes, {"x": np.zeros(SHAPE, np.float32)}, ["y"], weights, opset=17)
    model.graph.input[0].type.tensor_type.shape.CopyFrom(onnx.TensorShapeProto())
    for size in SHAPE:
        model.graph.input[0].type.tensor_type.shape.dim.add(dim_value=size)
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, 5]))
    path = tmp_path / "network.onnx"
    onnx.save(model, path)
    return path


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """onnxruntime's quantiser gives advice by way of the root logger."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


def check(network: Path, quantised: Path) -> None:
    image = np.random.default_rng(1).normal(size=SHAPE).astype(np.float32)
    model = onnx.load(quantised)
    expected = torch.from_numpy(run_there(model, {"x": image})["y"])
    graph, x = OnnxGraph.of(model), torch.from_numpy(image).requires_grad_()
    with torch.no_grad():
        torch.testing.assert_close(graph({"x": x})["y"], expected, rtol=1e-4, atol=1e-5)
    y = graph({"x": x})["y"]
    torch.testing.assert_close(y.detach(), expected, rtol=1e-4, atol=1e-5)
    reference = OnnxGraph.of(onnx.load(network))({"x": x})["y"]
    a, b = (torch.autograd.grad(out[0, 2], x)[0].flatten() for out in (y, reference))
    assert float(torch.cosine_similarity(a, b, 0)) > 0.9


@pytest.mark.parametrize(("form", "kind", "each_channel"), FORMATS, ids=str)
def test_static(network: Path, form: QuantFormat, kind: QuantType, each_channel: bool) -> None:
    quantised = network.with_name("quantised.onnx")
    quantize_static(
        network,
        quantised,
        Images(),
        quant_format=form,
        per_channel=each_channel,
        activation_type=kind,
        weight_type=QuantType.QInt8,
    )
    check(network, quantised)


def test_dynamic(network: Path) -> None:
    quantised = network.with_name("quantised.onnx")
    quantize_dynamic(network, quantised)
    check(network, quantised)
