"""The zoo's table, as the docs and the terminal show it."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from audit.models.gradient_check import PARITY
from benchmarks.machine import describe
from benchmarks.page import grid
from benchmarks.zoo.measure import Row

BEGIN = "<!-- measured: written by `python -m benchmarks.zoo --write-docs` -->"
HEAD = ("model", "source", "opset", "nodes (kinds)", "output", "gradient", "forward, ms", "cost")


def cells(row: Row) -> tuple[str, ...]:
    """One line of the table."""
    mark = "" if row.allowed == PARITY else "*"
    return (
        row.name,
        row.source,
        str(row.opset),
        f"{row.nodes} ({row.operators})",
        f"{row.output:.1e}{mark}",
        f"{row.slope:.1e}",
        _short(row.forward),
        _short(row.cost),
    )


def _short(number: float) -> str:
    return f"{number:.2g}" if number < 10 else f"{number:.0f}"


def markdown(rows: Sequence[Row]) -> str:
    """The measured part of the page."""
    strict = [row for row in rows if row.allowed == PARITY]
    costs = sorted(row.cost for row in rows if row.forward >= 1)
    machine = describe()
    parts = [
        f"{sum(row.good for row in rows)} of {len(rows)} models are within what is allowed; {len(strict)} of them are "
        f"held to 1e-4, of which {sum(row.good for row in strict)} keep it (largest difference "
        f"{max(row.output for row in strict):.1e}). The largest difference of a gradient is "
        f"{max(row.slope for row in rows):.1e}. Where a forward takes onnxruntime 1 ms or more, a gradient costs "
        f"{median(costs):.1f} forwards in the median ({costs[0]:.1f} to {costs[-1]:.0f}).",
        f"Measured on {machine['date']}: {machine['processor']}, one thread, torch {machine['torch']}, onnxruntime "
        f"{machine['onnxruntime']}; load {machine['load']}.",
        grid(HEAD, [cells(row) for row in rows]),
        "\\* float16 or quantised: allowed are 2e-3 and 2e-2.",
    ]
    return "\n\n".join(parts)
