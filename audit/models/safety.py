"""Bounds that an ONNX model must keep before onnxruntime sees it: size, nesting, number of operators, their origin.

A model is a program from elsewhere. ONNX operators cannot run code of the model's maker, as long as no library of
custom operators is registered; camsim never registers one.
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto, SparseTensorProto, TensorProto

from audit.models.external import external_files
from camsim.errors import CamsimError, UnsafeError

DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft"})
"""Operators that onnxruntime itself brings: the ONNX standard, its classical models, onnxruntime's own."""

_Key: TypeAlias = tuple[str, str, str]
"""Domain, name and overload of a function."""


@dataclass(frozen=True)
class Limits:
    """How large a model may be."""

    file_bytes: int = 4 << 30
    """Of the model's file, and again of its external data together."""
    nodes: int = 200_000
    """Operators, with every call of a function written out."""
    depth: int = 16
    """Graphs inside graphs (the branches of If, the bodies of Loop and Scan), and functions that call functions."""
    sparse_bytes: int = 1 << 30
    """Of all sparse tensors once they are written out densely, as onnxruntime does."""
    name_length: int = 1000
    """Of the inputs' and outputs' names."""


@dataclass(frozen=True)
class CheckedModel:
    """A model that keeps the bounds."""

    proto: ModelProto
    """Without its external data."""
    external: tuple[Path, ...]
    """The files of its external data."""


def read_onnx(path: Path, limits: Limits | None = None) -> CheckedModel:
    """Read a model's graph, not its external data, and check that it keeps the bounds.

    Raises:
        UnsafeError: it goes beyond a bound, or reaches outside its folder.
        CamsimError: it is not an ONNX model, or uses operators that onnxruntime does not bring.
    """
    limits = limits or Limits()
    try:
        size = path.stat().st_size
        if size > limits.file_bytes:
            raise UnsafeError(f"{path}: is {size} bytes long; at most {limits.file_bytes} are read")
        # Without the format, onnx goes by the suffix, and reads JSON or text in some cases.
        proto = onnx.load(path, format="protobuf", load_external_data=False)
    except OSError as error:
        raise CamsimError(f"{path}: cannot be read: {error.strerror or error}") from None
    except DecodeError:
        raise CamsimError(
            f"{path}: is not an ONNX model, or a damaged one, or one nested too deep to be read"
        ) from None
    if not proto.HasField("graph") or not proto.opset_import:
        raise CamsimError(f"{path}: is not a whole ONNX model: it has no graph or no operator set; copy it again")
    try:
        parts = _take_apart(proto, limits)
        _check_names(proto, parts, limits)
        _check_domains(proto, parts.nodes)
        _check_calls(proto, limits)
        _check_sparse(parts.sparse, limits)
    except CamsimError as error:
        raise type(error)(f"{path}: {error}") from None
    return CheckedModel(proto, external_files(path, parts.tensors, limits.file_bytes))


def with_weights(checked: CheckedModel, path: Path) -> ModelProto:
    """A copy of a checked model that holds its external data.

    Raises:
        CamsimError: they cannot be read.
    """
    whole = ModelProto()
    whole.CopyFrom(checked.proto)
    try:
        onnx.load_external_data_for_model(whole, str(path.parent))
    except (OSError, ValueError) as error:
        raise CamsimError(f"{path}: its external data cannot be read: {error}") from None
    return whole


@dataclass(frozen=True)
class _Parts:
    nodes: list[NodeProto]
    tensors: list[TensorProto]
    sparse: list[SparseTensorProto]


def _take_apart(proto: ModelProto, limits: Limits) -> _Parts:
    """What the graph, the graphs in it, the functions and the training part are made of."""
    parts = _Parts([], [], [])
    training = [graph for info in proto.training_info for graph in (info.initialization, info.algorithm)]
    todo: list[tuple[GraphProto | FunctionProto, int]] = [
        (root, 1) for root in (proto.graph, *training, *proto.functions)
    ]
    while todo:
        body, depth = todo.pop()
        if depth > limits.depth:
            raise UnsafeError(f"graphs are nested deeper than {limits.depth} levels; camsim refused it")
        parts.nodes.extend(body.node)
        if len(parts.nodes) > limits.nodes:
            raise UnsafeError(f"has more than {limits.nodes} operators; camsim refused it")
        attributes = [attribute for node in body.node for attribute in node.attribute]
        if isinstance(body, GraphProto):
            parts.tensors.extend(body.initializer)
            parts.sparse.extend(body.sparse_initializer)
        else:
            attributes.extend(body.attribute_proto)
        for attribute in attributes:
            parts.tensors.extend((attribute.t, *attribute.tensors))
            parts.sparse.extend((attribute.sparse_tensor, *attribute.sparse_tensors))
            todo.extend((graph, depth + 1) for graph in _graphs(attribute))
    parts.tensors.extend(part for sparse in parts.sparse for part in (sparse.values, sparse.indices))
    return parts


def _check_names(proto: ModelProto, parts: _Parts, limits: Limits) -> None:
    values = (*proto.graph.input, *proto.graph.output)
    names: list[str] = [value.name for value in values]
    for node in parts.nodes:
        names += (node.domain, node.op_type, node.overload, *node.input, *node.output)
    names += (text for f in proto.functions for text in (f.domain, f.name, f.overload))
    names += (entry.domain for entry in proto.opset_import)
    for tensor in parts.tensors:
        names += (tensor.name, *(text for entry in tensor.external_data for text in (entry.key, entry.value)))
    # protobuf hands over what is not UTF-8 as bytes.
    if not all(isinstance(name, str) for name in names):
        raise CamsimError("is a damaged ONNX model: some of its names are not UTF-8 text; copy or download it again")
    longest = max(len(value.name) for value in values) if values else 0
    if longest > limits.name_length:
        raise UnsafeError(f"the name of an input or output is {longest} characters long; camsim refused it")


def _graphs(attribute: AttributeProto) -> Iterator[GraphProto]:
    if attribute.HasField("g"):
        yield attribute.g
    yield from attribute.graphs


def _check_domains(proto: ModelProto, nodes: list[NodeProto]) -> None:
    functions = {_normal(function.domain) for function in proto.functions}
    unknown = {(node.domain, node.op_type) for node in nodes if node.domain not in DOMAINS | functions}
    if unknown:
        some = ", ".join(f"{reprlib.repr(op)} of {reprlib.repr(domain)}" for domain, op in sorted(unknown)[:5])
        raise CamsimError(
            f"uses {len(unknown)} custom operator{'s'[: len(unknown) > 1]}: {some}. camsim loads no libraries of "
            f"operators; export the model with standard ONNX operators"
        )


def _normal(domain: str) -> str:
    return "" if domain == "ai.onnx" else domain


def _check_calls(proto: ModelProto, limits: Limits) -> None:
    """No function calls itself, and written out, the model keeps the limit: ten calls in ten calls in ... explode."""
    functions = {(_normal(function.domain), function.name, function.overload): function for function in proto.functions}
    cost: dict[_Key, int] = {}

    def written_out(body: GraphProto | FunctionProto, calling: tuple[_Key, ...]) -> int:
        total = 0
        for node in body.node:
            total += 1 + sum(written_out(g, calling) for attribute in node.attribute for g in _graphs(attribute))
            key = (_normal(node.domain), node.op_type, node.overload)
            if key in functions:
                if key in calling:
                    raise UnsafeError(f"function {reprlib.repr(node.op_type)} calls itself; camsim refused it")
                if len(calling) >= limits.depth:
                    raise UnsafeError(f"functions call each other deeper than {limits.depth} levels; camsim refused it")
                if key not in cost:
                    cost[key] = written_out(functions[key], (*calling, key))
                total += cost[key]
        return total

    bodies: list[GraphProto | FunctionProto] = [proto.graph, *proto.functions]
    if max(written_out(body, ()) for body in bodies) > limits.nodes:
        raise UnsafeError(f"has more than {limits.nodes} operators with its functions written out; camsim refused it")


def _check_sparse(tensors: list[SparseTensorProto], limits: Limits) -> None:
    """A sparse tensor of a few bytes can stand for a dense one of any size."""
    # 16 bytes: the widest element there is, complex128. A sparse tensor without dims is one that is not set.
    total = sum(16 * math.prod(max(dim, 0) for dim in tensor.dims) for tensor in tensors if tensor.dims)
    if total > limits.sparse_bytes:
        raise UnsafeError(f"its sparse tensors would take {total} bytes; at most {limits.sparse_bytes} are allowed")
