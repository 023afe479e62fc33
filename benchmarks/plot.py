"""The picture in docs/performance.md: how fast each subject is, forward."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from benchmarks.report import Table
from camsim.atomic import write_bytes

OURS, OTHERS, FLOOR = "#1f5fa8", "#9aa3ad", "#d9dde1"


def speeds(table: Table) -> dict[str, dict[str, float]]:
    """Mpix/s by case and subject, fastest first."""
    found: dict[str, dict[str, float]] = {}
    for row in table.rows:
        value, _, unit = row.rate.partition(" ")
        if unit == "Mpix/s":
            found.setdefault(row.case, {})[row.subject] = float(value)
    return {case: dict(sorted(rates.items(), key=lambda item: -item[1])) for case, rates in found.items()}


def draw(table: Table, path: Path) -> None:
    """Write a bar chart of the forward suite, one panel a case, atomically."""
    from matplotlib.figure import Figure

    panels = speeds(table)
    figure = Figure(figsize=(4.6 * len(panels), 4.2), layout="constrained")
    for axes, (case, rates) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True):
        names, values = list(rates), list(rates.values())
        colors = [FLOOR if name.startswith("copy") else OURS if name.startswith("camsim") else OTHERS for name in names]
        axes.barh(range(len(names)), values, color=colors)
        axes.set_yticks(range(len(names)), [name.replace(" + scipy", "\n+ scipy") for name in names], fontsize=8)
        axes.invert_yaxis()
        axes.set_xscale("log")
        axes.set_xlim(0.5 * min(values), 4 * max(values))
        for place, value in enumerate(values):
            axes.text(value * 1.08, place, f"{value:g}", va="center", fontsize=8)
        axes.set_title(case, fontsize=10)
        axes.set_xlabel("Mpix/s on one thread (more is better; logarithmic)", fontsize=8)
        axes.tick_params(axis="x", labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    data = BytesIO()
    figure.savefig(data, format="png", dpi=110)
    write_bytes(path, data.getvalue())
