"""The keys of a spec as a table: type, unit, bounds, default, plausible range."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel

from camsim.spec import Quantity, Range, Spec
from generator.markdown import number, table
from generator.source import attribute_docs

TAGS = ("kind", "method", "encoding")
"""Keys that name a stage."""


def field_table(cls: type[BaseModel], words: Mapping[str, str] = MappingProxyType({})) -> str:
    """One row for each key but those that only name the stage; ``words`` replace the type of some keys."""
    schema = cls.model_json_schema()
    docs = attribute_docs(cls)
    quantities: Mapping[str, Quantity] = cls.quantities() if issubclass(cls, Spec) else {}
    rows = []
    for name, field in cls.model_fields.items():
        given = schema["properties"][name]
        if name in TAGS and "const" in given:
            continue
        default = "required" if field.is_required() else _default(field.get_default(call_default_factory=True))
        knob = _knob(quantities[name]) if name in quantities else ["", "", ""]
        # What Python calls None is a key left out in YAML.
        remark = re.sub(r"\bNone\b", "left out", docs.get(name, ""))
        rows.append([f"`{name}`", words.get(name) or type_words(given, schema), default, *knob, remark])
    if not rows:
        return "No further keys."
    headings = ["key", "value", "default", "unit", "bounds", "plausible range", "remarks"]
    keep = [index for index in range(len(headings)) if index < 2 or any(row[index] for row in rows)]
    return table([headings[index] for index in keep], [[row[index] for index in keep] for row in rows])


def type_words(node: Mapping[str, Any], root: Mapping[str, Any]) -> str:
    """A JSON Schema as words: ``number, or 4 numbers``."""
    if "$ref" in node:
        name = node["$ref"].rsplit("/", 1)[1]
        return type_words(root["$defs"][name], root)
    if "const" in node:
        return f"`{node['const']}`"
    if "enum" in node:
        return ", ".join(f"`{value}`" for value in node["enum"])
    alternatives = node.get("anyOf") or node.get("oneOf")
    if alternatives:
        words = dict.fromkeys(type_words(part, root) for part in alternatives if part.get("type") != "null")
        return ", or ".join(words)
    match node["type"]:
        case "array":
            return _array_words(node, root)
        case "integer":
            return "whole number" + _limits(node)
        case "number":
            return "number" + _limits(node)
        case "boolean":
            return "`true`, `false`"
        case "string":
            return "text"
        case "object" if "properties" in node:
            return "map of " + ", ".join(f"`{name}`" for name in node["properties"])
        case _:
            return "map"


def _array_words(node: Mapping[str, Any], root: Mapping[str, Any]) -> str:
    items = node.get("prefixItems")
    if items is None:
        return "list of " + re.sub(r"\bnumber\b", "numbers", type_words(node["items"], root))
    inner = type_words(items[0], root)
    if items[0].get("type") == "array":
        return f"{len(items)} rows of {inner}"
    return f"{len(items)} {inner.replace('number', 'numbers', 1)}"


def _limits(node: Mapping[str, Any]) -> str:
    low, high = node.get("minimum"), node.get("maximum")
    if low is None and high is None:
        return ""
    if high is None:
        return f", at least {low}"
    return f" {low} to {high}"


def _default(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, tuple):  # as YAML has it
        value = list(value)
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _knob(quantity: Quantity) -> list[str]:
    return [
        "" if quantity.unit == "1" else quantity.unit,
        f"{number(quantity.low)} to {number(quantity.high)}",
        "" if quantity.plausible is None else range_words(quantity.plausible),
    ]


def range_words(found: Range) -> str:
    """``± 10 %``, ``± 0.05`` or ``0 to 1.5``."""
    if found.interval is not None:
        return f"{number(found.interval[0])} to {number(found.interval[1])}"
    if found.relative is not None:
        return f"± {number(100 * found.relative)} %"
    return f"± {number(found.absolute or 0)}"
