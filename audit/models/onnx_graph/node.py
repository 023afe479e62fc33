"""What an operator's function is told of its node: settings, opset, how many outputs are used, types."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn, TypeAlias, TypeVar

import torch
from onnx import AttributeProto, NodeProto
from torch import Tensor

from audit.models.onnx_graph.element import dtype_of, tensor_of
from audit.models.onnx_graph.errors import UnsupportedOperator
from camsim.errors import CamsimError

Value: TypeAlias = int | float | str | Tensor | tuple[int, ...] | tuple[float, ...] | tuple[str, ...]
"""What an attribute holds."""

_T = TypeVar("_T")


@dataclass(frozen=True)
class Node:
    """One node of a graph, but for the names of its tensors.

    Attributes are asked for by name and type; the standard operators' defaults are filled in from their schema, so
    only what has no default there is given one here.
    """

    operator: str
    """With its domain, unless that is ONNX's own: ``Conv``, ``com.microsoft.QGemm``."""
    name: str
    opset: int
    """Version of the operator's domain that the model asks for."""
    outputs: int
    """How many outputs there are up to the last one that is used."""
    attributes: Mapping[str, Value]
    elements: tuple[int, ...] = ()
    """Element types of the inputs where the file states them, otherwise 0."""
    dtype: torch.dtype | None = None
    """The type that all floating-point numbers are computed in, where it is not the model's own."""

    def __str__(self) -> str:
        named = f"node {reprlib.repr(self.name)}, " if self.name else ""
        return f"operator {self.operator} ({named}opset {self.opset})"

    def has(self, name: str) -> bool:
        """Whether an attribute is set, or has a default in the standard."""
        return name in self.attributes

    def integer(self, name: str, default: int | None = None) -> int:
        return self._get(name, int, default)

    def flag(self, name: str, default: bool | None = None) -> bool:
        return bool(self.integer(name, default))

    def number(self, name: str, default: float | None = None) -> float:
        return self._get(name, float, default)

    def text(self, name: str, default: str | None = None) -> str:
        return self._get(name, str, default)

    def tensor(self, name: str) -> Tensor:
        return self._get(name, Tensor, None)

    def integers(self, name: str, default: Sequence[int] | None = None) -> tuple[int, ...]:
        return self._list(name, int, default)

    def numbers(self, name: str, default: Sequence[float] | None = None) -> tuple[float, ...]:
        return self._list(name, float, default)

    def texts(self, name: str, default: Sequence[str] | None = None) -> tuple[str, ...]:
        return self._list(name, str, default)

    def choice(self, name: str, allowed: Mapping[str, _T], default: str | None = None) -> _T:
        """What a word stands for, out of those allowed."""
        word = self.text(name, default)
        if word not in allowed:
            listed = ", ".join(allowed)
            raise CamsimError(f"{self}: {name} must be one of {listed}, got {reprlib.repr(word)}")
        return allowed[word]

    def element(self, index: int) -> int:
        """Element type of an input where the file states it, otherwise 0."""
        return self.elements[index] if index < len(self.elements) else 0

    def floating(self, dtype: torch.dtype) -> torch.dtype:
        """The type to compute in instead of a floating-point type; others stay."""
        moved = self.dtype is not None and dtype.is_floating_point and dtype.itemsize > 1
        return self.dtype if moved and self.dtype is not None else dtype

    def dtype_of(self, element: int) -> torch.dtype:
        """The torch type for an element type that an attribute asks for."""
        try:
            return self.floating(dtype_of(element))
        except UnsupportedOperator as error:
            self.refuse(str(error))

    def refuse(self, reason: str) -> NoReturn:
        """Say that the operator is known, but not in this form.

        Raises:
            UnsupportedOperator: always.
        """
        raise UnsupportedOperator(f"{self}: {reason}")

    def _get(self, name: str, kind: type[_T], default: _T | None) -> _T:
        value = self.attributes.get(name, default)
        if value is None:
            raise CamsimError(f"{self}: needs the attribute {name}, which is missing")
        if not isinstance(value, kind):
            raise CamsimError(f"{self}: attribute {name} has the wrong type: it must be {_TITLES[kind]}")
        return value

    def _list(self, name: str, kind: type[_T], default: Sequence[_T] | None) -> tuple[_T, ...]:
        value = self.attributes.get(name, None if default is None else tuple(default))
        if value is None:
            raise CamsimError(f"{self}: needs the attribute {name}, which is missing")
        if not isinstance(value, tuple) or not all(isinstance(item, kind) for item in value):
            raise CamsimError(f"{self}: attribute {name} has the wrong type: it must be a list, each {_TITLES[kind]}")
        return tuple(item for item in value if isinstance(item, kind))


_TITLES: dict[type, str] = {int: "a whole number", float: "a number", str: "a text", Tensor: "a tensor"}


def attributes_of(proto: NodeProto, what: str) -> dict[str, Value]:
    """A node's attributes as Python values.

    Raises:
        UnsupportedOperator: one holds a graph, a sparse tensor or a type, or a tensor that torch cannot hold.
        CamsimError: one is damaged.
    """
    values: dict[str, Value] = {}
    for attribute in proto.attribute:
        if attribute.name in values:
            raise CamsimError(f"{what}: states the attribute {reprlib.repr(attribute.name)} twice")
        values[attribute.name] = attribute_value(attribute, what)
    return values


def attribute_value(attribute: AttributeProto, what: str) -> Value:
    """The value of one attribute; ``what`` says whose it is, for errors."""
    try:
        match attribute.type:
            case AttributeProto.INT:
                return int(attribute.i)
            case AttributeProto.FLOAT:
                return float(attribute.f)
            case AttributeProto.STRING:
                return bytes(attribute.s).decode()
            case AttributeProto.INTS:
                return tuple(attribute.ints)
            case AttributeProto.FLOATS:
                return tuple(attribute.floats)
            case AttributeProto.STRINGS:
                return tuple(bytes(text).decode() for text in attribute.strings)
            case AttributeProto.TENSOR:
                return tensor_of(attribute.t)
    except UnicodeDecodeError:
        raise CamsimError(f"{what}: attribute {reprlib.repr(attribute.name)} is not UTF-8 text") from None
    except CamsimError as error:
        raise type(error)(f"{what}: attribute {reprlib.repr(attribute.name)}: {error}") from None
    raise UnsupportedOperator(
        f"{what}: attribute {reprlib.repr(attribute.name)} holds something that has no differentiable form"
    )
