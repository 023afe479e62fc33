"""``python -m benchmarks.search``: measure what is not yet measured, show, keep."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console

from benchmarks.launch import ROOT
from benchmarks.machine import describe
from benchmarks.page import replace_between
from benchmarks.search.bench import Bench
from benchmarks.search.cases import CASES, ladder_trees
from benchmarks.search.ladder import SAMPLES, SEEDS, run_ladder
from benchmarks.search.page import BEGIN, markdown
from benchmarks.search.plot import draw_ladder, draw_strategies, draw_truth
from benchmarks.search.store import Store
from benchmarks.search.strategies import Contender, cells, describe_case, leaders, others, run_contender
from benchmarks.search.tables import claims, ladders, planes
from benchmarks.search.truth import PLANES, run_plane
from camsim.atomic import write_text

PAGE = ROOT / "docs" / "search-strategies.md"
IMAGES = ROOT / "docs" / "images"
PARTS = (*CASES, "truth", "ladder")


def main(
    quick: Annotated[bool, typer.Option("--quick", help="Smallest budget, two seeds, coarse grids.")] = False,
    only: Annotated[list[str] | None, typer.Option(help=f"Parts to run: {', '.join(PARTS)}.")] = None,
    out: Annotated[Path, typer.Option(help="Folder of results.json; what it holds is not measured again.")] = ROOT
    / "build"
    / "benchmarks"
    / "search",
    write_docs: Annotated[bool, typer.Option("--write-docs", help="Rewrite docs/search-strategies.md.")] = False,
) -> None:
    """Compare search strategies on three tasks, hold the default against dense grids, and climb the seed's ladder."""
    chosen = only or list(PARTS)
    if unknown := [name for name in chosen if name not in PARTS]:
        raise typer.BadParameter(f"unknown part {unknown[0]!r}; there are {', '.join(PARTS)}", param_hint="--only")
    torch.set_num_threads(1)
    console = Console()
    out.mkdir(parents=True, exist_ok=True)
    store = Store(out / "measured")
    for line in _run(chosen, store, out / "ledgers", quick):
        console.print(line, highlight=False)
    write_text(out / "results.json", json.dumps(store.json(), indent=1) + "\n")
    for claim in claims(store):
        console.print(f"{'met    ' if claim.met else 'not met'}  {claim.text}: {claim.measured} ({claim.target})")
    if write_docs:
        _write(store)


def _run(chosen: list[str], store: Store, ledgers: Path, quick: bool) -> Iterator[str]:
    wanted = set(chosen) | ({plane.case for plane in PLANES} if "truth" in chosen else set())
    benches = {name: Bench(make(count, quick), ledgers) for name, (make, count) in CASES.items() if name in wanted}
    for name, bench in benches.items():
        about = describe_case(bench, store)
        yield f"{name}: {about['knobs']} knobs; as it is {about['start']['score']:.3f}"
    strategies = {name: benches[name] for name in CASES if name in chosen}
    # What the claims rest on first, so that a run that is cut off has all of it.
    yield from _cells(strategies, leaders(), store, quick)
    if "truth" in chosen:
        for plane in PLANES:
            yield from run_plane(benches[plane.case], store, plane, quick)
    if "ladder" in chosen:
        for seed in range(1 if quick else SEEDS):
            bench = Bench(ladder_trees(SAMPLES, quick, seed), ledgers, seed)
            yield from run_ladder(bench, store, seed, quick)
    yield from _cells(strategies, others(), store, quick)


def _cells(benches: Mapping[str, Bench], some: Sequence[Contender], store: Store, quick: bool) -> Iterator[str]:
    for seed, contender, budget in cells(some, quick):
        for name, bench in benches.items():
            cell = run_contender(bench, store, contender, seed, budget)
            held = cell["held_out"]["score"]
            yield f"{name} {seed} {contender.name} {budget}: held-out {held:.3f}, found at {cell['found_at']:g}"


def _write(store: Store) -> None:
    """The pictures and the measured part of the page, of what there is."""
    if store.of("cell"):
        draw_strategies(store, IMAGES / "search-strategies.png")
    if any(searches for _, searches in planes(store)):
        draw_truth(store, IMAGES / "search-truth.png")
    if ladders(store):
        draw_ladder(store, IMAGES / "ladder.png")
    page = PAGE.read_text(encoding="utf-8")
    write_text(PAGE, replace_between(page, markdown(describe(), store), BEGIN))


if __name__ == "__main__":
    typer.run(main)
