"""Any ONNX graph's gradient against finite differences, and its outputs in torch against onnxruntime's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnxruntime as ort
import torch
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto
from torch import Tensor

from audit.models.gradient_check import PARITY, output_difference, slope_difference
from audit.models.onnx_graph import OnnxGraph, unsupported
from audit.models.onnx_graph.straight import unrounded
from audit.models.session import first_line
from camsim.errors import CamsimError

_OLDEST = 11
"""Opset from which on operators are known."""

_HALF = frozenset({TensorProto.FLOAT16, TensorProto.BFLOAT16})


@dataclass(frozen=True)
class GraphCheck:
    """How well a graph in torch agrees."""

    output: float
    """With onnxruntime: the largest difference of any output, relative to that output's largest number."""
    slope: float
    """With finite differences in float64, relative to the gradient's length; NaN: the gradient holds NaN."""
    outputs: tuple[str, ...]
    """The outputs that the gradient is of: those given, or all of floating-point numbers."""


_HALF_PARITY = 2e-3
"""Allowed where the output is float16: two of its steps."""
_QUANTISED_PARITY = 2e-2
"""Allowed where numbers are rounded inside: a tie that falls the other way moves the output by steps. onnxruntime's own
results with and without its optimisations are 1e-2 apart for a model that averages quantised numbers."""
_ROUNDING = frozenset(
    {"QuantizeLinear", "DynamicQuantizeLinear", "ConvInteger", "MatMulInteger", "QLinearConv", "QLinearMatMul", "QGemm"}
)


def is_quantised(proto: ModelProto) -> bool:
    """Whether a model rounds to whole numbers inside."""
    return any(node.op_type in _ROUNDING for node in proto.graph.node)


def allowed_difference(proto: ModelProto) -> float:
    """How far the outputs of a model in torch may be from onnxruntime's, relative to the largest."""
    if is_quantised(proto):
        return _QUANTISED_PARITY
    outputs = {value.type.tensor_type.elem_type for value in proto.graph.output}
    return _HALF_PARITY if _HALF & outputs else PARITY


def is_half(proto: ModelProto) -> bool:
    """Whether a model states half precision, which onnxruntime, on a CPU, computes in float32."""
    values = (*proto.graph.input, *proto.graph.output)
    elements = {value.type.tensor_type.elem_type for value in values}
    return bool(_HALF & (elements | {tensor.data_type for tensor in proto.graph.initializer}))


def obstacle(proto: ModelProto) -> str | None:
    """What keeps a model from being differentiated, in one line; None: every operator has a differentiable form.

    Raises:
        CamsimError: the model is damaged.
    """
    missing = unsupported(proto)
    if not missing:
        return None
    opset = min((entry.version for entry in proto.opset_import if entry.domain in ("", "ai.onnx")), default=_OLDEST)
    if opset < _OLDEST:
        return f"opset {opset}: gradients need {_OLDEST} or later; export the model anew"
    return f"operator{'s'[: len(missing) > 1]} without a differentiable form: {', '.join(missing)}"


def working_graph(proto: ModelProto) -> OnnxGraph:
    """The graph in the precision that onnxruntime computes in.

    Raises:
        UnsupportedOperator: an operator without a differentiable form.
        CamsimError: the model is damaged.
    """
    return OnnxGraph.of(proto, dtype=torch.float32 if is_half(proto) else None).eval()


def check_graph(
    proto: ModelProto,
    session: ort.InferenceSession,
    feeds: Mapping[str, NDArray[np.generic]],
    outputs: Sequence[str] | None = None,
    seed: int = 0,
) -> GraphCheck:
    """Compare all outputs with onnxruntime's and the gradient of some with finite differences.

    Args:
        proto: with all its weights.
        session: of the same model.
        feeds: the inputs; the gradient is with respect to the first of them.
        outputs: what the gradient is of; None: all outputs of floating-point numbers.
        seed: of the directions, and of the small noise that keeps the point away from ties.

    Raises:
        UnsupportedOperator: an operator without a differentiable form.
        CamsimError: onnxruntime or torch cannot run the model on these inputs.
    """
    graph = working_graph(proto)
    try:
        theirs = dict(zip(graph.outputs, session.run(list(graph.outputs), dict(feeds)), strict=True))
    except Exception as error:  # onnxruntime's errors have no base class of their own
        raise CamsimError(f"onnxruntime cannot run it: {first_line(error)}") from None
    with torch.no_grad():
        ours = graph({name: torch.from_numpy(array) for name, array in feeds.items()})
    different = max(_difference(ours[name], np.asarray(array)) for name, array in theirs.items())
    chosen = tuple(outputs or (name for name, array in theirs.items() if np.asarray(array).dtype.kind == "f"))
    if not chosen:
        raise CamsimError("none of its outputs holds floating-point numbers: there is nothing to differentiate")
    largest = {name: float(np.abs(theirs[name]).max(initial=0.0)) or 1.0 for name in chosen}
    return GraphCheck(different, _slope(OnnxGraph.of(proto, dtype=torch.float64).eval(), feeds, largest, seed), chosen)


def _difference(ours: Tensor, theirs: NDArray[np.generic]) -> float:
    got = ours.to(torch.float64).numpy()
    return output_difference(got, theirs.astype(np.float64)) if got.shape == theirs.shape else np.inf


def _slope(
    exact: OnnxGraph, feeds: Mapping[str, NDArray[np.generic]], largest: Mapping[str, float], seed: int
) -> float:
    """The slope difference of the outputs of ``largest``, each divided by its largest number, so that all count."""
    given = {name: torch.from_numpy(array) for name, array in feeds.items()}
    inputs = {name: value.to(torch.float64) if value.is_floating_point() else value for name, value in given.items()}
    first = next(iter(inputs))
    point = inputs[first].to(torch.float64)
    unit = float(point.abs().max()) or 1.0
    noise = torch.randn(point.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)

    def function(x: Tensor) -> Tensor:
        found = exact(inputs | {first: x * unit}, tuple(largest))
        return torch.cat([found[name].flatten() / scale for name, scale in largest.items()])

    with unrounded():
        return slope_difference(function, point / unit + 0.01 * noise, seed)
