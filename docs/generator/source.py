"""What only the source says: the docstrings under attributes, and signatures as they are written."""

from __future__ import annotations

import ast
import inspect
import itertools
import textwrap
from collections.abc import Callable
from typing import Any

WIDTH = 100


def attribute_docs(cls: type[Any]) -> dict[str, str]:
    """The strings that stand under the attributes of a class, its parents' included, each on one line."""
    found: dict[str, str] = {}
    for parent in reversed(cls.__mro__):
        if parent.__module__.split(".")[0] not in ("camsim", "audit"):
            continue
        body = _parse(parent).body
        for statement, after in itertools.pairwise(body):
            named = isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
            if named and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
                found[statement.target.id] = " ".join(str(after.value.value).split()).replace("``", "`")
    return found


def signature(function: Callable[..., Any], name: str) -> str:
    """``name(first, second: int = 2) -> str`` as in the source; long ones with one parameter a line."""
    node = _parse(inspect.unwrap(function))
    arguments = node.args
    for group in (arguments.posonlyargs, arguments.args):
        if group and group[0].arg in ("self", "cls"):
            del group[0]
            break
    result = f" -> {ast.unparse(node.returns)}" if node.returns is not None else ""
    parameters = _parameters(arguments)
    short = f"{name}({', '.join(parameters)}){result}"
    if len(short) <= WIDTH:
        return short
    lines = "".join(f"    {parameter},\n" for parameter in parameters)
    return f"{name}(\n{lines}){result}"


def _parameters(arguments: ast.arguments) -> list[str]:
    positional = [*arguments.posonlyargs, *arguments.args]
    values: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults)) + list(arguments.defaults)
    shown = [_parameter(argument, value) for argument, value in zip(positional, values, strict=True)]
    if arguments.vararg is not None:
        shown.append(f"*{ast.unparse(arguments.vararg)}")
    elif arguments.kwonlyargs:
        shown.append("*")
    pairs = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return shown + [_parameter(argument, value) for argument, value in pairs]


def _parameter(argument: ast.arg, value: ast.expr | None) -> str:
    equals = " = " if argument.annotation is not None else "="
    return ast.unparse(argument) + ("" if value is None else f"{equals}{ast.unparse(value)}")


def attribute_types(cls: type[Any]) -> dict[str, str]:
    """The annotations of a class's own public attributes, without what Annotated adds; class variables left out."""
    found = {}
    for statement in _parse(cls).body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            text = ast.unparse(_plain(statement.annotation))
            if not statement.target.id.startswith("_") and not text.startswith("ClassVar"):
                found[statement.target.id] = text
    return found


def _plain(node: ast.expr) -> ast.expr:
    class Strip(ast.NodeTransformer):
        def visit_Subscript(self, inner: ast.Subscript) -> ast.AST:
            annotated = isinstance(inner.value, ast.Name) and inner.value.id == "Annotated"
            if annotated and isinstance(inner.slice, ast.Tuple):
                return self.visit(inner.slice.elts[0])
            return self.generic_visit(inner)

    stripped = Strip().visit(node)
    assert isinstance(stripped, ast.expr)
    return stripped


def _parse(item: Any) -> Any:
    return ast.parse(textwrap.dedent(inspect.getsource(item))).body[0]
