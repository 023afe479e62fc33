"""Pieces of Markdown."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence

SECTIONS = ("Args:", "Returns:", "Raises:")


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; what would end a cell is escaped."""
    lines = ["| " + " | ".join(headings) + " |", "|" + " --- |" * len(headings)]
    lines += ["| " + " | ".join(_cell(text) for text in row) + " |" for row in rows]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def first_paragraph(docstring: str | None) -> str:
    """The first paragraph of a docstring on one line, with double backticks made single."""
    if not docstring:
        raise ValueError("no docstring")
    paragraph = inspect.cleandoc(docstring).split("\n\n")[0]
    return " ".join(paragraph.split()).replace("``", "`")


def docstring(text: str | None) -> str:
    """A whole docstring: its paragraphs, and the sections Args, Returns and Raises as lists."""
    blocks = inspect.cleandoc(text or "").replace("``", "`").split("\n\n")
    return "\n\n".join(_block(block) for block in blocks)


def _block(block: str) -> str:
    title, *rest = block.splitlines()
    if title not in SECTIONS:
        return " ".join(block.split())
    items: list[str] = []
    for line in rest:
        if line.startswith(" " * 5) and items:
            items[-1] += " " + line.strip()
        else:
            items.append(line.strip())
    if title == "Returns:":
        return "Returns: " + " ".join(items)
    bullets = "\n".join(f"- {_code_name(item)}" for item in items)
    return f"{title}\n\n{bullets}"


def _code_name(item: str) -> str:
    name, colon, rest = item.partition(": ")
    return f"`{name}`: {rest}" if colon and " " not in name else item


def number(value: float) -> str:
    """``65535``, ``0.0001``, ``1e+08``."""
    return f"{value:g}" if abs(value) >= 1e7 else f"{value:.10g}"


def page(title: str, *parts: str) -> str:
    """A whole page, with the note that it is generated."""
    note = "<!-- Written by docs/generate_reference.py; do not edit. -->"
    return "\n\n".join([f"# {title}", note, *parts]) + "\n"
