"""What the search said about a worst case against what the held-out half said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audit.report.rows import DROP, ERRORS, FLIPS, Metric, Row
from audit.stats import Interval


@dataclass(frozen=True)
class Line:
    """One line of the comparison: a setting of the device on some of the scenes."""

    setting: str
    scenes: str
    rate: float | None
    """Of errors, or of flips without labels."""
    interval: Interval | None
    """Of the rate; the search half has none, because its estimate is biased anyway."""
    drop: Interval | None
    row: Row | None
    """The row that carries the verdict."""


def comparison(case: Mapping[str, Any], base: Row, judged: Row) -> tuple[Metric, list[Line]]:
    """The rate that the search measured, and the lines: the device and its worst case, on either half."""
    search = case["search"]
    metric = {"errors": ERRORS, "flips": FLIPS}[search["measure"]]
    half = f"{case['search_samples']}, search half"
    device, worst = "The device as it is", "Worst case"
    return metric, [
        Line(device, half, search["rate_at_base"], None, None, None),
        Line(worst, half, search["rate"], None, None, None),
        _judged(device, f"{base.samples}, all", base, metric),
        _judged(worst, f"{case['judged_samples']}, held out", judged, metric),
    ]


def _judged(setting: str, scenes: str, row: Row, metric: Metric) -> Line:
    interval = row.intervals.get("flips") if metric is FLIPS else _complement(row.intervals.get("accuracy"))
    value = None if interval is None else interval.value
    return Line(setting, scenes, value, interval, row.intervals.get(DROP.key), row)


def _complement(accuracy: Interval | None) -> Interval | None:
    return accuracy and Interval(1 - accuracy.value, 1 - accuracy.high, 1 - accuracy.low)
