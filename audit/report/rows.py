"""What the report tabulates: the metrics, how their numbers read, and the profiles from worst to best."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.stats import Interval

SEVERITY = {"FAIL": 0, "INCONCLUSIVE": 1, "PASS": 2}
"""Verdicts from worst to best."""


def read_interval(entry: Mapping[str, Any] | None) -> Interval | None:
    """From results.json, as fractions (0.05 is 5 points); None where nothing finite was measured."""
    if entry is None:
        return None
    numbers = [entry[key] for key in ("value", "low", "high")]
    if any(number is None or not math.isfinite(number) for number in numbers):
        return None
    return Interval(*numbers)


@dataclass(frozen=True)
class Metric:
    """A metric and how its numbers are written."""

    key: str
    title: str
    unit: str
    """``points`` (percentage points), ``%``, or empty."""
    scale: float
    digits: int

    def text(self, value: float) -> str:
        """The number alone, with a hyphen for the minus sign, never ``-0.0``."""
        return f"{value * self.scale:z.{self.digits}f}"

    def with_unit(self, value: float) -> str:
        """``12.0 points``, ``3.1%`` or ``0.042``."""
        return self.text(value) + {"points": " points", "%": "%", "": ""}[self.unit]


ACCURACY = Metric("accuracy", "Accuracy", "%", 100, 1)
DROP = Metric("drop", "Accuracy drop", "points", 100, 1)
ERRORS = Metric("errors", "Errors", "%", 100, 1)
FLIPS = Metric("flips", "Flip rate", "%", 100, 1)
JSD = Metric("jsd", "Jensen-Shannon divergence", "", 1, 3)


@dataclass(frozen=True)
class Row:
    """One profile of results.json."""

    name: str
    title: str
    group: str
    role: str
    samples: int
    verdict: str | None
    reasons: tuple[str, ...]
    """For the verdict; then the errors met on the way."""
    intervals: Mapping[str, Interval]
    """By metric; a metric that was not measured is left out."""
    tests: Mapping[str, Mapping[str, float | None]]
    """p-values by metric, then by name (p_margin, p_holm, p_mcnemar)."""


@dataclass(frozen=True)
class View:
    """results.json in the order and the grouping that a reader wants."""

    reference: Row
    rows: tuple[Row, ...]
    """All but the reference, worst first."""
    primary: Metric
    """What the rows are ordered by: the accuracy drop, or flips without labels."""
    metrics: tuple[Metric, ...]
    """The columns, primary first."""
    margins: Mapping[str, float]
    """By metric."""
    reasons: tuple[str, ...]
    """For the verdict as a whole, those of the worst profiles first."""
    confidence: float
    """Of the intervals."""

    @property
    def level(self) -> str:
        """The confidence in words, ``95%``."""
        return f"{100 * self.confidence:g}%"

    @property
    def counts(self) -> dict[str, int]:
        """How many profiles have each verdict."""
        counted = Counter(row.verdict for row in self.rows)
        return {verdict: counted[verdict] for verdict in SEVERITY}

    @property
    def groups(self) -> dict[str, list[Row]]:
        """The rows by group; the group with the worst row first, its rows worst first."""
        groups: dict[str, list[Row]] = {}
        for row in self.rows:
            groups.setdefault(row.group, []).append(row)
        return groups


def read_view(results: Mapping[str, Any]) -> View:
    """Order and group the profiles of results.json (schema 1). A missing key is a KeyError: the caller's mistake."""
    labelled = results["data"]["labelled"]
    primary = DROP if labelled else FLIPS
    bases = {case["profile"]: case["base"] for case in results["worst_cases"]}
    rows = {entry["profile"]: _row(entry, bases) for entry in results["profiles"]}
    reference = rows.pop(results["reference"])
    gate = results["gate"]
    margins = {"flips": gate["max_flips"]} | ({"drop": gate["max_drop"]} if labelled else {})
    ordered = tuple(sorted(rows.values(), key=lambda row: _severity(row, primary)))
    return View(
        reference=reference,
        rows=ordered,
        primary=primary,
        metrics=(DROP, FLIPS, ACCURACY, JSD) if labelled else (FLIPS, JSD),
        margins={key: margin for key, margin in margins.items() if margin is not None},
        reasons=_worst_first(results["reasons"], ordered),
        confidence=gate["confidence"],
    )


def _row(entry: Mapping[str, Any], bases: Mapping[str, str]) -> Row:
    name = entry["profile"]
    measured = {key: entry[key] for key in ("accuracy", "drop", "flips", "jsd") if entry[key] is not None}
    read = {key: read_interval(value) for key, value in measured.items()}
    return Row(
        name=name,
        title=entry["title"],
        # A worst case stands with the device it was searched around.
        group=bases.get(name, name).rpartition("/")[0] or entry["kind"],
        role=entry["role"],
        samples=entry["samples"],
        verdict=entry["verdict"],
        reasons=(*entry["reasons"], *entry["errors"]),
        intervals={key: interval for key, interval in read.items() if interval is not None},
        tests={key: {test: p for test, p in value.items() if test.startswith("p_")} for key, value in measured.items()},
    )


def _worst_first(reasons: Sequence[str], rows: Sequence[Row]) -> tuple[str, ...]:
    """A reason that concerns one profile begins with its name; the others come first."""
    place = {row.name: number for number, row in enumerate(rows)}
    return tuple(sorted(reasons, key=lambda reason: place.get(reason.partition(": ")[0], -1)))


def _severity(row: Row, primary: Metric) -> tuple[int, float, str]:
    measured = row.intervals.get(primary.key)
    # What could not be measured comes before what could: nobody may overlook it.
    return SEVERITY[row.verdict or ""], -measured.value if measured else -math.inf, row.name
