"""The drop of the score within classes and other groups of samples, for every profile."""

from __future__ import annotations

from typing import Any

import numpy as np

from audit.columns import Columns, Pair
from audit.finite import interval_json
from audit.stats.measured import Measured
from audit.stats.worst_groups import Breakdown, GroupDrop, break_down
from audit.tasks.metric import Metric

MOST_GROUPS = 1000
"""A fact with more values than this, such as a file's name, divides nothing."""


def breakdowns(found: Pair, confidence: float) -> list[Breakdown]:
    """One for each fact that is known of the samples, those by class first."""
    own, reference = (_scores(columns, found) for columns in (found.own, found.reference))
    result = []
    for fact, values in found.facts().items():
        if 1 < len(set(values) - {None}) <= MOST_GROUPS:
            result.append(break_down(fact, values, reference, own, confidence=confidence))
    return result


def worst_groups_json(found: list[Breakdown]) -> list[dict[str, Any]]:
    """Of each breakdown the worst group, and how many were assessed; JSON-able."""
    return [
        {
            "by": breakdown.by,
            "groups": len(breakdown.groups),
            "assessed": sum(group.assessed for group in breakdown.groups),
            "worst": None if breakdown.worst is None else _group(breakdown.worst),
        }
        for breakdown in found
    ]


def breakdown_json(breakdown: Breakdown) -> dict[str, Any]:
    """All groups of one breakdown, JSON-able."""
    return {
        "by": breakdown.by,
        "ungrouped": breakdown.ungrouped,
        "groups": [_group(group) for group in breakdown.groups],
    }


def _group(group: GroupDrop) -> dict[str, Any]:
    return {"group": group.group, "samples": group.samples, "drop": interval_json(group.drop)}


def _scores(columns: Columns, found: Pair) -> Measured:
    scores = columns["score"]
    hits = bool(np.isin(scores, (0.0, 1.0)).all())
    return Measured(Metric("score", "Score", "rate" if hits else "mean", ("score",)), {"score": scores}, found.clusters)
