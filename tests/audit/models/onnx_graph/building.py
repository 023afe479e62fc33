"""Small ONNX graphs, and running them in both worlds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
import onnxruntime as ort
import torch
from numpy.typing import NDArray
from onnx import NodeProto, helper, numpy_helper

from audit.models.onnx_graph import OnnxGraph

OPSET = 23
Arrays = Mapping[str, NDArray[np.generic]]


def make_model(
    nodes: Sequence[NodeProto],
    inputs: Arrays,
    outputs: Sequence[str],
    weights: Arrays | None = None,
    opset: int = OPSET,
) -> onnx.ModelProto:
    """A model whose inputs have the types of ``inputs``, and free sizes."""
    values = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), [None] * array.ndim)
        for name, array in inputs.items()
    ]
    graph = helper.make_graph(
        nodes,
        "graph",
        values,
        [onnx.ValueInfoProto(name=name) for name in outputs],
        [numpy_helper.from_array(array, name) for name, array in (weights or {}).items()],
    )
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def one_node(
    operator: str,
    inputs: Sequence[NDArray[np.generic] | None],
    outputs: int = 1,
    weights: Sequence[int] = (),
    version: int = OPSET,
    domain: str = "",
    **attributes: object,
) -> tuple[onnx.ModelProto, dict[str, NDArray[np.generic]]]:
    """A model of one node, and its inputs by name; ``weights`` are the places of those that are stored in it."""
    given = {f"x{index}": array for index, array in enumerate(inputs) if array is not None}
    names = ["" if array is None else f"x{index}" for index, array in enumerate(inputs)]
    results = [f"y{index}" for index in range(outputs)]
    node = helper.make_node(operator, names, results, name="the node", domain=domain, **attributes)
    stored = {f"x{index}": given.pop(f"x{index}") for index in weights}
    return make_model([node], given, results, stored, version), given


def run_here(
    model: onnx.ModelProto, inputs: Arrays, dtype: torch.dtype | None = None
) -> dict[str, NDArray[np.generic]]:
    results = OnnxGraph.of(model, dtype=dtype)({name: torch.from_numpy(array) for name, array in inputs.items()})
    return {name: result.numpy() for name, result in results.items()}


def run_there(model: onnx.ModelProto, inputs: Arrays) -> dict[str, NDArray[np.generic]]:
    """What onnxruntime makes of it."""
    options = ort.SessionOptions()
    options.log_severity_level = 3
    # Without it, 8-bit products saturate on processors without VNNI.
    options.add_session_config_entry("session.x64quantprecision", "1")
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, dict(inputs)), strict=True))


def assert_same(model: onnx.ModelProto, inputs: Arrays, relative: float = 1e-5, absolute: float = 1e-6) -> None:
    """The same values, shapes and types as onnxruntime's."""
    here, there = run_here(model, inputs), run_there(model, inputs)
    assert here.keys() == there.keys()
    for name, expected in there.items():
        assert here[name].dtype == expected.dtype, name
        np.testing.assert_allclose(here[name], expected, rtol=relative, atol=absolute, err_msg=name)
