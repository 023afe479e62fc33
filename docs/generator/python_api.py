"""docs/reference/python.md: the public names of camsim and audit."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any

import audit
import camsim
from generator.markdown import docstring, page
from generator.source import attribute_docs, attribute_types, signature

INTRODUCTION = """\
Two packages come with one installation: `camsim` emulates cameras, `audit` runs models across them. What is not on this
page may change without notice. `camsim.optics`, `camsim.sensor` and `camsim.isp` hold the optics, the sensor and the
stages; their keys are in [stages.md](stages.md)."""


def python_page() -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    for module in (camsim, audit):
        parts += [f"## `{module.__name__}`", *_module(module)]
    return page("Python", *parts)


def _module(module: ModuleType) -> list[str]:
    parts = []
    for name in sorted(module.__all__, key=str.lower):
        item, path = getattr(module, name), f"{module.__name__}.{name}"
        parts.append(f"### `{path}`")
        if inspect.isclass(item):
            parts += _class(item, path)
        elif inspect.isroutine(item) or hasattr(item, "__wrapped__"):
            parts += [_code(signature(item, path)), docstring(item.__doc__)]
        elif inspect.ismodule(item):
            parts.append(docstring(item.__doc__))
        else:
            parts.append("The version that is installed, a string." if name == "__version__" else _alias(item))
    return parts


def _class(cls: type[Any], path: str) -> list[str]:
    parts = [docstring(cls.__doc__)]
    docs = attribute_docs(cls)
    lines = [f"- `{name}: {kind}`" + f" {docs.get(name, '')}".rstrip() for name, kind in attribute_types(cls).items()]
    if lines:
        parts.append("Fields:\n\n" + "\n".join(lines))
    for name, member in vars(cls).items():
        if name.startswith("_"):
            continue
        function = member.fget if isinstance(member, property) else inspect.unwrap(getattr(member, "__func__", member))
        if not inspect.isfunction(function) or not function.__doc__:
            continue
        if isinstance(member, property):
            returns = inspect.get_annotations(function).get("return", "")
            parts.append(_code(f"{path}.{name}: {returns}"))
        else:
            parts.append(_code(signature(function, f"{path}.{name}")))
        parts.append(docstring(function.__doc__))
    return parts


def _alias(item: Any) -> str:
    return "One of " + ", ".join(f'`"{value}"`' for value in item.__args__) + "."


def _code(text: str) -> str:
    return f"```text\n{text}\n```"
