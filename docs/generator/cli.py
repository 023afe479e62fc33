"""docs/reference/cli.md: the help of every command, at one width and without colour."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterator
from itertools import groupby
from typing import Any, Literal, get_args, get_origin, get_type_hints

import typer

from camsim.cli import app
from camsim.cli.errors import INTERRUPTED
from generator.markdown import page, table

WIDTH = 98
COLUMN = 30
"""Where an option's text begins."""

CODES = [
    ("0", "`audit`: PASS. Other commands: done."),
    ("1", "`audit`: FAIL."),
    ("2", "A mistake in what was given: the message says where, what and the likely fix."),
    ("3", "`audit`: INCONCLUSIVE, or there was nothing to judge."),
    ("4", "Refused: the file would run code when loaded, or reaches outside its folder."),
    ("5", "Internal error; please report it. `CAMSIM_TRACEBACK=1` shows where it comes from."),
    (str(INTERRUPTED), "Interrupted with Ctrl-C."),
]


def cli_page() -> str:
    """The whole page."""
    root: Any = typer.main.get_command(app)
    parts = ["Every command also prints its help with `-h`.", "## Exit codes", table(["code", "meaning"], CODES)]
    for path, command in _commands(root, ("camsim",)):
        parts += [f"## `{' '.join(path)}`", "```text\n" + _help(path, command) + "\n```"]
    return page("Command line", *parts)


def _commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from _commands(child, (*path, name))


def _help(path: tuple[str, ...], command: Any) -> str:
    shown = [parameter for parameter in command.params if not parameter.hidden]
    arguments = [parameter for parameter in shown if parameter.param_type_name == "argument"]
    options = [parameter for parameter in shown if parameter.param_type_name == "option"]
    children = getattr(command, "commands", {})
    usage = [*path, *(["[OPTIONS]"] if options else []), *(_metavar(command, argument) for argument in arguments)]
    lines = ["Usage: " + " ".join([*usage, *(["COMMAND"] if children else [])]), ""]
    for paragraph in inspect.cleandoc(command.help).split("\n\n"):
        lines += [*textwrap.wrap(" ".join(paragraph.split()), WIDTH), ""]
    if arguments:
        lines += ["Arguments:", *(line for item in arguments for line in _entry(_metavar(command, item), item)), ""]
    # Options without a panel come first; a stable sort keeps the order within a panel.
    panels = list(dict.fromkeys([None, *(option.rich_help_panel for option in options)]))
    options.sort(key=lambda option: panels.index(option.rich_help_panel))
    for panel, group in groupby(options, key=lambda option: option.rich_help_panel):
        lines.append(f"{panel or 'Options'}:")
        for option in group:
            lines += _entry(" ".join([", ".join(option.opts), _metavar(command, option)]).strip(), option)
        lines.append("")
    if children:
        lines.append("Commands:")
        for name, child in children.items():
            lines += _wrap(name, " ".join((child.short_help or child.help).split("\n\n")[0].split()))
        lines.append("")
    return "\n".join(lines).rstrip()


def _entry(label: str, parameter: Any) -> list[str]:
    notes = ["required"] if parameter.required else []
    if not (parameter.required or parameter.default is None or parameter.default is False):
        notes.append(f"default: {parameter.default}")
    return _wrap(label, " ".join([parameter.help, *(f"[{note}]" for note in notes)]))


def _wrap(label: str, text: str) -> list[str]:
    indent = " " * COLUMN
    head = f"  {label}"
    lines = textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
    if len(head) + 2 > COLUMN:
        return [head, *lines]
    return [head.ljust(COLUMN) + lines[0].lstrip(), *lines[1:]]


def _metavar(command: Any, parameter: Any) -> str:
    if parameter.metavar:
        return str(parameter.metavar)
    annotation = get_type_hints(inspect.unwrap(command.callback))[parameter.name]
    if type(None) in get_args(annotation):
        (annotation,) = set(get_args(annotation)) - {type(None)}
    if annotation is bool:
        return ""
    if get_origin(annotation) is Literal:
        return "|".join(get_args(annotation))
    words = {"int": "N", "str": "TEXT", "Path": "PATH"}
    return words[annotation.__name__]
