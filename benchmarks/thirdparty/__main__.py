"""``python -m benchmarks.thirdparty``: run every model, show what was found, write it into the docs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import torch
import typer

from benchmarks.launch import ROOT
from benchmarks.page import replace_between
from benchmarks.thirdparty.cases import CASES
from benchmarks.thirdparty.measure import Row, measure
from benchmarks.thirdparty.table import BEGIN, markdown
from camsim.atomic import write_text
from camsim.errors import CamsimError

PAGE = ROOT / "docs" / "third-party-models.md"


def main(
    only: Annotated[str, typer.Option(help="Only models whose name holds this.")] = "",
    cache: Annotated[Path, typer.Option(help="Folder that models are downloaded into.")] = ROOT
    / "build"
    / "thirdparty",
    write_docs: Annotated[bool, typer.Option("--write-docs", help=f"Write the tables into {PAGE.name}.")] = False,
) -> None:
    """Exit code 1 when a model is missing or refused."""
    torch.set_num_threads(1)
    rows: list[Row] = []
    missing = []
    for case in CASES:
        if only not in case.name:
            continue
        try:
            rows.append(measure(case, cache))
        except CamsimError as error:
            missing.append(case.name)
            print(f"{case.name}: {error}\n", flush=True)
            continue
        _show(rows[-1])
    if write_docs:
        if missing or only:
            raise SystemExit("the docs' tables hold every model: nothing is written")
        write_text(PAGE, replace_between(PAGE.read_text(encoding="utf-8"), markdown(rows), BEGIN))
    if missing:
        raise SystemExit(1)


def _show(row: Row) -> None:
    print(f"{row.case.name} ({row.case.source})")
    print(f"  in     {'; '.join(row.inputs)}")
    print(f"  out    {'; '.join(row.outputs)}")
    print(f"  alone  {row.alone}")
    print(f"  told   {', '.join(row.declared) or 'nothing'}; assumed: {', '.join(row.assumed) or 'nothing'}")
    print(f"  task   {row.task}, {row.decoder}")
    print(f"  found  {row.samples} samples; {row.reference or 'no labels'}; most changed: {row.worst}; {row.verdict}")
    for line in row.beside:
        print(f"  beside {line}")
    print(flush=True)


if __name__ == "__main__":
    typer.run(main)
