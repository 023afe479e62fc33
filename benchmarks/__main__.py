"""``python -m benchmarks``: measure, show, keep."""

from __future__ import annotations

import importlib
import json
from dataclasses import replace
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

RESULTS = ROOT / "build" / "benchmarks"
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
    out: Annotated[Path, typer.Option(help="Folder of results.json, which keeps what other suites found.")] = ROOT
    / "build"
    / "benchmarks",
    write_docs: Annotated[bool, typer.Option("--write-docs", help="Rewrite docs/performance.md.")] = False,
) -> None:
    """Compare camsim with other ways to the same picture, one thread of CPU time, interleaved."""
    chosen = only or list(SUITES)
    if unknown := [name for name in chosen if name not in SUITES]:
        raise typer.BadParameter(f"unknown suite {unknown[0]!r}; there are {', '.join(SUITES)}", param_hint="--only")
    console = Console()
    machine = describe()
    out.mkdir(parents=True, exist_ok=True)
    tables = earlier(out / "results.json")
    for name in chosen:
        table = importlib.import_module(f"benchmarks.suites.{SUITES[name]}").run(quick)
        table = replace(table, note=f"{table.note} {rounds(quick)} rounds.".strip())
        show(table, console)
        tables[name] = table
        found = [tables[suite] for suite in SUITES if suite in tables]
        results = {"machine": machine, "tables": [table.json() for table in found]}
        write_text(out / "results.json", json.dumps(results, indent=1, ensure_ascii=False) + "\n")
        if write_docs and "forward" in tables:  # after each suite, so that an interrupted run leaves what it has
            draw(tables["forward"], PLOT)
            page = PAGE.read_text(encoding="utf-8")
            write_text(PAGE, replace_between(page, markdown(machine, found)))


def earlier(file: Path) -> dict[str, Table]:
    """What other suites found before, by name; suites that run now replace theirs."""
    if not file.exists():
        return {}
    tables = (Table.from_json(data) for data in json.loads(file.read_text(encoding="utf-8"))["tables"])
    return {table.name: table for table in tables}


if __name__ == "__main__":
    typer.run(main)
