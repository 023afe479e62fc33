"""``python -m benchmarks``: measure, show, keep."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table as RichTable

from benchmarks.launch import ROOT
from benchmarks.machine import describe
from benchmarks.page import markdown, replace_between
from benchmarks.plot import draw
from benchmarks.report import Table, cells, check_rows, head
from benchmarks.suites.common import rounds
from camsim.atomic import write_text

SUITES = {
    "forward": "forward",
    "backward": "backward",
    "demosaic": "demosaic",
    "median": "median",
    "noise": "noise",
    "many": "many",
    "threads": "threads",
    "memory": "memory",
    "scaling": "scaling",
    "first-call": "first_call",
    "audit": "audit_cost",
}
"""Suites by name, and the module of each."""

PAGE = ROOT / "docs" / "performance.md"
PLOT = ROOT / "docs" / "images" / "performance.png"


def show(table: Table, console: Console) -> None:
    """Print a suite's table, what was left out, and its targets."""
    grid = RichTable(*head(table), title=table.title, title_justify="left")
    for row in table.rows:
        grid.add_row(*cells(row))
    console.print(grid)
    for skip in table.skips:
        console.print(f"not measured: {skip.subject}: {skip.reason}")
    for text, target, measured, met in check_rows([table]):
        console.print(f"{'met    ' if met == 'yes' else 'not met'}  {text}: {measured} (target {target})")


def main(
    quick: Annotated[bool, typer.Option("--quick", help="Fewer rounds and smaller cases.")] = False,
    only: Annotated[list[str] | None, typer.Option(help=f"Suites to run: {', '.join(SUITES)}.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for results.json.")] = ROOT / "build" / "benchmarks",
    write_docs: Annotated[bool, typer.Option("--write-docs", help="Rewrite docs/performance.md.")] = False,
) -> None:
    """Compare camsim with other ways to the same picture, one thread of CPU time, interleaved."""
    chosen = only or list(SUITES)
    if unknown := [name for name in chosen if name not in SUITES]:
        raise typer.BadParameter(f"unknown suite {unknown[0]!r}; there are {', '.join(SUITES)}", param_hint="--only")
    if write_docs and chosen[0] != "forward":
        raise typer.BadParameter("the page's plot is of the suite forward; name it first", param_hint="--only")
    console = Console()
    machine = describe() | {"rounds": f"{rounds(quick)}{' (--quick)' if quick else ''}"}
    out.mkdir(parents=True, exist_ok=True)
    tables: list[Table] = []
    for name in chosen:
        table = importlib.import_module(f"benchmarks.suites.{SUITES[name]}").run(quick)
        show(table, console)
        tables.append(table)
        results = {"machine": machine, "quick": quick, "tables": [table.json() for table in tables]}
        write_text(out / "results.json", json.dumps(results, indent=1, ensure_ascii=False) + "\n")
        if write_docs:  # after each suite, so that an interrupted run leaves what it has
            draw(next(table for table in tables if table.name == "forward"), PLOT)
            page = PAGE.read_text(encoding="utf-8")
            write_text(PAGE, replace_between(page, markdown(machine, tables)))


if __name__ == "__main__":
    typer.run(main)
