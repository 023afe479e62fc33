"""What a model file is: its interface, its operators, what is known of its preprocessing, whether it has gradients."""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import AttributeProto, ModelProto, NodeProto, TensorProto, ValueInfoProto
from onnx.helper import tensor_dtype_to_np_dtype

from audit.models.gradient import NoGradient, open_gradient
from audit.models.gradient_check import slope_problem
from audit.models.graph_check import allowed_difference, check_graph, obstacle
from audit.models.load import load_model
from audit.models.onnx import OnnxModel
from audit.models.onnx_graph import unsupported
from audit.models.resolve import MAX_INPUT_BYTES
from audit.models.safety import CheckedModel, read_onnx, with_weights
from audit.models.session import first_line, open_session
from audit.models.sidecar import Declaration, read_declaration
from audit.models.sniff import FileKind, refuse, sniff
from camsim.errors import CamsimError, UnsafeError

_SIDE = 224
"""Height and width of what a model of any size is tried on."""


Probe = Callable[[], Sequence[NDArray[np.uint8]]]
"""Makes the pictures (H, W, 3), RGB, 0..255, that a classifier's gradient is checked on, once they are needed."""


def inspect_model(path: Path, probe: Probe, sidecar: Path | None = None) -> dict[str, object]:
    """Look at a model file.

    Args:
        path: the file.
        probe: the pictures to check a classifier's gradient on.
        sidecar: declares the preprocessing; None: the one beside the model, or none.

    Returns:
        JSON-able. ``problem`` says why it is no classifier that can be audited, None if it is; then ``preprocessing``,
        ``output`` and ``class_count`` are there. ``gradient`` has ``available``, ``reason`` (None if it is),
        ``unsupported`` (operators in the way) and ``checked_on``.

    Raises:
        UnsafeError: loading it would run code, it goes beyond a limit, or reaches outside its folder.
        CamsimError: it is not an ONNX model, or its sidecar is wrong.
    """
    kind = sniff(path)
    if kind is not FileKind.ONNX:
        refuse(path, kind)
    checked = read_onnx(path)
    declared, used = read_declaration(path, sidecar)
    model, problem = _classifier(path, sidecar)
    graph = checked.proto.graph
    weights = {tensor.name for tensor in graph.initializer}
    files = (path, *checked.external)
    found: dict[str, object] = {
        "schema": 1,
        "name": path.name,
        "format": "ONNX",
        "bytes": sum(file.stat().st_size for file in files),
        "file_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "producer": " ".join(filter(None, (checked.proto.producer_name, checked.proto.producer_version))) or None,
        "opset": {entry.domain or "ai.onnx": entry.version for entry in checked.proto.opset_import},
        "inputs": [_value(value) for value in graph.input if value.name not in weights],
        "outputs": [_value(value) for value in graph.output],
        "operators": dict(Counter(map(_title, _nodes(checked.proto))).most_common()),
        "sidecar": None if used is None else used.name,
        "problem": problem,
    }
    if model is not None:
        found |= {
            "preprocessing": _preprocessing(model, declared),
            "output": {
                "name": model.scores.output.name,
                "kind": model.scores.kind,
                "kind_source": _source(declared.output_kind, model.scores.assumed, "output_kind"),
            },
            "class_count": model.scores.count,
            "class_names": model.classes is not None,
        }
    return found | {"gradient": _gradient(checked, path, model, probe)}


def _classifier(path: Path, sidecar: Path | None) -> tuple[OnnxModel | None, str | None]:
    """The model, or why it is none."""
    try:
        model = load_model(path, sidecar)
        model.log_probabilities([np.full((_SIDE, _SIDE, 3), 128, dtype=np.uint8)])
    except UnsafeError:
        raise
    except CamsimError as error:
        return None, " ".join(re.sub(f"({re.escape(str(path))}|{re.escape(path.name)}): ", "", str(error)).split())
    assert isinstance(model, OnnxModel)
    return model, None


def _preprocessing(model: OnnxModel, declared: Declaration) -> list[dict[str, object]]:
    """Each part with its value and where that comes from: declared, the model, or assumed."""
    prepared = model.prepared
    names = ["input_size", "layout", "color"]
    if prepared.dtype != "uint8":
        names += ["scale", "mean", "std"]
    if prepared.size is not None:
        names += ["resize", "filter"]
        names += {"crop": ["resize_shorter"], "pad": ["pad_value"]}.get(prepared.resize, [])
    assumed = model.describe()["assumed"]
    assert isinstance(assumed, list)
    parts = []
    for name in names:
        value = prepared.size if name == "input_size" else getattr(prepared, name)
        shown = list(value) if isinstance(value, tuple) else value
        parts.append({"name": name, "value": shown, "source": _source(getattr(declared, name), assumed, name)})
    return parts


def _source(declared: object, assumed: Iterable[str], name: str) -> str:
    if declared is not None:
        return "declared"
    return "assumed" if any(item.split(" ")[0] == name for item in assumed) else "model"


def _gradient(checked: CheckedModel, path: Path, model: OnnxModel | None, probe: Probe) -> dict[str, object]:
    try:
        reason = obstacle(checked.proto)
    except CamsimError as error:
        return _no(" ".join(str(error).split()), [], None)
    if reason is not None:
        return _no(reason, unsupported(checked.proto), None)
    pictures = [] if model is None else probe()
    try:
        if model is not None:
            opened = open_gradient(model, pictures)
            on = f"{len(pictures)} picture{'s'[: len(pictures) > 1]}"
            return _no(opened.reason, [], on) if isinstance(opened, NoGradient) else _yes(on)
        feeds = _noise(checked.proto)
        on = "noise of " + ", ".join("x".join(map(str, array.shape)) for array in feeds.values())
        result = check_graph(with_weights(checked, path), _session(path), feeds)
    except CamsimError as error:
        return _no(" ".join(str(error).split()), [], None)
    if not result.output <= allowed_difference(checked.proto):
        return _no(f"parity check: its outputs differ from onnxruntime's by {result.output:.1e} of the largest", [], on)
    problem = slope_problem(result.slope)
    return _yes(on) if problem is None else _no(problem, [], on)


def _session(path: Path) -> ort.InferenceSession:
    try:
        return open_session(path, 1)
    except Exception as error:  # onnxruntime's errors have no base class of their own
        raise CamsimError(f"onnxruntime cannot load it: {first_line(error)}") from None


def _yes(checked_on: str) -> dict[str, object]:
    return {"available": True, "reason": None, "unsupported": [], "checked_on": checked_on}


def _no(reason: str, missing: list[str], checked_on: str | None) -> dict[str, object]:
    return {"available": False, "reason": reason, "unsupported": missing, "checked_on": checked_on}


def _noise(proto: ModelProto) -> dict[str, NDArray[np.generic]]:
    """Numbers in [0, 1] (whole ones in 0..255) for an image input, the only one."""
    weights = {tensor.name for tensor in proto.graph.initializer}
    inputs = [value for value in proto.graph.input if value.name not in weights]
    if len(inputs) != 1:
        raise CamsimError(f"all its operators have one, but it was not checked: {len(inputs)} inputs instead of one")
    tensor = inputs[0].type.tensor_type
    sides = [axis.dim_value if axis.dim_value > 0 else None for axis in tensor.shape.dim]
    if len(sides) != 4:
        raise CamsimError("all its operators have one, but it was not checked: its input is no image of 4 axes")
    last = sides[3] in (1, 3) and sides[1] not in (1, 3)
    usual = (1, _SIDE, _SIDE, 3) if last else (1, 3, _SIDE, _SIDE)
    shape = [usual[axis] if side is None else side for axis, side in enumerate(sides)]
    dtype = np.dtype(tensor_dtype_to_np_dtype(tensor.elem_type))
    if math.prod(shape) * 8 > MAX_INPUT_BYTES:
        raise CamsimError(f"all its operators have one, but it was not checked: its input of {shape} is too large")
    values = np.random.default_rng(0).random(shape)
    return {inputs[0].name: (values if dtype.kind == "f" else values * 255).astype(dtype)}


def _value(value: ValueInfoProto) -> dict[str, object]:
    tensor = value.type.tensor_type
    axes = [axis.dim_value if axis.dim_value > 0 else (axis.dim_param or None) for axis in tensor.shape.dim]
    return {
        "name": value.name,
        "dtype": _dtype(tensor.elem_type),
        "shape": axes if tensor.HasField("shape") else None,
    }


def _dtype(element: int) -> str:
    if element not in TensorProto.DataType.values():
        return f"type {element}"
    name = str(TensorProto.DataType.Name(element)).lower()
    return {"float": "float32", "double": "float64"}.get(name, name)


def _nodes(proto: ModelProto) -> Iterator[NodeProto]:
    """All nodes, also those in functions and in graphs inside nodes."""
    todo = [*proto.graph.node, *(node for function in proto.functions for node in function.node)]
    while todo:
        node = todo.pop()
        yield node
        for attribute in node.attribute:
            graphs = (attribute.g,) if attribute.type == AttributeProto.GRAPH else attribute.graphs
            todo.extend(inner for graph in graphs for inner in graph.node)


def _title(node: NodeProto) -> str:
    return node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}"
