"""From an ONNX model to a list of steps: functions written out, nodes checked against the standard, weights read."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from dataclasses import dataclass

import onnx
import torch
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto
from onnx.inliner import inline_local_functions
from torch import Tensor

from audit.models.onnx_graph.element import dtype_of, tensor_of, type_name
from audit.models.onnx_graph.errors import UnsupportedOperator
from audit.models.onnx_graph.node import Node, attribute_value, attributes_of
from audit.models.onnx_graph.schema import (
    described,
    domain_of,
    is_standard,
    operator_of,
    opsets_of,
    outputs_like,
    settings,
    title,
)
from audit.models.onnx_graph.step import Step, run
from audit.models.onnx_graph.table import AS_STORED
from camsim.errors import CamsimError


@dataclass(frozen=True)
class Program:
    """A graph, ready to run."""

    inputs: Mapping[str, torch.dtype]
    outputs: tuple[str, ...]
    constants: Mapping[str, Tensor]
    steps: tuple[Step, ...]
    dtype: torch.dtype | None

    def floating(self, dtype: torch.dtype) -> torch.dtype:
        """The type that numbers of a floating-point type are computed in."""
        moved = self.dtype is not None and dtype.is_floating_point and dtype.itemsize > 1
        return self.dtype if moved and self.dtype is not None else dtype


def program_of(proto: ModelProto, dtype: torch.dtype | None) -> Program:
    """Read a model.

    Raises:
        UnsupportedOperator: something in it has no differentiable form.
        CamsimError: it is damaged.
    """
    if dtype is not None and not dtype.is_floating_point:
        raise CamsimError(f"a graph is computed in a floating-point type, got {dtype}")
    reader = _Reader(_written_out(proto), dtype)
    program = reader.read()
    for obstacle in reader.obstacles.values():
        raise obstacle
    return program


def obstacles(proto: ModelProto) -> list[str]:
    """What has no differentiable form: operators and, where there are any, element types; each once, sorted.

    Raises:
        CamsimError: the model is damaged.
    """
    reader = _Reader(_written_out(proto), None)
    reader.read()
    return sorted(reader.obstacles)


def _written_out(proto: ModelProto) -> ModelProto:
    """The model with the bodies of its own functions in the places where they are called."""
    if not proto.functions:
        return proto
    try:
        return inline_local_functions(proto)
    except (RuntimeError, ValueError, onnx.checker.ValidationError) as error:
        raise CamsimError(f"the model's own functions cannot be written out: {error}") from None


class _Reader:
    """Reads a graph from its first node to its last; what depends on constants alone is computed at once."""

    def __init__(self, model: ModelProto, dtype: torch.dtype | None) -> None:
        self.obstacles: dict[str, UnsupportedOperator] = {}
        """What has no differentiable form: title -> the first place of it."""
        self._graph = model.graph
        self._opsets = opsets_of(model)
        self._dtype = dtype
        self._constants: dict[str, Tensor] = {}
        self._elements: dict[str, int] = {}
        self._known: set[str] = set()
        self._steps: list[Step] = []

    def read(self) -> Program:
        """Everything, also past what stands in the way."""
        graph = self._graph
        self._read_weights(graph)
        inputs = {}
        for value in graph.input:
            if value.name not in self._known:
                self._define(value.name)
                inputs[value.name] = self._input_dtype(value)
        for node in graph.node:
            self._read_node(node)
        outputs = tuple(value.name for value in graph.output)
        for name in outputs:
            if name not in self._known:
                raise CamsimError(f"output {reprlib.repr(name)} is computed by no node; the model is damaged")
        used = {name for step in self._steps for name in step.inputs}.union(outputs)
        constants = {name: tensor for name, tensor in self._constants.items() if name in used}
        return Program(inputs, outputs, constants, tuple(self._steps), self._dtype)

    def _read_weights(self, graph: GraphProto) -> None:
        for value in (*graph.value_info, *graph.input, *graph.output):
            self._elements[value.name] = value.type.tensor_type.elem_type
        if graph.sparse_initializer:
            self._note("sparse weights", UnsupportedOperator("sparse weights have no differentiable form"))
            for sparse in graph.sparse_initializer:
                self._define(sparse.values.name)
        for tensor in graph.initializer:
            self._define(tensor.name)
            try:
                self._add_constant(tensor.name, tensor_of(tensor), tensor.data_type)
            except UnsupportedOperator as error:
                self._note(f"weights of {type_name(tensor.data_type)}", error)

    def _note(self, title: str, error: UnsupportedOperator) -> None:
        self.obstacles.setdefault(title, error)

    def _input_dtype(self, value: ValueInfoProto) -> torch.dtype:
        element = value.type.tensor_type.elem_type
        try:
            return dtype_of(element)
        except UnsupportedOperator as error:
            kind = type_name(element) if value.type.HasField("tensor_type") else "no tensor"
            self._note(f"input of {kind}", UnsupportedOperator(f"input {reprlib.repr(value.name)}: {error}"))
            return torch.float32

    def _define(self, name: str) -> None:
        if name in self._known:
            raise CamsimError(f"tensor {reprlib.repr(name)} is defined twice; the model is damaged")
        self._known.add(name)

    def _add_constant(self, name: str, tensor: Tensor, element: int) -> None:
        moved = self._dtype is not None and tensor.is_floating_point() and tensor.itemsize > 1
        self._constants[name] = tensor.to(self._dtype) if moved else tensor
        self._elements[name] = element

    def _read_node(self, proto: NodeProto) -> None:
        what = described(proto, self._opsets)
        for name in proto.input:
            if name and name not in self._known:
                raise CamsimError(f"{what}: its input {reprlib.repr(name)} is computed by no node before it")
        if is_standard(proto, "If") and len(proto.input) == 1 and proto.input[0] in self._constants:
            self._read_branch(proto, what)
            return
        for name in proto.output:
            if name:
                self._define(name)
        try:
            if is_standard(proto, "Constant"):
                self._add_constant(proto.output[0], *constant(proto, what))
            elif any(proto.output):
                self._add_step(self._step(proto, what))
        except UnsupportedOperator as error:
            self._note(title(proto), error)

    def _step(self, proto: NodeProto, what: str) -> Step:
        function = operator_of(proto, self._opsets)
        attributes = settings(proto, attributes_of(proto, what), self._opsets)
        last = max(index for index, name in enumerate(proto.output, start=1) if name)
        node = Node(
            title(proto),
            proto.name,
            self._opsets.get(domain_of(proto), 0),
            last,
            attributes,
            tuple(self._elements.get(name, 0) for name in proto.input),
            self._dtype,
        )
        like = outputs_like(proto, self._opsets)
        as_stored = proto.op_type in AS_STORED
        return Step(node, function, tuple(proto.input), tuple(proto.output[:last]), like, as_stored)

    def _add_step(self, step: Step) -> None:
        if not all(name in self._constants for name in step.inputs if name):
            self._steps.append(step)
            return
        with torch.no_grad():
            results = run(step, self._constants)
        if sum(result.nbytes for result in results.values()) > _MOST_STORED:
            self._steps.append(step)
        else:
            self._constants.update(results)

    def _read_branch(self, proto: NodeProto, what: str) -> None:
        """Put the branch that a constant condition takes in the node's place."""
        taken = "then_branch" if bool(self._constants[proto.input[0]].all()) else "else_branch"
        branches = [attribute.g for attribute in proto.attribute if attribute.name == taken]
        if len(branches) != 1 or len(branches[0].output) != len(proto.output):
            raise CamsimError(f"{what}: needs one {taken} with as many outputs as it has; the model is damaged")
        (branch,) = branches
        self._read_weights(branch)
        for node in branch.node:
            self._read_node(node)
        for value, name in zip(branch.output, proto.output, strict=True):
            if name:
                self._read_node(onnx.helper.make_node("Identity", [value.name], [name]))


_MOST_STORED = 64 << 20
"""Bytes that a node may make out of constants to be stored; more are computed when they are needed."""


def constant(proto: NodeProto, what: str) -> tuple[Tensor, int]:
    """The tensor that a Constant holds, and its element type."""
    if len(proto.attribute) != 1 or len(proto.output) != 1:
        raise CamsimError(f"{what}: must have one attribute and one output; the model is damaged")
    (attribute,) = proto.attribute
    value = attribute_value(attribute, what)
    match attribute.name, value:
        case "value", Tensor():
            return value, attribute.t.data_type
        case "value_float", float():
            return torch.tensor(value, dtype=torch.float32), TensorProto.FLOAT
        case "value_floats", tuple():
            return torch.tensor(value, dtype=torch.float32), TensorProto.FLOAT
        case "value_int", int():
            return torch.tensor(value, dtype=torch.int64), TensorProto.INT64
        case "value_ints", tuple():
            return torch.tensor(value, dtype=torch.int64), TensorProto.INT64
    raise UnsupportedOperator(f"{what}: its attribute {reprlib.repr(attribute.name)} has no differentiable form")
