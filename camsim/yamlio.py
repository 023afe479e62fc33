"""YAML in and out for camsim's own files: every value keeps its line, and what YAML would guess at is refused.

Reading uses the safe loader without aliases, duplicate keys or implicit dates; numbers follow YAML 1.2 (``1e-5`` is a
float, ``yes`` is a string).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from camsim.errors import Problem, ProfileError

try:
    from yaml import CSafeDumper, CSafeLoader
except ImportError:  # PyYAML without libyaml: the same, but slower
    from yaml import SafeDumper as CSafeDumper  # type: ignore[assignment]
    from yaml import SafeLoader as CSafeLoader  # type: ignore[assignment]

Path = tuple[str | int, ...]
"""Where a value stands: ``("isp", 3, "radius")``."""

MAX_BYTES = 2_000_000
MAX_DEPTH = 40


class _Loader(yaml.SafeLoader):
    """Safe loader with the scalar rules of YAML 1.2's core schema."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  as in the base class


_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|)$"), ["~", "n", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), ["t", "f"])
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:0|[1-9][0-9]{0,17})$"), list("-+0123456789")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan)$"),
    list("-+0123456789."),
)


class _QuickLoader(CSafeLoader):
    """The same in C, twenty times as fast, for text in which the two read the same; see `_reads_alike`."""

    yaml_implicit_resolvers = _Loader.yaml_implicit_resolvers


_READ_OTHERWISE = re.compile(r"[?!]|[|>].*#")
"""Where libyaml takes for YAML what PyYAML refuses: a question mark or tag amid a list, a comment close to ``|``."""


def _reads_alike(text: str) -> bool:
    """Whether libyaml can be trusted to read what PyYAML reads: not with tabs, byte-order marks and the like."""
    return text.replace("\n", "").isprintable() and _READ_OTHERWISE.search(text) is None


def parse(text: str, where: str) -> tuple[Any, dict[Path, int]]:
    """Read one YAML document.

    Args:
        text: the document.
        where: name of the file, for messages.

    Returns:
        The data, and the line (from 1) of every value by its path.

    Raises:
        ProfileError: what is not plain YAML, with all duplicate keys at once.
    """
    if len(text) > MAX_BYTES:
        raise ProfileError([Problem(where, "", f"is {len(text)} bytes long; at most {MAX_BYTES} are read")])
    if _reads_alike(text):
        try:
            return _parse(text, where, _QuickLoader)
        except ProfileError:
            pass  # told again in PyYAML's words
    return _parse(text, where, _Loader)


def _parse(text: str, where: str, kind: type[_Loader | _QuickLoader]) -> tuple[Any, dict[Path, int]]:
    lines: dict[Path, int] = {}
    problems: list[Problem] = []
    try:
        depth = 0
        for event in yaml.parse(text, Loader=kind):
            # Here and not on the composed tree: PyYAML's time grows with the square of the depth.
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            refused = None
            if depth > MAX_DEPTH:
                refused = f"is nested deeper than {MAX_DEPTH} levels"
            elif isinstance(event, yaml.AliasEvent):
                refused = "YAML aliases are not read; write the value out"
            elif (tag := getattr(event, "tag", None)) is not None:
                refused = f"YAML tags such as {tag} are not read; write the plain value"
            if refused and event.start_mark is not None:
                raise ProfileError([Problem(f"{where}:{event.start_mark.line + 1}", "", refused)])
        root = yaml.compose(text, Loader=kind)
        if root is None:
            raise ProfileError([Problem(where, "", "is empty")])
        data = _build(root, (), _Loader(""), where, lines, problems)
    except yaml.MarkedYAMLError as error:
        raise ProfileError([_syntax_problem(error, where)]) from None
    except yaml.YAMLError as error:
        raise ProfileError([Problem(where, "", f"is not YAML: {str(error).splitlines()[0]}")]) from None
    if problems:
        raise ProfileError(problems)
    return data, lines


def _build(
    node: yaml.Node, path: Path, loader: _Loader, where: str, lines: dict[Path, int], problems: list[Problem]
) -> Any:
    line = node.start_mark.line + 1
    lines[path] = line
    if isinstance(node, yaml.MappingNode):
        result: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = loader.construct_object(key_node, deep=True)
            if not isinstance(key, str | int):
                raise ProfileError([Problem(f"{where}:{line}", format_path(path), "keys must be plain words")])
            value = _build(value_node, (*path, key), loader, where, lines, problems)
            lines[(*path, key)] = key_node.start_mark.line + 1
            if key in result:
                spot = f"{where}:{key_node.start_mark.line + 1}"
                problems.append(Problem(spot, format_path((*path, key)), "is given twice; keep one"))
            result[key] = value
        return result
    if isinstance(node, yaml.SequenceNode):
        return [_build(item, (*path, i), loader, where, lines, problems) for i, item in enumerate(node.value)]
    return loader.construct_object(node, deep=True)


def _syntax_problem(error: yaml.MarkedYAMLError, where: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    spot = f"{where}:{mark.line + 1}" if mark else where
    text = error.problem or "is not YAML"
    if "'\\t'" in text:
        text = "a tab is used to indent; YAML allows only spaces"
    return Problem(spot, "", text)


def format_path(path: Sequence[str | int]) -> str:
    """``("isp", 3, "radius")`` -> ``isp[3].radius``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


class _Dumper(yaml.SafeDumper):
    """Block style for maps; lists of plain values, and of such lists, on one line."""


class _QuickDumper(CSafeDumper):
    """The same in C, for text that the two write the same; see `_writes_alike`."""


def _represent_list(dumper: _Dumper | _QuickDumper, data: Sequence[Any]) -> yaml.Node:
    flat = all(not isinstance(item, Mapping) for item in data)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=flat)


def _represent_text(dumper: _Dumper | _QuickDumper, data: str) -> yaml.Node:
    # PyYAML folds these line breaks of YAML 1.1 outside double quotes, and reads back spaces.
    style = '"' if any(sign in data for sign in "\x85\u2028\u2029") else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style)


for _dumper in (_Dumper, _QuickDumper):
    # Strings that the loader would take for a number are quoted; PyYAML's own rules for that are YAML 1.1's.
    for _first, _resolvers in _Loader.yaml_implicit_resolvers.items():
        for _tag, _pattern in _resolvers:
            _dumper.add_implicit_resolver(_tag, _pattern, [_first])
    _dumper.add_representer(str, _represent_text)
    _dumper.add_representer(list, _represent_list)
    _dumper.add_representer(tuple, _represent_list)


_KEY = re.compile(r"[A-Za-z_][\w./-]{0,63}\Z", re.ASCII)


def _writes_alike(data: Any) -> bool:
    """Whether libyaml breaks and quotes all text as PyYAML does: plain ASCII, and keys that are short words."""
    if isinstance(data, str):
        return data.isascii() and data.isprintable()
    if isinstance(data, Mapping):
        return all(isinstance(key, str) and _KEY.match(key) and _writes_alike(value) for key, value in data.items())
    return not isinstance(data, list | tuple) or all(map(_writes_alike, data))


def dump(data: Any) -> str:
    """Write plain data as YAML; floats keep every digit."""
    dumper = _QuickDumper if isinstance(data, Mapping) and _writes_alike(data) else _Dumper
    return yaml.dump(data, Dumper=dumper, sort_keys=False, allow_unicode=True, width=110)
