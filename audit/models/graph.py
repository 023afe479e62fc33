"""Read a classifier's interface from its ONNX graph: the image input, the class output, what the output holds."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from onnx import GraphProto, NodeProto, TensorProto, ValueInfoProto, numpy_helper

from audit.models.preprocess import Color, DType, ImageInput, Layout
from audit.models.sidecar import OutputKind
from camsim.errors import CamsimError, did_you_mean

_INPUT_DTYPES: dict[int, DType] = {
    TensorProto.FLOAT: "float32",
    TensorProto.FLOAT16: "float16",
    TensorProto.DOUBLE: "float64",
    TensorProto.UINT8: "uint8",
}
_OUTPUT_DTYPES = {number: dtype for number, dtype in _INPUT_DTYPES.items() if dtype != "uint8"}

_SIZE_DTYPES = {
    TensorProto.FLOAT: "float32",
    TensorProto.DOUBLE: "float64",
    TensorProto.INT32: "int32",
    TensorProto.INT64: "int64",
}
_CHANNELS = (1, 3)

_SAME_VALUES = frozenset(
    {"Identity", "Cast", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Transpose", "Dropout"}
    | {"QuantizeLinear", "DequantizeLinear"}
)
"""Operators that leave the numbers as they are, but for their type, their shape or rounding."""


@dataclass(frozen=True)
class ClassOutput:
    """The output that holds one number a class."""

    name: str
    dtype: DType
    shape: tuple[int | None, ...] | None
    """As stated: (N, C) or (N, C, 1, 1); None where the graph does not state it."""
    kind: OutputKind | None
    """What the graph shows; None: nothing (no softmax at its end), or independent scores."""
    independent: bool
    """The output ends in a sigmoid: a score for each class on its own, not one distribution."""
    step: float
    """Rounding step of a quantised output, otherwise 0."""


def image_input(
    graph: GraphProto,
    layout: Layout | None,
    color: Color | None,
    size_input: str | None = None,
    *,
    without_batch: bool = False,
) -> ImageInput:
    """The one image input of a model.

    Args:
        graph: of the model.
        layout: what was declared; needed where the shape does not tell.
        color: what was declared; tells the channels where the shape does not.
        size_input: name of another input, which takes the image's size.
        without_batch: allow (3, H, W) and (H, W, 3), as detectors of torchvision have it.

    Raises:
        CamsimError: not exactly one input, not of rank 4, of another type, or of other than 1 or 3 channels.
    """
    if size_input is not None:
        size_dtype(graph, size_input)
    weights = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in weights and value.name != size_input]
    if len(inputs) != 1:
        found = ", ".join(f"{_shown(value.name)} {_shape_text(_shape(value))}" for value in inputs[:8])
        count = f"{len(inputs)} inputs: {found}" if inputs else "no input"
        sizes = [value.name for value in inputs if (_shape(value) or ())[-1:] == (2,)]
        hint = f"; if {_shown(sizes[0])} takes its size, declare 'size_input: {sizes[0]}'" if sizes else ""
        raise CamsimError(f"has {count}; camsim audits models with one input, an image{hint}")
    (value,) = inputs
    name, shape = value.name, _shape(value)
    what = f"input {_shown(name)} {_shape_text(shape)}"
    dtype = _INPUT_DTYPES.get(value.type.tensor_type.elem_type)
    if dtype is None:
        allowed = ", ".join(_INPUT_DTYPES.values())
        raise CamsimError(f"{what} takes {_type_name(value)}; camsim feeds images as {allowed}")
    if without_batch and shape is not None and len(shape) == 3 and 3 in (shape[0], shape[2]):
        return replace(described_image(name, dtype, (1, *shape), layout, color), batched=False)
    return described_image(name, dtype, shape, layout, color)


def described_image(
    name: str, dtype: DType, shape: Sequence[int | None] | None, layout: Layout | None, color: Color | None
) -> ImageInput:
    """The image input of a model, from its shape.

    Args:
        name: of the input.
        dtype: of its numbers.
        shape: sizes of its axes, None for a free one; None: not stated.
        layout: what was declared; needed where the shape does not tell.
        color: what was declared; tells the channels where the shape does not.

    Raises:
        CamsimError: not of rank 4, or of other than 1 or 3 channels.
    """
    what = f"input {_shown(name)} {_shape_text(shape)}"
    if shape is None or len(shape) != 4:
        raise CamsimError(f"{what} is not an image: it must have 4 axes, (N, C, H, W) or (N, H, W, C)")
    layout = _layout(shape, layout, what)
    batch, channels, height, width = shape if layout == "NCHW" else (shape[0], shape[3], shape[1], shape[2])
    if channels is not None and channels not in _CHANNELS:
        raise CamsimError(f"{what} has {channels} channels ({layout}); camsim feeds images of 3 (colour) or 1 (grey)")
    if channels is None and color is not None:
        channels = 1 if color == "GRAY" else 3
    return ImageInput(name, dtype, layout, batch, channels, height, width)


def size_dtype(graph: GraphProto, name: str) -> tuple[str, int]:
    """Type of the input that takes the image's size, as numpy names it, and how many axes it has.

    Raises:
        CamsimError: there is none of that name, or it does not take two numbers.
    """
    found = {value.name: value for value in graph.input}
    if name not in found:
        hint = did_you_mean(name, found) or f"; it has {', '.join(_shown(known) for known in found)}"
        raise CamsimError(f"size_input: the model has no input {_shown(name)}{hint}")
    shape = _shape(found[name])
    dtype = _SIZE_DTYPES.get(found[name].type.tensor_type.elem_type)
    if dtype is None or shape is None or len(shape) not in (1, 2) or shape[-1] not in (2, None):
        raise CamsimError(
            f"size_input: input {_shown(name)} {_shape_text(shape)} takes {_type_name(found[name])}; "
            f"(N, 2) or (2,) whole or floating-point numbers are wanted"
        )
    return dtype, len(shape)


def _layout(shape: Sequence[int | None], declared: Layout | None, what: str) -> Layout:
    if declared is not None:
        return declared
    first, last = shape[1] in _CHANNELS, shape[3] in _CHANNELS
    if first != last:
        return "NCHW" if first else "NHWC"
    if first or None in (shape[1], shape[3]):
        raise CamsimError(f"{what} does not tell its layout; declare 'layout: NCHW' or 'layout: NHWC'")
    raise CamsimError(
        f"{what} has no axis of 3 or 1 channels, neither as NCHW nor as NHWC; camsim feeds such images only"
    )


def array_outputs(graph: GraphProto) -> tuple[str, ...]:
    """Names of the outputs that are tensors of numbers, in the model's order."""
    return tuple(
        value.name
        for value in graph.output
        if value.type.HasField("tensor_type") and value.type.tensor_type.elem_type != TensorProto.STRING
    )


def output_shapes(graph: GraphProto) -> dict[str, tuple[int | None, ...] | None]:
    """Sizes of each output's axes, as far as they are stated."""
    return {value.name: _shape(value) for value in graph.output}


def states_batch(graph: GraphProto, image: str, output: str) -> bool | None:
    """Whether an output's first axis is that of the pictures; None: the graph does not tell.

    Args:
        graph: of the model.
        image: name of the image input.
        output: name of the output.
    """
    (fed,) = (value.type.tensor_type.shape.dim[0] for value in graph.input if value.name == image)
    (value,) = (value for value in graph.output if value.name == output)
    if not value.type.tensor_type.HasField("shape"):
        return None
    if not value.type.tensor_type.shape.dim:
        return False
    first = value.type.tensor_type.shape.dim[0]
    if first.dim_value > 0:
        return bool(first.dim_value == max(fed.dim_value, 1))
    return True if first.dim_param and first.dim_param == fed.dim_param else None


def class_output(graph: GraphProto, wanted: str | None) -> ClassOutput:
    """The output that holds one number a class.

    Args:
        graph: of the model.
        wanted: the name that was declared; needed where there are several outputs.

    Raises:
        CamsimError: no such output, several and none declared, or one that cannot hold class scores.
    """
    outputs = {value.name: value for value in graph.output}
    listed = ", ".join(f"{_shown(name)} {_shape_text(_shape(value))}" for name, value in list(outputs.items())[:8])
    if wanted is not None and wanted not in outputs:
        hint = did_you_mean(wanted, outputs)
        raise CamsimError(f"has no output {_shown(wanted)}{hint or f'; it has {listed}'}")
    if not outputs:
        raise CamsimError("has no output; the file is damaged, copy or download it again")
    if wanted is None and len(outputs) != 1:
        raise CamsimError(
            f"has {len(outputs)} outputs: {listed}; name the one with the class scores, as in 'output: NAME'"
        )
    value = outputs[wanted] if wanted is not None else graph.output[0]
    shape = _shape(value)
    what = f"output {_shown(value.name)} {_shape_text(shape)}"
    dtype = _OUTPUT_DTYPES.get(value.type.tensor_type.elem_type)
    if dtype is None:
        raise CamsimError(f"{what} gives {_type_name(value)}; camsim needs a floating-point score for each class")
    if shape is not None:
        rest = shape[2:]
        if len(shape) not in (2, 4) or any(side not in (None, 1) for side in rest):
            raise CamsimError(f"{what} is not one score a class: camsim audits classifiers, (N, C) or (N, C, 1, 1)")
        if shape[1] is not None and shape[1] < 2:
            raise CamsimError(f"{what} has {shape[1]} class; camsim needs at least 2 classes")
    kind, independent, step = _read_kind(graph, value.name)
    return ClassOutput(value.name, dtype, shape, kind, independent, step)


def _read_kind(graph: GraphProto, name: str) -> tuple[OutputKind | None, bool, float]:
    """Walk back from an output over operators that keep the values: a softmax there tells what it holds."""
    producers = {output: node for node in graph.node for output in node.output if output}
    step, log = 0.0, False
    # A damaged graph may go in circles: no more steps than there are nodes.
    for _ in range(len(graph.node)):
        node = producers.get(name)
        if node is None:
            break
        match node.op_type:
            case "Softmax" | "QLinearSoftmax":
                return ("log_probabilities" if log else "probabilities"), False, step
            case "LogSoftmax" if not log:
                return "log_probabilities", False, step
            case "Sigmoid" | "QLinearSigmoid":
                return None, True, step
            case "Log" if not log:
                log = True
            case kept if kept in _SAME_VALUES:
                if kept.endswith("QuantizeLinear") or kept == "DequantizeLinear":
                    step = max(step, _scale(graph, producers, node))
            case _:
                break
        if not node.input:
            break
        name = node.input[0]
    return None, False, step


def _scale(graph: GraphProto, producers: dict[str, NodeProto], node: NodeProto) -> float:
    """The scale of a QuantizeLinear or DequantizeLinear, where it is one constant number; otherwise 0."""
    if len(node.input) < 2:
        return 0.0
    name = node.input[1]
    found = [tensor for tensor in graph.initializer if tensor.name == name]
    if name in producers and producers[name].op_type == "Constant":
        found = [attribute.t for attribute in producers[name].attribute if attribute.name == "value"]
    if len(found) != 1 or found[0].data_location == TensorProto.EXTERNAL or math.prod(found[0].dims) != 1:
        return 0.0
    try:
        return abs(float(numpy_helper.to_array(found[0]).item()))
    except (ValueError, TypeError):
        return 0.0


def _shape(value: ValueInfoProto) -> tuple[int | None, ...] | None:
    """Sizes of the axes; None for one that is free, and for the whole where nothing is stated."""
    tensor = value.type.tensor_type
    if not tensor.HasField("shape"):
        return None
    # Some exporters write a free axis as -1.
    return tuple(axis.dim_value if axis.dim_value > 0 else None for axis in tensor.shape.dim)


def _shape_text(shape: Sequence[int | None] | None) -> str:
    if shape is None:
        return "(shape not stated)"
    return "(" + ", ".join("?" if side is None else str(side) for side in shape[:8]) + ")"


def _type_name(value: ValueInfoProto) -> str:
    if not value.type.HasField("tensor_type"):
        return "no tensor"
    number = value.type.tensor_type.elem_type
    known = number in TensorProto.DataType.values()
    return str(TensorProto.DataType.Name(number)).lower() if known else f"type {number}"


def _shown(name: str) -> str:
    return reprlib.repr(name)
