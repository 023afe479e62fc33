"""The measured part of docs/statistics.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.coverage.case import Case
from benchmarks.coverage.claims import claims
from benchmarks.coverage.verdicts import COUNTS, DROPS, Gated
from benchmarks.page import grid
from benchmarks.search.store import Entry, Store

BEGIN = "<!-- measured: written by `python -m benchmarks.coverage --write-docs` -->"

RATE_COUNTS = (50, 100, 200, 500, 1000, 2000, 5000)
SINGLE_RATES = (0.6, 0.8, 0.9, 0.95, 0.99)
PAIRED_RATES = (
    (0.0, 0.01),
    (0.0, 0.05),
    (0.0, 0.3),
    (0.01, 0.01),
    (0.01, 0.03),
    (0.02, 0.02),
    (0.02, 0.05),
    (0.05, 0.1),
    (0.1, 0.3),
)
"""True drop, and the share of samples that are right under exactly one camera."""

TITLES = {
    "differences": "Mean differences of scores, sample by sample",
    "singles": "Mean scores by themselves",
    "clusters": "Hits in clusters of ten (number of clusters)",
    "aggregates": "Drops of metrics that are no means",
}


def markdown(store: Store, simulated: Mapping[str, Sequence[Case]], gated: Sequence[Gated]) -> str:
    """Claims, rates, every simulated part, the usual ways, and verdicts."""
    parts = ["### What is kept", claims(store, simulated)]
    parts += ["### Rates, exactly", _rates(store), "### Rates over all that may be true, exactly", _averages(store)]
    for part, cases in simulated.items():
        parts += [f"### {TITLES[part]}", _simulated(store, part, cases)]
    parts += ["### What is usual, on the same differences", _usual(store, simulated["differences"])]
    for one in gated:
        parts += [f"### Verdicts: {one.title}, margin 5 points", _verdicts(store, one)]
    return "\n\n".join(parts)


def tails(entry: Entry | None) -> str:
    """``95.1 (2.3 / 2.6)``: the truth held, missed by the upper limit, missed by the lower one, in %."""
    if entry is None:
        return ""
    below, above = 100 * entry["below"], 100 * entry["above"]
    return f"{100 - below - above:.1f} ({below:.1f} / {above:.1f})"


def _rates(store: Store) -> str:
    rows = [
        [f"rate {100 * rate:g} %", *(tails(store.find(f"rates/single/{rate:g}/{count}")) for count in RATE_COUNTS)]
        for rate in SINGLE_RATES
    ]
    for drop, changed in PAIRED_RATES:
        found = (store.find(f"rates/paired/{drop:g}/{changed:g}/{count}") for count in RATE_COUNTS)
        rows.append([f"drop {100 * drop:g} of {100 * changed:g} % changed", *map(tails, found)])
    return grid(("", *map(str, RATE_COUNTS)), rows)


AVERAGES = {
    ("single", "all"): "Wilson, rates of 0.5 to 99.5 %",
    ("single", "enough"): "with 5 hits and 5 misses or more",
    ("paired", "all"): "Tango, 1 to 40 % changed",
    ("paired", "enough"): "with 5 changes or more",
}


def _averages(store: Store) -> str:
    """Mean, lowest and highest coverage; the mean of each side."""
    rows = []
    for (kind, which), title in AVERAGES.items():
        row = [title]
        for count in RATE_COUNTS:
            entry = store.find(f"averages/{kind}/{count}")
            row.append(_average(entry[which]) if entry else "")
        rows.append(row)
    words = "Mean coverage, in square brackets the lowest and the highest, in round ones both sides on average, in %."
    return f"{words}\n\n{grid(('', *map(str, RATE_COUNTS)), rows)}"


def _average(part: Entry) -> str:
    mean, lowest, highest = (f"{100 * part[name]:.1f}" for name in ("mean", "lowest", "highest"))
    return f"{mean} [{lowest}, {highest}] ({100 * part['below']:.1f} / {100 * part['above']:.1f})"


def _simulated(store: Store, part: str, cases: Sequence[Case]) -> str:
    counts = cases[0].counts
    rows = [[case.title, *(tails(store.find(f"{part}/{case.key}/{count}")) for count in counts)] for case in cases]
    times = [entry["simulations"] for entry in store.of(part)]
    text = f"{' to '.join(map(str, sorted({min(times), max(times)})))} simulations of each." if times else ""
    return f"{text}\n\n{grid(('', *map(str, counts)), rows)}"


def _usual(store: Store, cases: Sequence[Case]) -> str:
    entries = store.of("usual")
    counts = sorted({entry["count"] for entry in entries})
    rows = []
    for case in cases:
        row = [case.title]
        for name in ("t", "bootstrap"):
            for count in counts:
                entry = store.find(f"usual/{case.key}/{count}")
                row.append(tails(entry[name] if entry else None))
        rows.append(row)
    heads = [f"{name}, {count}" for name in ("t", "bootstrap") for count in counts]
    return grid(("", *heads), rows)


def _verdicts(store: Store, gated: Gated) -> str:
    rows = []
    for count in COUNTS:
        row = [str(count)]
        for drop in DROPS:
            entry = store.find(f"verdicts/{gated.key}/{count}/{drop:g}")
            shares = [entry[verdict] for verdict in ("PASS", "INCONCLUSIVE", "FAIL")] if entry else []
            row.append(" / ".join(f"{100 * share:.1f}" for share in shares))
        rows.append(row)
    heads = ["samples", *(f"true drop {100 * drop:g}" for drop in DROPS)]
    return "PASS / INCONCLUSIVE / FAIL, in %.\n\n" + grid(heads, rows)
