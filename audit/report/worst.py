"""What the search said about a worst case against what the held-out half said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audit.report.rows import ERRORS, FLIPS, LOST, Metric, Row, View
from audit.stats import Interval


@dataclass(frozen=True)
class Line:
    """One line of the comparison: a setting of the device on some of the scenes."""

    setting: str
    scenes: str
    rate: float | None
    """Of errors or of what is lost of the score; of flips without labels. None: rows do not measure it."""
    interval: Interval | None
    """Of the rate; the search half has none, because its estimate is biased anyway."""
    drop: Interval | None
    row: Row | None
    """The row that carries the verdict."""


def comparison(case: Mapping[str, Any], base: Row, judged: Row, view: View) -> tuple[Metric, list[Line]]:
    """The rate that the search measured, and the lines: the device and its worst case, on either half."""
    search = case["search"]
    metric = FLIPS if search["measure"] == "flips" else ERRORS if "accuracy" in judged.intervals else LOST
    half = f"{case['search_samples']}, search half"
    device, worst = "The device as it is", "Worst case"
    return metric, [
        Line(device, half, search["rate_at_base"], None, None, None),
        Line(worst, half, search["rate"], None, None, None),
        _judged(device, f"{base.samples}, all", base, metric, view),
        _judged(worst, f"{case['judged_samples']}, held out", judged, metric, view),
    ]


def _judged(setting: str, scenes: str, row: Row, metric: Metric, view: View) -> Line:
    interval = {"flips": row.intervals.get("flips"), "errors": _errors(row.intervals.get("accuracy"))}.get(metric.key)
    value = None if interval is None else interval.value
    return Line(setting, scenes, value, interval, row.intervals.get(view.primary.key), row)


def _errors(accuracy: Interval | None) -> Interval | None:
    return None if accuracy is None else Interval(1 - accuracy.value, 1 - accuracy.high, 1 - accuracy.low)
