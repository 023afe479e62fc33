"""What the ONNX standard says of an operator: is it defined in this opset, what it takes, its attributes' defaults."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping

import onnx
from onnx import AttributeProto, NodeProto
from onnx.defs import OpSchema, SchemaError

from audit.models.onnx_graph.errors import UnsupportedOperator
from audit.models.onnx_graph.node import Value, attribute_value
from audit.models.onnx_graph.table import OPERATORS, Operator
from camsim.errors import CamsimError

OLDEST = 11
"""The oldest opset whose operators are known; older ones are read where they were defined the same."""

_KINDS = {
    OpSchema.AttrType.INT: (AttributeProto.INT, "a whole number"),
    OpSchema.AttrType.FLOAT: (AttributeProto.FLOAT, "a number"),
    OpSchema.AttrType.STRING: (AttributeProto.STRING, "a text"),
    OpSchema.AttrType.TENSOR: (AttributeProto.TENSOR, "a tensor"),
    OpSchema.AttrType.INTS: (AttributeProto.INTS, "a list of whole numbers"),
    OpSchema.AttrType.FLOATS: (AttributeProto.FLOATS, "a list of numbers"),
    OpSchema.AttrType.STRINGS: (AttributeProto.STRINGS, "a list of texts"),
}
"""The kinds of attribute that the operators of the table have."""

_CONTROL = frozenset({"If", "Loop", "Scan", "SequenceMap"})


def domain_of(proto: NodeProto) -> str:
    return "" if proto.domain == "ai.onnx" else str(proto.domain)


def is_standard(proto: NodeProto, name: str) -> bool:
    """Whether it is that operator of ONNX's own."""
    return bool(proto.op_type == name) and domain_of(proto) == ""


def title(proto: NodeProto) -> str:
    """An operator's name, with its domain unless that is ONNX's own."""
    domain = domain_of(proto)
    return f"{domain}.{proto.op_type}" if domain else str(proto.op_type)


def described(proto: NodeProto, opsets: Mapping[str, int]) -> str:
    """A node in words, as Node says it."""
    opset = opsets.get(domain_of(proto), 0)
    named = f"node {reprlib.repr(proto.name)}, " if proto.name else ""
    return f"operator {title(proto)} ({named}opset {opset})"


def opsets_of(model: onnx.ModelProto) -> dict[str, int]:
    """Domain -> version."""
    return {"" if entry.domain == "ai.onnx" else entry.domain: entry.version for entry in model.opset_import}


def operator_of(proto: NodeProto, opsets: Mapping[str, int]) -> Operator:
    """The function that computes a node.

    Raises:
        UnsupportedOperator: there is none, or not for this opset.
    """
    domain, name = domain_of(proto), proto.op_type
    opset = opsets.get(domain, 0)
    what = described(proto, opsets)
    if domain not in OPERATORS:
        raise UnsupportedOperator(f"{what} has no differentiable form: its domain is not one that camsim knows")
    if domain == "" and name in _CONTROL:
        raise UnsupportedOperator(
            f"{what} has no differentiable form: it is control flow, which depends on what the graph computes"
        )
    if name not in OPERATORS[domain]:
        raise UnsupportedOperator(f"{what} has no differentiable form")
    newest = onnx.defs.onnx_opset_version()
    if domain == "" and opset > newest:
        raise UnsupportedOperator(f"{what}: the installed onnx knows opsets up to {newest}; update it")
    if domain == "" and opset < OLDEST and not _same_since(name, opset):
        raise UnsupportedOperator(f"{what}: was defined otherwise before opset {OLDEST}; export the model anew")
    return OPERATORS[domain][name]


def _same_since(name: str, opset: int) -> bool:
    """Whether an operator of an old opset is the one of opset 11, or was abolished by then."""
    old, known = schema_of("", name, opset), schema_of("", name, OLDEST)
    if old is None or known is None:
        return False
    return bool(known.deprecated or old.since_version == known.since_version)


def schema_of(domain: str, name: str, opset: int) -> OpSchema | None:
    try:
        return onnx.defs.get_schema(name, opset, domain)
    except SchemaError:
        return None


def settings(proto: NodeProto, given: Mapping[str, Value], opsets: Mapping[str, int]) -> dict[str, Value]:
    """The attributes of a node together with the standard's defaults, checked.

    Raises:
        CamsimError: an attribute that the operator does not have, of the wrong type, or a needed one that is missing;
            too few or too many inputs.
    """
    what = described(proto, opsets)
    schema = schema_of(domain_of(proto), proto.op_type, opsets.get(domain_of(proto), 0))
    if schema is None:
        return dict(given)
    count = len(proto.input)
    if not schema.min_input <= count <= schema.max_input:
        raise CamsimError(f"{what}: has {count} inputs, needs {schema.min_input} to {schema.max_input}")
    for name, parameter in zip(proto.input, schema.inputs, strict=False):
        if not name and parameter.option == OpSchema.FormalParameterOption.Single:
            raise CamsimError(f"{what}: its input {parameter.name} is left out")
    kinds = {attribute.name: attribute.type for attribute in proto.attribute}
    for name, kind in kinds.items():
        known = schema.attributes.get(name)
        if known is None:
            raise CamsimError(f"{what}: has no attribute {reprlib.repr(name)}")
        expected, words = _KINDS[known.type]
        if kind != expected:
            raise CamsimError(f"{what}: attribute {name} has the wrong type: it must be {words}")
    merged = dict(given)
    for name, known in schema.attributes.items():
        if name in merged:
            continue
        if known.required:
            raise CamsimError(f"{what}: needs the attribute {name}, which is missing")
        if known.default_value.type:
            merged[name] = attribute_value(known.default_value, what)
    return merged


def outputs_like(proto: NodeProto, opsets: Mapping[str, int]) -> tuple[int | None, ...]:
    """For each output, the first input that has its type in every use of the operator."""
    schema = schema_of(domain_of(proto), proto.op_type, opsets.get(domain_of(proto), 0))
    if schema is None:
        return ()
    takes = [parameter.type_str for parameter in schema.inputs]
    gives = [parameter.type_str for parameter in schema.outputs]
    gives += gives[-1:] * (len(proto.output) - len(gives))  # the last one may stand for several
    return tuple(takes.index(kind) if kind in takes else None for kind in gives)
