"""The measured part of docs/performance.md: between two markers, written from the results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.report import Table, cells, check_rows, head

BEGIN = "<!-- measured: written by `python -m benchmarks --write-docs` -->"
END = "<!-- end of what is measured -->"


def replace_between(page: str, text: str, begin: str = BEGIN) -> str:
    """The page with ``text`` between its markers, of which the first is ``begin``.

    Raises:
        ValueError: the markers are not there once each, in order.
    """
    if page.count(begin) != 1 or page.count(END) != 1 or page.index(begin) > page.index(END):
        raise ValueError(f"needs the lines {begin!r} and {END!r} once each, in this order")
    before, rest = page.split(begin)
    after = rest.split(END)[1]
    return f"{before}{begin}\n\n{text.strip()}\n\n{END}{after}"


def markdown(machine: Mapping[str, str], tables: Sequence[Table]) -> str:
    """Machine, targets and every table."""
    parts = ["### Measured on", _machine(machine)]
    checks = check_rows(tables)
    if checks:
        parts += ["### Targets", grid(("What", "Target", "Measured", "Met"), checks)]
    for table in tables:
        parts += [f"### {table.title}", _table(table)]
        parts += [f"Not measured: {skip.subject} ({skip.reason})." for skip in table.skips]
        parts += [table.note] if table.note else []
    return "\n\n".join(parts)


def _machine(machine: Mapping[str, str]) -> str:
    return grid(("", ""), list(machine.items()))


def _table(table: Table) -> str:
    names, body = head(table), [cells(row) for row in table.rows]
    used = [index for index, name in enumerate(names) if name and any(line[index] for line in body)]
    return grid([names[index] for index in used], [[line[index] for index in used] for line in body])


def grid(names: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [names, ["---"] * len(names), *body]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
