"""``python -m benchmarks.zoo``: check every model, show the table, write it into the docs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.launch import ROOT
from benchmarks.page import replace_between
from benchmarks.zoo.exports import EXPORTS
from benchmarks.zoo.measure import Row, measure
from benchmarks.zoo.packages import PACKAGES
from benchmarks.zoo.table import BEGIN, HEAD, cells, markdown
from camsim.atomic import write_text
from camsim.errors import CamsimError

PAGE = ROOT / "docs" / "gradients-through-onnx.md"


def main(
    only: Annotated[str, typer.Option(help="Only models whose name holds this.")] = "",
    cache: Annotated[Path, typer.Option(help="Folder that models are exported and downloaded into.")] = ROOT
    / "build"
    / "zoo",
    write_docs: Annotated[bool, typer.Option("--write-docs", help=f"Write the table into {PAGE.name}.")] = False,
) -> None:
    """Exit code 1 when a model is missing or its gradient does not agree."""
    torch.set_num_threads(1)
    console, rows, missing = Console(), [], []
    for case in (*EXPORTS, *PACKAGES):
        if only.lower() not in case.name.lower():
            continue
        try:
            row = measure(case, cache)
        except CamsimError as error:
            missing.append(case.name)
            console.print(f"{case.name}: {error}", markup=False, highlight=False)
            continue
        rows.append(row)
        console.print("  ".join(cells(row)), "" if row.good else "NOT WITHIN WHAT IS ALLOWED", highlight=False)
    _show(rows, console)
    if write_docs:
        if missing or only:
            raise SystemExit("the docs' table holds every model: nothing is written")
        write_text(PAGE, replace_between(PAGE.read_text(), markdown(rows), BEGIN))
    if missing or not all(row.good for row in rows):
        raise SystemExit(1)


def _show(rows: list[Row], console: Console) -> None:
    table = Table(*HEAD, box=None)
    for row in rows:
        table.add_row(*cells(row))
    console.print(table)
    console.print(f"{sum(row.good for row in rows)} of {len(rows)} agree")


if __name__ == "__main__":
    typer.run(main)
