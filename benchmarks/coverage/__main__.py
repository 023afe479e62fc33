"""``python -m benchmarks.coverage``: compute what is not yet computed, show, keep."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from benchmarks.coverage.aggregates import AGGREGATES
from benchmarks.coverage.averages import paired_rates, single_rates
from benchmarks.coverage.case import Case
from benchmarks.coverage.clustered import CLUSTERED
from benchmarks.coverage.exact import paired_rate, single_rate
from benchmarks.coverage.page import BEGIN, PAIRED_RATES, RATE_COUNTS, SINGLE_RATES, markdown
from benchmarks.coverage.scores import DIFFERENCES, SINGLES
from benchmarks.coverage.simulate import simulate, usual_ways
from benchmarks.coverage.verdicts import COUNTS, DROPS, GATED, MARGIN, verdicts
from benchmarks.launch import ROOT
from benchmarks.page import replace_between
from benchmarks.search.store import Entry, Store
from camsim.atomic import write_text

PAGE = ROOT / "docs" / "statistics.md"
SIMULATED: dict[str, tuple[Case, ...]] = {
    "differences": DIFFERENCES,
    "singles": SINGLES,
    "clusters": CLUSTERED,
    "aggregates": AGGREGATES,
}
USUAL_COUNTS = (50, 200, 1000)
PARTS = ("rates", "averages", *SIMULATED, "verdicts", "usual")


def main(
    quick: Annotated[bool, typer.Option("--quick", help="A tenth of the simulations.")] = False,
    only: Annotated[list[str] | None, typer.Option(help=f"Parts to run: {', '.join(PARTS)}.")] = None,
    out: Annotated[Path, typer.Option(help="Folder of results; what it holds is not computed again.")] = ROOT
    / "build"
    / "benchmarks"
    / "coverage",
    write_docs: Annotated[bool, typer.Option("--write-docs", help="Rewrite docs/statistics.md.")] = False,
) -> None:
    """How often the intervals of an audit hold the truth, and its verdicts err."""
    chosen = only or list(PARTS)
    if unknown := [name for name in chosen if name not in PARTS]:
        raise typer.BadParameter(f"unknown part {unknown[0]!r}; there are {', '.join(PARTS)}", param_hint="--only")
    store = Store(out / ("quick" if quick else "full"))
    console = Console()
    for part in chosen:
        for key, compute in _cells(part, quick):
            if store.find(key) is None:
                console.print(f"{key}: {_shown(store.put(key, compute()))}", highlight=False)
    if write_docs:
        write_text(PAGE, replace_between(PAGE.read_text(encoding="utf-8"), markdown(store, SIMULATED, GATED), BEGIN))


def _cells(part: str, quick: bool) -> Iterator[tuple[str, Callable[[], Entry]]]:
    """Keys, and what computes each."""
    if part == "rates":
        for count in RATE_COUNTS:
            for rate in SINGLE_RATES:
                yield f"rates/single/{rate:g}/{count}", lambda n=count, r=rate: _tails(single_rate(n, r))
            for drop, changed in PAIRED_RATES:
                key = f"rates/paired/{drop:g}/{changed:g}/{count}"
                yield key, lambda n=count, d=drop, c=changed: _tails(paired_rate(n, d, c))
    elif part == "averages":
        for count in RATE_COUNTS:
            yield f"averages/single/{count}", lambda n=count: single_rates(n)
            yield f"averages/paired/{count}", lambda n=count: paired_rates(n)
    elif part == "usual":
        for case in DIFFERENCES:
            for count in USUAL_COUNTS:
                times = case.simulations(count, quick) // 4
                yield f"usual/{case.key}/{count}", lambda c=case, n=count, k=times: usual_ways(c, n, k)
    elif part == "verdicts":
        for gated in GATED:
            for count in COUNTS:
                for drop in DROPS:
                    # At the margin, where the error is promised, more.
                    times = (4000 if drop == MARGIN else 1000) // (10 if quick else 1)
                    key = f"verdicts/{gated.key}/{count}/{drop:g}"
                    yield key, lambda g=gated, n=count, d=drop, k=times: verdicts(g, n, d, k)
    else:
        for case in SIMULATED[part]:
            for count in case.counts:
                times = case.simulations(count, quick)
                yield f"{part}/{case.key}/{count}", lambda c=case, n=count, k=times: simulate(c, n, k)


def _tails(tails: tuple[float, float]) -> Entry:
    return {"below": tails[0], "above": tails[1]}


def _shown(entry: Entry) -> str:
    return ", ".join(f"{name} {value:.4f}" for name, value in entry.items() if isinstance(value, float))


if __name__ == "__main__":
    typer.run(main)
