"""The measured part of docs/search-strategies.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean

from benchmarks.page import grid
from benchmarks.search.ladder import GROUPS
from benchmarks.search.store import Entry, Store
from benchmarks.search.tables import Claim, Figure, claims, figures

BEGIN = "<!-- measured: written by `python -m benchmarks.search --write-docs` -->"


def markdown(machine: Mapping[str, str], store: Store) -> str:
    """Machine, claims, tasks, strategies, grids and the ladder."""
    parts = ["### Measured on", grid(("", ""), list(machine.items())), "### Claims", _claims(claims(store))]
    if store.of("case"):
        parts += ["### Tasks", _tasks(store)]
    for about in store.of("case"):
        by = figures(store, about["case"])
        if by:
            parts += [f"### Strategies: {about['title']}", _strategies(about["score"], by)]
    if store.of("grid"):
        parts += ["### Against a dense grid", _planes(store)]
    if store.of("ladder"):
        parts += ["### Ladder", _ladder(store)]
    return "\n\n".join(parts)


def _claims(found: Sequence[Claim]) -> str:
    rows = [(claim.text, claim.target, claim.measured, "yes" if claim.met else "no") for claim in found]
    return grid(("What", "Target", "Measured", "Met"), rows)


def _tasks(store: Store) -> str:
    heads = (
        "Task",
        "Device",
        "Knobs",
        "Combinations of stages",
        "Samples: search, held out",
        "As it is",
        "Evaluation",
        "A gradient counts as",
    )
    rows = []
    for about in store.of("case"):
        cost = store.find(f"cost/{about['case']}")
        row = [about["case"], about["device"], str(about["knobs"]), str(about["combinations"])]
        row += [f"{about['search_samples']}, {about['held_out_samples']}"]
        row += [f"{about['score']} {_percent(about['start']['score'])}"]
        if cost is not None:
            row += [f"{cost['evaluation_ms']:.0f} ms", f"{cost['ratio']:g} evaluations ({about['gradient_by']})"]
        rows.append(row + [""] * (len(heads) - len(row)))
    return grid(heads, rows)


def _strategies(score: str, by: Mapping[tuple[str, int], Figure]) -> str:
    budgets = sorted({budget for _, budget in by})
    heads = ["Strategy", *(f"{budget}" for budget in budgets), f"search samples, {budgets[-1]}", "Seeds"]
    names = sorted({name for name, _ in by}, key=lambda name: _order(by, name, budgets))
    rows = []
    for name in names:
        row = [name, *(_spread(by.get((name, budget))) for budget in budgets)]
        last = by.get((name, budgets[-1]))
        rows.append([*row, _percent(mean(last.searched)) if last else "", _seeds(by, name, budgets)])
    return f"Held-out {score}, %: mean over seeds (lowest – highest).\n\n" + grid(heads, rows)


def _seeds(by: Mapping[tuple[str, int], Figure], name: str, budgets: Sequence[int]) -> str:
    counts = [len(by[name, budget].scores) if (name, budget) in by else 0 for budget in budgets]
    return ", ".join(map(str, counts)) if len(set(counts)) > 1 else str(counts[0])


def _order(by: Mapping[tuple[str, int], Figure], name: str, budgets: Sequence[int]) -> tuple[float, ...]:
    return tuple(by[name, budget].mean if (name, budget) in by else 1.0 for budget in reversed(budgets))


def _spread(figure: Figure | None) -> str:
    if figure is None:
        return ""
    scores = figure.scores
    return f"{_percent(figure.mean)} ({_percent(min(scores))} – {_percent(max(scores))})"


def _planes(store: Store) -> str:
    heads = ("Knobs", "Searched by", "Evaluations", "Mean loss found (least – most)", "Held-out score")
    rows = []
    for truth in store.of("grid"):
        mine = [entry for entry in store.of("truth") if entry["plane"] == truth["plane"]]
        knobs = f"{truth['plane']}: {', '.join(truth['knobs'])}"
        score = _percent(truth["held_out"]["score"])
        rows.append([knobs, "grid", str(truth["evaluations"]), f"{truth['loss']:.4f}", score])
        for gradient in (True, False):
            some = [entry for entry in mine if entry["gradient"] is gradient]
            if some:
                losses = [entry["loss"] for entry in some]
                rows.append(
                    [
                        "",
                        f"default, {'gradients' if gradient else 'no gradient'}",
                        f"{some[0]['budget']:g}",
                        f"{mean(losses):.4f} ({min(losses):.4f} – {max(losses):.4f})",
                        _percent(mean(entry["held_out"]["score"] for entry in some)),
                    ]
                )
    return grid(heads, rows)


def _ladder(store: Store) -> str:
    entries = {(entry["group"], step["lambda"]): step for entry in store.of("ladder") for step in entry["steps"]}
    prices = sorted({price for _, price in entries}, reverse=True)
    heads = ["Lambda", *(group.replace("_", " ") for group in GROUPS)]
    rows = [
        [f"{price:g}", *(_rung(entries[group, price]) if (group, price) in entries else "" for group in GROUPS)]
        for price in prices
    ]
    start = store.find("ladder-start/all")
    text = f"Held-out accuracy, % (SSIM to the device as it is); as it is {_percent(start['score'])}." if start else ""
    return f"{text}\n\n{grid(heads, rows)}"


def _rung(entry: Entry) -> str:
    return f"{_percent(entry['held_out']['score'])} ({entry['ssim']:.2f})"


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.1f}"
