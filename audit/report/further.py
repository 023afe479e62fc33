"""Figures part by part: the first metric's like for each class, label or number by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audit.report.rows import Metric, Row, View
from audit.stats import Interval

SHOWN = 12
"""Parts that the page shows at once; the others unfold."""
MOST_CELLS = 4000
"""Of the table of all devices."""


@dataclass(frozen=True)
class Part:
    """One class, label or number."""

    metric: Metric
    reference: Interval | None
    """None: not defined, as is the next."""
    worst: Interval | None
    """Where it is worst."""
    device: str
    """Of ``worst``."""


@dataclass(frozen=True)
class Further:
    """The section."""

    parts: tuple[Part, ...]
    """What loses most first."""
    rows: tuple[Row, ...]
    """The devices in the large table."""
    left_out: int
    """Devices that it has no room for."""
    shown: int = SHOWN


def further(results: Mapping[str, Any], view: View) -> Further | None:
    """None for a task without such figures."""
    if not view.further:
        return None
    signs = {entry["key"]: 1 if entry["better"] == "higher" else -1 for entry in results["task"]["further"]}
    parts = [(_part(metric, view, signs[metric.key]), signs[metric.key]) for metric in view.further]
    parts.sort(key=lambda pair: -_lost(*pair))
    room = max(1, MOST_CELLS // len(view.further))
    return Further(tuple(part for part, _ in parts), view.rows[:room], max(0, len(view.rows) - room))


def _part(metric: Metric, view: View, sign: int) -> Part:
    measured = [(row.intervals[metric.key], row.name) for row in view.rows if metric.key in row.intervals]
    worst, device = min(measured, key=lambda pair: sign * pair[0].value, default=(None, ""))
    return Part(metric, view.reference.intervals.get(metric.key), worst, device)


def _lost(part: Part, sign: int) -> float:
    if part.reference is None or part.worst is None:
        return float("-inf")
    return sign * part.metric.scale * (part.reference.value - part.worst.value)
