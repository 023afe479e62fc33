"""What the report tabulates: the metrics, how their numbers read, and the profiles from worst to best."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.stats import Interval
from audit.tasks.metric import spoken

SEVERITY = {"FAIL": 0, "INCONCLUSIVE": 1, "PASS": 2}
"""Verdicts from worst to best."""
SHOWN = 2
"""Of the task's own metrics, as columns of the main table."""
JUDGED = ("profile", "worst_case")
"""Roles of the rows that have a verdict."""


def read_interval(entry: Mapping[str, Any] | None) -> Interval | None:
    """From results.json, as fractions (0.05 is 5 points); None where nothing finite was measured.

    A limit that is not known is infinite.
    """
    if entry is None or entry["value"] is None or not math.isfinite(entry["value"]):
        return None
    low, high = entry["low"], entry["high"]
    return Interval(entry["value"], -math.inf if low is None else low, math.inf if high is None else high)


def known(interval: Interval) -> bool:
    """Whether both limits are."""
    return math.isfinite(interval.low) and math.isfinite(interval.high)


@dataclass(frozen=True)
class Metric:
    """A metric and how its numbers are written."""

    key: str
    title: str
    unit: str
    """``points`` (percentage points), ``%``, ``px`` ..., or empty."""
    scale: float
    digits: int
    short: str = ""
    """Heading of a narrow column; empty: the title."""

    @property
    def heading(self) -> str:
        """For a narrow column, with the unit."""
        return (self.short or self.title) + (f", {self.unit}" if self.unit else "")

    @property
    def spoken(self) -> str:
        """The title within a sentence: ``accuracy drop``, but ``IoU of road`` and ``MAE rise``."""
        return spoken(self.title)

    def text(self, value: float) -> str:
        """The number alone, with a hyphen for the minus sign, never ``-0.0``."""
        return f"{value * self.scale:z.{self.digits}f}"

    def with_unit(self, value: float) -> str:
        """``12.0 points``, ``3.1%`` or ``0.042``."""
        return self.text(value) + {"%": "%", "": ""}.get(self.unit, f" {self.unit}")

    def limits(self, interval: Interval) -> str:
        """``1.2 to 3.4``; an interval of which a limit is not known tells nothing."""
        return f"{self.text(interval.low)} to {self.text(interval.high)}" if known(interval) else "not known"


DROP = Metric("drop", "Accuracy drop", "points", 100, 1)
ERRORS = Metric("errors", "Errors", "%", 100, 1)
LOST = Metric("lost", "Score lost", "%", 100, 1)
"""1 less the mean score of a scene, for tasks whose score is no hit."""
FLIPS = Metric("flips", "Flip rate", "%", 100, 1, "Flips")


def score_drop(score: str) -> Metric:
    """The drop of the mean score of a sample, which a search raises; ``score`` as in results.json: ``accuracy`` ..."""
    return Metric("drop", f"{score[0].upper() + score[1:]} drop", "points", 100, 1, "Drop")


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
    drops: Mapping[str, Interval]
    """By metric, of those besides the first one."""
    tests: Mapping[str, Mapping[str, float | None]]
    """p-values by metric, then by name (p_margin, p_holm, p_zero)."""


@dataclass(frozen=True)
class View:
    """results.json in the order and the grouping that a reader wants."""

    reference: Row
    rows: tuple[Row, ...]
    """Those that have a verdict, worst first."""
    beside: tuple[Row, ...]
    """Points of axes and corruptions, in the order of the results: shown, and not judged."""
    primary: Metric
    """What the rows are ordered by: the drop of the task's first metric, or flips without labels."""
    first: Metric | None
    """The task's first metric itself; None without labels."""
    change: Metric | None
    """How far the answers move from the reference's."""
    metrics: tuple[Metric, ...]
    """The columns of the main table, primary first."""
    others: tuple[Metric, ...]
    """The task's own metrics that are no column there."""
    drops: tuple[Metric, ...]
    """How the metrics besides the first one are lost, in `Row.drops`."""
    further: tuple[Metric, ...]
    """The same of each class or part, among `Row.intervals`."""
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
    """Order and group the profiles of results.json (schema 2). A missing key is a KeyError: the caller's mistake."""
    task = results["task"]
    own = {entry["key"]: _metric(entry) for entry in task["metrics"]}
    (first, *_) = own.values() if results["data"]["labelled"] else (None,)
    primary = FLIPS if first is None else _drop(task["metrics"][0])
    changes = [own[entry["key"]] for entry in task["metrics"] if entry["against_reference"]]
    compared = [entry for entry in task["metrics"] if not entry["against_reference"]]
    columns = tuple(dict.fromkeys([primary, FLIPS, *list(own.values())[:SHOWN], *changes[:1]]))
    bases = {case["profile"]: case["base"] for case in results["worst_cases"]}
    rows = {entry["profile"]: _row(entry, bases) for entry in results["profiles"]}
    reference = rows.pop(results["reference"])
    judged = [row for row in rows.values() if row.role in JUDGED]
    gate = results["gate"]
    margins = {"flips": gate["max_flips"]} | ({} if first is None else {"drop": gate["max_drop"]})
    ordered = tuple(sorted(judged, key=lambda row: _severity(row, primary)))
    return View(
        reference=reference,
        rows=ordered,
        beside=tuple(row for row in rows.values() if row.role not in JUDGED),
        primary=primary,
        first=first,
        change=changes[0] if changes else None,
        metrics=columns,
        others=tuple(metric for metric in own.values() if metric not in columns),
        drops=tuple(_drop(entry, entry["key"]) for entry in compared[0 if first is None else 1 :]),
        further=tuple(_metric(entry) for entry in task["further"]),
        margins={key: margin for key, margin in margins.items() if margin is not None},
        reasons=_worst_first(results["reasons"], ordered),
        confidence=gate["confidence"],
    )


def _metric(entry: Mapping[str, Any]) -> Metric:
    scale = 100.0 if entry["unit"] == "%" else 1.0
    return Metric(entry["key"], entry["title"], entry["unit"], scale, entry["digits"], entry["short"])


def _drop(entry: Mapping[str, Any], key: str = "drop") -> Metric:
    """The drop of a metric; of an error, its rise."""
    word = "drop" if entry["better"] == "higher" else "rise"
    unit = "points" if entry["unit"] == "%" else entry["unit"]
    scale = 100.0 if entry["unit"] == "%" else 1.0
    short = word.title() if key == "drop" else f"{entry['short'] or entry['title']} {word}"
    return Metric(key, f"{entry['title']} {word}", unit, scale, entry["digits"], short)


def _row(entry: Mapping[str, Any], bases: Mapping[str, str]) -> Row:
    name = entry["profile"]
    found = {**entry["metrics"], **entry["further"], "drop": entry["drop"], "flips": entry["flips"]}
    measured = {key: value for key, value in found.items() if value is not None}
    return Row(
        name=name,
        title=entry["title"],
        # A worst case stands with the device it was searched around.
        group=bases.get(name, name).rpartition("/")[0] or entry["kind"],
        role=entry["role"],
        samples=entry["samples"],
        verdict=entry["verdict"],
        reasons=(*entry["reasons"], *entry["errors"]),
        intervals=_read(found),
        drops=_read(entry["drops"]),
        tests={key: {test: p for test, p in value.items() if test.startswith("p_")} for key, value in measured.items()},
    )


def _read(found: Mapping[str, Mapping[str, Any] | None]) -> dict[str, Interval]:
    return {key: interval for key, value in found.items() if (interval := read_interval(value)) is not None}


def _worst_first(reasons: Sequence[str], rows: Sequence[Row]) -> tuple[str, ...]:
    """A reason that concerns one profile begins with its name; the others come first."""
    place = {row.name: number for number, row in enumerate(rows)}
    return tuple(sorted(reasons, key=lambda reason: place.get(reason.partition(": ")[0], -1)))


def _severity(row: Row, primary: Metric) -> tuple[int, float, str]:
    measured = row.intervals.get(primary.key)
    # What could not be measured comes before what could: nobody may overlook it.
    return SEVERITY[row.verdict or ""], -measured.value if measured else -math.inf, row.name
