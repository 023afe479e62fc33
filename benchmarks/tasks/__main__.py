"""``python -m benchmarks.tasks``: train, audit, compare, keep."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console

from benchmarks.launch import ROOT
from benchmarks.machine import describe
from benchmarks.page import replace_between
from benchmarks.search.store import Store
from benchmarks.tasks.cases import CASES
from benchmarks.tasks.data import PHOTOS
from benchmarks.tasks.measure import measure
from benchmarks.tasks.page import BEGIN, markdown
from camsim.atomic import write_text

PAGE = ROOT / "docs" / "tasks.md"


def main(
    only: Annotated[list[str] | None, typer.Option(help=f"Cases to run: {', '.join(CASES)}.")] = None,
    out: Annotated[Path, typer.Option(help="Folder of models, runs and results; others than those run stay.")] = ROOT
    / "build"
    / "benchmarks"
    / "tasks",
    write_docs: Annotated[bool, typer.Option("--write-docs", help="Rewrite the figures of docs/tasks.md.")] = False,
) -> None:
    """Train one small model for each task, and audit it as an ONNX file and as a PyTorch module."""
    chosen = list(CASES) if only is None else only
    if unknown := [name for name in chosen if name not in CASES]:
        raise typer.BadParameter(f"unknown case {unknown[0]!r}; there are {', '.join(CASES)}", param_hint="--only")
    torch.set_num_threads(1)
    store, console = Store(out / "measured"), Console()
    for name in chosen:
        if name == "trees" and not PHOTOS.is_dir():
            console.print(f"{name}: not measured, {PHOTOS} is not there")
            continue
        shutil.rmtree(out / name, ignore_errors=True)
        entry = store.put(name, measure(CASES[name], out / name))
        metric, drops = entry["metric"], [f"{row['drop']['value']:+.3f}" for row in entry["rows"].values()]
        console.print(
            f"{name}: {metric['title']} {entry['reference']['value']:.3f}, drops {' '.join(drops)}; "
            f"apart {entry['apart']:.1g}; trained in {entry['training_s']:.0f} s, audited in {entry['audit_s']:.0f} s",
            highlight=False,
        )
    if write_docs:
        entries = {name: found for name in CASES if (found := store.find(name)) is not None}
        page = replace_between(PAGE.read_text(encoding="utf-8"), markdown(describe(), entries), BEGIN)
        write_text(PAGE, page)


if __name__ == "__main__":
    typer.run(main)
