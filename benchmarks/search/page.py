"""The measured part of docs/search-strategies.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import mean

from benchmarks.page import grid
from benchmarks.search.ladder import GROUPS
from benchmarks.search.store import Store
from benchmarks.search.tables import Claim, Figure, Rise, Step, claims, figures, ladders, planes

BEGIN = "<!-- measured: written by `python -m benchmarks.search --write-docs` -->"


def markdown(machine: Mapping[str, str], store: Store) -> str:
    """Machine, claims, tasks, strategies, grids and the ladder."""
    parts = ["### Measured on", grid(("", ""), list(machine.items())), "### Claims", _claims(claims(store))]
    if store.of("case"):
        parts += ["### Tasks", _tasks(store)]
    for about in store.of("case"):
        by = figures(store, about)
        if by:
            parts += [f"### Strategies: {about['title']}", _strategies(about["score"], by)]
    if planes(store):
        parts += ["### Against a dense grid", _planes(store)]
    if rungs := ladders(store):
        parts += ["### Ladder", _ladder(store, rungs)]
    return "\n\n".join(parts)


def _claims(found: Sequence[Claim]) -> str:
    rows = [(claim.text, claim.target, claim.measured, "yes" if claim.met else "no") for claim in found]
    return grid(("What", "Target", "Measured", "Met"), rows)


def _tasks(store: Store) -> str:
    heads = (
        "Task",
        "Model, sha256",
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
        cost = store.find(f"cost/{about['case']}/{about['digest']}")
        row = [
            about["case"],
            f"`{about['model'][:12]}`",
            about["device"],
            str(about["knobs"]),
            str(about["combinations"]),
        ]
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
    for truth, mine in planes(store):
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


def _ladder(store: Store, by: Mapping[str, Sequence[Step]]) -> str:
    starts = store.of("ladder-start")
    groups = [group for group in GROUPS if group in by]
    prices = sorted({step.price for steps in by.values() for step in steps}, reverse=True)
    cells = {(group, step.price): _rung(step) for group in groups for step in by[group]}
    rows = [[f"{price:g}", *(cells.get((group, price), "") for group in groups)] for price in prices]
    rows.append(["rises beyond SE", *(_count(by[group], lambda rise: rise.score_error) for group in groups)])
    rows.append(["beyond paired SE", *(_count(by[group], lambda rise: rise.paired_error) for group in groups)])
    about = ", ".join(f"{_percent(start['score'])} (`{start['model'][:12]}`)" for start in starts)
    counts = f"{starts[0]['search_samples']} samples to search on, {starts[0]['held_out_samples']} held out"
    text = (
        f"Held-out accuracy, %, mean over {len(starts)} networks (lowest – highest), and mean SSIM to the device as it "
        f"is; {counts}. As it is {about}. Last rows: steps at which the accuracy of one network rises by more than the "
        "standard error of an accuracy, and by more than that of the rise, which is measured on the same samples."
    )
    return f"{text}\n\n{grid(['Lambda', *(group.replace('_', ' ') for group in groups)], rows)}"


def _rung(step: Step) -> str:
    spread = f" ({_percent(min(step.scores))} – {_percent(max(step.scores))})" if len(step.scores) > 1 else ""
    return f"{_percent(step.mean)}{spread}, {mean(step.ssims):.2f}"


def _count(steps: Sequence[Step], error: Callable[[Rise], float]) -> str:
    rises = [rise for step in steps for rise in step.rises]
    clear = [rise.by for rise in rises if rise.by > error(rise)]
    return f"{len(clear)} of {len(rises)}" + (f", by {_percent(max(clear))} at most" if clear else "")


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.1f}"
