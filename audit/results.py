"""results.json: the audit's outcome as data (schema 2). No times in it: the same audit gives the same file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import camsim
from audit.axes.compare import compare
from audit.breakdown import breakdown_json, breakdowns, worst_groups_json
from audit.columns import Pair, pair
from audit.comparison import Comparison, flips_of
from audit.data import Dataset
from audit.entry import Entry
from audit.finite import interval_json
from audit.gate import Drop, Evidence, Flips, Gate, Judgement, judge, overall
from audit.matrix import Unreadable
from audit.most_changed import MostChanged
from audit.outcome import Outcomes
from audit.planning import Spread, planning_json
from audit.progress import Progress
from audit.searching.audited import WorstCase
from audit.stats import Interval
from audit.stats.worst_groups import Breakdown
from audit.tasks.describe import model_json, task_json
from audit.tasks.metric import Metric
from audit.tasks.vision_task import VisionTask, primary

SCHEMA = 2
PARTS = ("value", "low", "high")
"""Of an interval."""


def build_results(
    *,
    task: VisionTask[Any],
    data: Dataset,
    split: str,
    entries: Sequence[Entry],
    outcomes: Outcomes,
    unreadable: Sequence[Unreadable],
    worst: Sequence[WorstCase],
    gate: Gate,
    seed: int,
    show: Progress,
) -> dict[str, Any]:
    """Judge every profile and worst case; everything in one JSON-able dict. The first entry is the reference."""
    reference = entries[0]
    base = outcomes.of(reference.name)
    figures = _Figures(task, gate.confidence)
    changed = MostChanged()
    rows: list[dict[str, Any]] = []
    evidence: list[Evidence] = []
    groups: dict[str | None, list[Breakdown]] = {}
    spreads: list[Spread] = []
    show.start("Statistics", len(entries))
    for entry in entries:
        found = pair(outcomes.of(entry.name), base)
        row = figures.row(entry, found)
        if entry.judged:
            evidence.append(figures.evidence(entry.name, found))
            if task.labelled and found.samples:
                groups[entry.name] = breakdowns(found, gate.confidence)
                row["worst_groups"] = worst_groups_json(groups[entry.name])
                spreads.append(Spread.of(found))
        if entry.role == "profile":
            changed.add(entry.name, found)
        rows.append(row)
        show.advance(1)
    judgements = judge(evidence, gate, primary(task))
    judged = [row for row, entry in zip(rows, entries, strict=True) if entry.judged]
    for row, judgement in zip(judged, judgements, strict=True):
        row |= _judged(judgement)
    verdict = overall(judgements)
    hardest = _hardest(judged)
    return {
        "schema": SCHEMA,
        "camsim": camsim.__version__,
        "verdict": verdict,
        "reasons": _reasons(judgements, verdict),
        "gate": asdict(gate),
        "task": task_json(task)
        | {
            "metrics": [_metric(metric) for metric in figures.metrics],
            "further": [_metric(metric) for metric in figures.further],
        },
        "model": model_json(task),
        "data": {
            "name": data.name,
            "description": data.description,
            "sha256": data.sha256,
            "split": split,
            "samples": base.num_rows,
            "labelled": task.labelled,
            "unreadable": [asdict(item) for item in unreadable],
            "notes": list(data.notes),
        },
        "reference": reference.name,
        "seed": seed,
        "planning": planning_json(primary(task), spreads, judgements, gate),
        "profiles": rows,
        "groups": {"profile": hardest, "breakdowns": [breakdown_json(one) for one in groups[hardest]]}
        if hardest in groups
        else None,
        "most_changed": [one.to_json() for one in changed.worst()],
        "yardstick": _yardstick(rows, task),
        "worst_cases": [case.to_json(task.labelled) for case in worst],
    }


class _Figures:
    """The numbers of one row after the other."""

    def __init__(self, task: VisionTask[Any], confidence: float) -> None:
        self.metrics = [metric for metric in task.metrics if task.labelled or not metric.needs_labels]
        self.further = [metric for metric in task.further if task.labelled or not metric.needs_labels]
        self._primary, self._confidence, self._compare = primary(task), confidence, Comparison()

    def evidence(self, name: str, found: Pair) -> Evidence:
        """What a profile is judged by."""
        drop = None if self._primary is None else self._compare.drop(self._primary, found)
        return Evidence(name, found.samples, found.expected, drop, flips_of(found))

    def row(self, entry: Entry, found: Pair) -> dict[str, Any]:
        """A row before it is judged."""
        first = entry.role == "reference"
        flips = None if first else flips_of(found)
        others = [metric for metric in self.metrics if metric is not self._primary and not metric.against_reference]
        return {
            "profile": entry.name,
            "title": entry.title,
            "kind": entry.kind,
            "role": entry.role,
            "samples": found.samples,
            "verdict": None,
            "reasons": [],
            "errors": list(found.errors),
            "metrics": {
                metric.key: None if first and metric.against_reference else self._interval(metric, found)
                for metric in self.metrics
            },
            "drop": None if first or self._primary is None else self._drop(self._primary, found),
            "drops": {} if first else {metric.key: self._drop(metric, found) for metric in others},
            "flips": None if flips is None else interval_json(flips.interval(self._confidence)),
            "further": {metric.key: self._interval(metric, found) for metric in self.further},
            "worst_groups": [],
        }

    def _interval(self, metric: Metric, found: Pair) -> dict[str, float | None] | None:
        return interval_json(self._compare.interval(metric, found, self._confidence))

    def _drop(self, metric: Metric, found: Pair) -> dict[str, float | None] | None:
        drop = self._compare.drop(metric, found)
        return None if drop is None else interval_json(drop.interval(self._confidence))


def on_reference(results: Mapping[str, Any]) -> dict[str, float | None]:
    """The model's metrics on the reference, by key."""
    (row,) = [row for row in results["profiles"] if row["role"] == "reference"]
    return {key: None if found is None else found["value"] for key, found in row["metrics"].items()}


def _judged(judgement: Judgement) -> dict[str, Any]:
    return {
        "verdict": judgement.verdict,
        "reasons": list(judgement.reasons),
        "drop": _drift(judgement.drop),
        "flips": _drift(judgement.flips),
    }


def _drift(drift: Drop | Flips | None) -> dict[str, float | None] | None:
    if drift is None:
        return None
    numbers = {key: value for key, value in asdict(drift).items() if key != "interval"}
    return (interval_json(drift.interval) or dict.fromkeys(PARTS)) | numbers


def _metric(metric: Metric) -> dict[str, Any]:
    return {
        "key": metric.key,
        "title": metric.title,
        "short": metric.short,
        "unit": metric.unit,
        "digits": metric.digits,
        "better": metric.better,
        "against_reference": metric.against_reference,
    }


def _reasons(judgements: Sequence[Judgement], verdict: str) -> list[str]:
    """Why the verdict is what it is: the first reason of each profile that has it."""
    if not judgements:
        return ["no profile besides the reference was measured"]
    if verdict == "PASS":
        return ["every profile stays within the margins"]
    return [f"{item.profile}: {item.reasons[0]}" for item in judgements if item.verdict == verdict]


def _hardest(judged: Sequence[Mapping[str, Any]]) -> str | None:
    """The device with the largest drop; None without labels."""
    drops = {
        row["profile"]: row["drop"]["value"]
        for row in judged
        if row["role"] == "profile" and row["drop"] is not None and row["drop"]["value"] is not None
    }
    return max(drops, key=lambda name: drops[name], default=None)


def _yardstick(rows: Sequence[Mapping[str, Any]], task: VisionTask[Any]) -> dict[str, Any] | None:
    """Devices beside common corruptions, by drop or, without labels, by flips; None where none were asked for."""
    if not any(row["role"] == "corruption" for row in rows):
        return None
    key = "flips" if primary(task) is None else "drop"
    known = {
        row["profile"]: Interval(**{part: row[key][part] for part in PARTS})
        for row in rows
        if row["role"] != "reference" and row[key] is not None and None not in [row[key][part] for part in PARTS]
    }
    return {"measure": key, **compare(known).to_json()}
