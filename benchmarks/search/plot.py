"""The pictures of docs/search-strategies.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.plot import OTHERS, OURS
from benchmarks.search.ladder import GROUPS, SEED_SYSTEM, SEED_SYSTEM_BASELINE
from benchmarks.search.store import Store
from benchmarks.search.tables import Figure, figures, ladders, planes
from camsim.atomic import write_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

INK = "#6b7580"
SHADES = (0.35, 0.65, 1.0)
"""Opacity of the smallest to the largest budget."""
COLORS = ("#1f5fa8", "#c0504d", "#d98c2b", "#5b8c5a", "#7a5ba6", "#3f9ca8", "#8c6d46", "#9aa3ad")
"""One a group of knobs."""


def draw_strategies(store: Store, path: Path) -> None:
    """A panel a case, a row a strategy: mean held-out score after each budget, and the range over seeds."""
    cases = [(about, figures(store, about)) for about in store.of("case")]
    cases = [(about, by) for about, by in cases if by]
    canvas, panels = _panels(len(cases), 4.6, 4.6)
    for axes, (about, by) in zip(panels, cases, strict=True):
        budgets = sorted({budget for _, budget in by})
        names = sorted({name for name, _ in by}, key=lambda name: (_score(by, name, budgets[-1]), name))
        for row, name in enumerate(names):
            color = OURS if name.startswith("default") else INK
            for place, budget in enumerate(budgets):
                figure = by.get((name, budget))
                if figure is None:
                    continue
                height = row + 0.22 * (place - (len(budgets) - 1) / 2)
                shade = SHADES[-len(budgets) :][place]
                scores = 100 * np.array(figure.scores)
                axes.plot([scores.min(), scores.max()], [height, height], color=color, alpha=shade, linewidth=1)
                axes.plot(scores.mean(), height, "o", color=color, alpha=shade, markersize=5, markeredgewidth=0)
        start = 100 * about["start"]["score"]
        axes.axvline(start, color=OTHERS, linewidth=1, linestyle=":")
        axes.text(start, -0.75, "as it is ", ha="right", va="center", fontsize=7, color=INK)
        axes.set_yticks(range(len(names)), names, fontsize=8)
        axes.set_ylim(len(names) - 0.5, -1.1)
        axes.set_title(about["title"], fontsize=9)
        axes.set_xlabel(f"held-out {about['score']}, %: less is a worse camera found", fontsize=8)
        axes.tick_params(axis="x", labelsize=8)
    _legend(canvas)
    _save(canvas, path)


def draw_truth(store: Store, path: Path) -> None:
    """A panel a plane of two knobs: the loss over the grid, its worst, and where the searches ended."""
    grids = [(grid, searches) for grid, searches in planes(store) if len(grid["knobs"]) == 2]
    canvas, panels = _panels(len(grids), 4.8, 4.2)
    for axes, (grid, searches) in zip(panels, grids, strict=True):
        image = axes.imshow(
            np.array(grid["values"]).T, origin="lower", extent=(0, 1, 0, 1), cmap="Greys", aspect="auto"
        )
        bar = canvas.colorbar(image, ax=axes)
        bar.set_label("mean loss on the search samples", fontsize=8)
        bar.ax.tick_params(labelsize=7)
        worst = {"markersize": 13, "fillstyle": "none", "color": "#c0504d", "label": "worst of the grid"}
        axes.plot(*grid["point"], "o", clip_on=False, **worst)
        for gradient, marker in ((True, "x"), (False, "+")):
            ends = [entry["point"] for entry in searches if entry["gradient"] is gradient]
            label = f"default {'with' if gradient else 'without'} gradients"
            axes.plot(*zip(*ends, strict=True), marker, color=OURS, markersize=8, label=label, clip_on=False)
        axes.set_title(f"{grid['plane']}", fontsize=9)
        axes.set_xlabel(f"{grid['knobs'][0]}, as a share of its range", fontsize=8)
        axes.set_ylabel(grid["knobs"][1], fontsize=8)
        axes.tick_params(labelsize=8)
        axes.legend(fontsize=7, loc="center", framealpha=0.9)
    _save(canvas, path)


def draw_ladder(store: Store, path: Path) -> None:
    """Accuracy over lambda for each group of knobs, mean and range over networks; beside it what the seed system
    published."""
    entries = ladders(store)
    canvas, (ours, theirs) = _panels(2, 5.2, 4.2)
    for group, color in zip(GROUPS, COLORS, strict=True):
        steps = entries.get(group, [])
        if steps:
            prices = [step.price for step in steps]
            low, middle, high = (
                [100 * of(step.scores) for step in steps] for of in (min, lambda scores: sum(scores) / len(scores), max)
            )
            ours.fill_between(prices, low, high, color=color, alpha=0.12, linewidth=0)
            ours.plot(prices, middle, "o-", color=color, markersize=4, linewidth=1.4, label=_words(group))
        known = SEED_SYSTEM.get(group, dict.fromkeys((1e-3, 1e-5), SEED_SYSTEM_BASELINE))
        style = "o-" if group in SEED_SYSTEM else "-"
        theirs.plot(list(known), [100 * value for value in known.values()], style, color=color, markersize=4)
    for start in store.of("ladder-start"):
        ours.axhline(100 * start["score"], color=OTHERS, linewidth=1, linestyle=":")
    ours.set_title("camsim: tree crowns, seed/drone/parametrised", fontsize=9)
    ours.set_xlabel("lambda: price of 1 − SSIM (falls to the right)", fontsize=8)
    ours.set_ylabel("held-out accuracy of the worst case found, %", fontsize=8)
    ours.legend(fontsize=7, frameon=False)
    theirs.set_title("seed system: microscopy, read off its plot", fontsize=9)
    theirs.set_xlabel("lambda of that system (another loss: not the same scale)", fontsize=8)
    theirs.set_ylabel("accuracy, %", fontsize=8)
    theirs.annotate("white balance, matrix, gamma, sharpening:\nno drop", (2e-4, 86), fontsize=7, va="top", ha="center")
    for axes in (ours, theirs):
        axes.set_xscale("log")
        axes.invert_xaxis()
        axes.set_ylim(0, 100)
        axes.tick_params(labelsize=8)
    _save(canvas, path)


def _score(by: Mapping[tuple[str, int], Figure], name: str, budget: int) -> float:
    return by[name, budget].mean if (name, budget) in by else 1.0


def _words(group: str) -> str:
    return group.replace("_", " ")


def _panels(count: int, width: float, height: float) -> tuple[Canvas, Sequence[Axes]]:
    from matplotlib.figure import Figure as Canvas_

    canvas = Canvas_(figsize=(width * count, height), layout="constrained")
    panels: Any = canvas.subplots(1, count, squeeze=False)[0]
    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
    return canvas, list(panels)


def _legend(canvas: Canvas) -> None:
    from matplotlib.lines import Line2D

    marks = [
        Line2D([], [], marker="o", color=INK, alpha=shade, linewidth=1, markersize=5, label=f"{budget} evaluations")
        for shade, budget in zip(SHADES, (50, 200, 1000), strict=True)
    ]
    canvas.legend(handles=marks, loc="outside lower center", ncols=3, fontsize=8, frameon=False)


def _save(canvas: Canvas, path: Path) -> None:
    data = BytesIO()
    canvas.savefig(data, format="png", dpi=110)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, data.getvalue())
