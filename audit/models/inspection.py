"""What a model is: its interface, task and decoder, what is known of its preprocessing, whether it has gradients."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import AttributeProto, ModelProto, NodeProto, TensorProto, ValueInfoProto
from onnx.helper import tensor_dtype_to_np_dtype
from torch import nn

from audit.models.classifier import NetworkModel
from audit.models.gradient import NoGradient, open_gradient
from audit.models.gradient_check import slope_problem
from audit.models.graph_check import allowed_difference, check_graph, obstacle
from audit.models.load import NOBODY, Source, as_classifier, open_network
from audit.models.model import Model
from audit.models.network import Network
from audit.models.onnx import OnnxModel
from audit.models.onnx_graph import unsupported
from audit.models.onnx_network import OnnxNetwork
from audit.models.output import ClassScores
from audit.models.preprocess import FREE_RESIZES, ResolvedPreprocess
from audit.models.resolve import MAX_INPUT_BYTES
from audit.models.safety import CheckedModel, read_onnx, with_weights
from audit.models.session import first_line, open_session
from audit.models.torch_module import TorchModel
from audit.models.torch_network import TorchNetwork
from audit.models.trust import Trust
from audit.models.understand import Understanding, understand
from camsim.errors import CamsimError, UnsafeError

_SIDE = 224
"""Height and width of what a model of any size is tried on."""


_USUAL = ("multilabel", "segmentation", "regression", "retrieval")
"""Tasks whose outputs are read in one usual way where no decoder is declared."""

Probe = Callable[[], Sequence[NDArray[np.uint8]]]
"""Makes the pictures (H, W, 3), RGB, 0..255, that a classifier's gradient is checked on, once they are needed."""


def inspect_model(
    source: Source,
    probe: Probe,
    sidecar: Path | None = None,
    overrides: Mapping[str, object] | None = None,
    trust: Trust = NOBODY,
) -> dict[str, object]:
    """Look at a model; see `open_network` for the arguments.

    Returns:
        JSON-able. ``task`` and ``decoder`` have a ``value`` and a ``source``: declared, model, assumed or None.
        ``problem`` says why it cannot be audited as it is, None if it can. ``preprocessing`` is there where camsim does
        it; ``output`` and ``class_count`` for classifiers. ``gradient`` (of classifiers, and of ONNX files whose task
        is not known) has ``available``, ``reason`` (None if it is), ``unsupported`` (operators in the way) and
        ``checked_on``.

    Raises:
        UnsafeError: loading it would run code, it goes beyond a limit, or reaches outside its folder.
        CamsimError: it cannot be opened, or its sidecar is wrong.
    """
    return inspect_network(open_network(source, sidecar, overrides, trust), probe)


def inspect_network(network: Network, probe: Probe) -> dict[str, object]:
    """The same of a network that is open already."""
    model, understood, problem = _understood(network)
    described = network.describe() if problem is None or isinstance(network, OnnxNetwork) else {}
    decoder = understood.decoder
    classes = None if model is None else model.describe().get("class_count")
    found: dict[str, object] = {
        "schema": 1,
        "name": network.name,
        "sha256": network.sha256,
        "format": described.get("format", "unknown"),
        **_of_format(network, described),
        "sidecar": described.get("sidecar"),
        "task": {"value": understood.task, "source": understood.source},
        "decoder": {
            "value": None if decoder is None else decoder.model_dump(mode="json", exclude_none=True),
            "source": None if decoder is None else understood.source,
        },
        "problem": problem,
        "class_count": classes if classes is not None else network.classes and len(network.classes),
        "class_names": network.classes is not None,
        "from_model": list(getattr(network, "from_model", ())),
    }
    prepared = getattr(network, "prepared", None)
    if isinstance(prepared, ResolvedPreprocess):
        found["preprocessing"] = _preprocessing(network, prepared)
    scores = getattr(model, "scores", None)
    if isinstance(scores, ClassScores):
        stated = getattr(network, "from_model", ())
        declared = getattr(getattr(network, "declared", None), "output_kind", None)
        kind = "model" if "output_kind" in stated else _source(declared, scores.assumed, "output_kind")
        found["output"] = {"name": scores.output.name, "kind": scores.kind, "kind_source": kind}
    if model is not None or (isinstance(network, OnnxNetwork) and understood.task is None):
        found["gradient"] = _any_gradient(network, model, probe)
    return found


def _understood(network: Network) -> tuple[Model | None, Understanding, str | None]:
    """The classifier that it is, or what else it is, or why it is nothing that can be audited."""
    understood = Understanding(network.task, network.decoder, None)
    try:
        understood = understand(network)
        if understood.decoder is not None or understood.task not in (None, "classification"):
            return None, understood, _without_decoder(understood)
        model = as_classifier(network)
        model.log_probabilities([np.full((_SIDE, _SIDE, 3), 128, dtype=np.uint8)])
    except UnsafeError:
        raise
    except CamsimError as error:
        where = "|".join(re.escape(text) for text in (str(getattr(network, "path", network.name)), network.name))
        why = " ".join(re.sub(f"({where}): ", "", str(error)).split())
        known = understood.task is not None
        return None, understood, why if known else f"no classifier, and nothing else was declared or recognised: {why}"
    source = understood.source or "assumed"
    return model, Understanding("classification", None, source), None


def _without_decoder(understood: Understanding) -> str | None:
    if understood.decoder is not None or understood.task in _USUAL:
        return None
    return f"nothing tells how its outputs are read: declare 'decoder' for the task {understood.task}"


def _of_format(network: Network, described: Mapping[str, object]) -> dict[str, object]:
    """What there is to say of its format alone."""
    if isinstance(network, OnnxNetwork):
        checked = read_onnx(network.path)
        graph = checked.proto.graph
        weights = {tensor.name for tensor in graph.initializer}
        files = (network.path, *checked.external)
        return {
            "bytes": sum(file.stat().st_size for file in files),
            "file_sha256": described["file_sha256"],
            "producer": " ".join(filter(None, (checked.proto.producer_name, checked.proto.producer_version))) or None,
            "opset": {entry.domain or "ai.onnx": entry.version for entry in checked.proto.opset_import},
            "inputs": [_value(value) for value in graph.input if value.name not in weights],
            "outputs": [_value(value) for value in graph.output],
            "operators": dict(Counter(map(_title, _nodes(checked.proto))).most_common()),
        }
    found: dict[str, object] = {"outputs": _outputs(network)}
    if isinstance(network, TorchNetwork):
        wanted = network.wanted
        sides: list[object] = [wanted.height, wanted.width]
        channels = wanted.channels or network.prepared.channels
        shape = [wanted.batch, channels, *sides] if wanted.layout == "NCHW" else [wanted.batch, *sides, channels]
        found["inputs"] = [{"name": wanted.name, "dtype": wanted.dtype, "shape": shape}]
        if isinstance(network.module, nn.Module):
            found["parameters"] = sum(value.numel() for value in network.module.parameters())
    return found


def _outputs(network: Network) -> list[dict[str, object]]:
    """With the shapes for one grey picture, the batch axis left out."""
    try:
        (given,) = network.run([np.full((_SIDE, _SIDE, 3), 128, dtype=np.uint8)])
    except CamsimError:
        return []  # the problem that is reported says why
    return [{"name": name, "dtype": str(array.dtype), "shape": list(array.shape)} for name, array in given.items()]


def _preprocessing(network: Network, prepared: ResolvedPreprocess) -> list[dict[str, object]]:
    """Each part with its value and where that comes from: declared, the model, or assumed."""
    names = ["input_size", "layout", "color"]
    if prepared.dtype != "uint8":
        names += ["scale", "mean", "std"]
    if prepared.size is not None or prepared.resize in FREE_RESIZES:
        names += ["resize", *(["filter"] if prepared.antialias and prepared.resize != "keep" else [])]
        names += ["resize_shorter"] if prepared.resize in ("crop", "shortest") else []
        names += ["resize_longer"] if prepared.resize_longer is not None else []
        names += ["resize_height"] if prepared.resize_height is not None else []
        names += [] if prepared.resize_round == "nearest" or prepared.resize == "height" else ["resize_round"]
        names += [] if prepared.antialias else ["antialias"]
    if prepared.resize == "pad" or (prepared.stride > 1 and prepared.stride_by == "pad"):
        names += ["pad_value", *(["pad_place"] if prepared.pad_place != "centre" else [])]
    names += ["stride", *(["stride_by"] if prepared.stride_by != "pad" else [])] if prepared.stride > 1 else []
    assumed = getattr(network, "assumed", ())
    declared = getattr(network, "declared", None)
    stated = getattr(network, "from_model", ())
    parts = []
    for name in names:
        value = prepared.size if name == "input_size" else getattr(prepared, name)
        shown = list(value) if isinstance(value, tuple) else value
        source = "model" if name in stated else _source(getattr(declared, name, None), assumed, name)
        parts.append({"name": name, "value": shown, "source": source})
    return parts


def _source(declared: object, assumed: Iterable[str], name: str) -> str:
    if declared is not None:
        return "declared"
    return "assumed" if any(item.split(" ")[0] == name for item in assumed) else "model"


def _any_gradient(network: Network, model: Model | None, probe: Probe) -> dict[str, object]:
    if isinstance(network, OnnxNetwork):
        onnx = model if isinstance(model, OnnxModel) else None
        return _gradient(read_onnx(network.path), network.path, onnx, probe)
    if isinstance(model, TorchModel):
        pictures = probe()
        opened = open_gradient(model, pictures)
        on = f"{len(pictures)} picture{'s'[: len(pictures) > 1]}"
        return _no(opened.reason, [], on) if isinstance(opened, NoGradient) else _yes(on)
    assert isinstance(model, NetworkModel)
    return _no("it is a function, not a network whose operators are known", [], None)


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
