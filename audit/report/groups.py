"""Worst groups: which classes and conditions drift most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audit.report.rows import Metric, View, read_interval, score_drop
from audit.report.words import plural
from audit.stats import Interval
from audit.stats.worst_groups import MIN_SUPPORT

SHOWN = 10
"""Groups of a breakdown that the page shows at once; the others unfold."""
MOST_SMALL = 40
"""Groups of a breakdown that are too small to be assessed, as far as they are listed."""


@dataclass(frozen=True)
class Group:
    """One group of scenes."""

    name: str
    samples: int
    drop: Interval | None
    """Holds together with those of the other groups; None: not assessed."""
    why: str
    """Where it is not assessed."""


@dataclass(frozen=True)
class Breakdown:
    """The scenes divided by one fact."""

    by: str
    groups: tuple[Group, ...]
    """Worst first, those not assessed last."""
    note: str
    """On what is left out; may be empty."""


@dataclass(frozen=True)
class Worst:
    """Of one device and one fact."""

    group: str
    drop: Interval | None
    """None: no group was assessed."""


@dataclass(frozen=True)
class Groups:
    """The section."""

    metric: Metric
    """Of the drops."""
    profile: str
    """The device with the largest drop."""
    breakdowns: tuple[Breakdown, ...]
    facts: tuple[str, ...]
    """The columns of the others' table."""
    others: tuple[tuple[str, Mapping[str, Worst]], ...]
    """Of each other device, worst first, its worst group by fact."""
    least: int = MIN_SUPPORT
    shown: int = SHOWN


def groups(results: Mapping[str, Any], view: View) -> Groups | None:
    """None where the samples are not divided by anything."""
    found = results["groups"]
    if found is None or not found["breakdowns"]:
        return None
    entries = {entry["profile"]: entry["worst_groups"] for entry in results["profiles"]}
    names = [row.name for row in view.rows if row.name != found["profile"] and entries[row.name]]
    return Groups(
        metric=score_drop(results["task"]["score"]),
        profile=found["profile"],
        breakdowns=tuple(_breakdown(entry) for entry in found["breakdowns"]),
        facts=tuple(dict.fromkeys(one["by"] for name in names for one in entries[name])),
        others=tuple((name, {one["by"]: _worst(one["worst"]) for one in entries[name]}) for name in names),
    )


def _breakdown(entry: Mapping[str, Any]) -> Breakdown:
    found = [_group(group) for group in entry["groups"]]
    assessed = [group for group in found if group.drop is not None]
    small = [group for group in found if group.drop is None]
    listed = small[:MOST_SMALL] if assessed else []
    unlisted = len(small) - len(listed)
    notes = [
        f"Not assessed: {plural(unlisted, 'group')} of too few scenes, listed in results.json." if unlisted else "",
        f"Of {plural(entry['ungrouped'], 'scene')} it is not known." if entry["ungrouped"] else "",
    ]
    return Breakdown(entry["by"], (*assessed, *listed), " ".join(note for note in notes if note))


def _group(entry: Mapping[str, Any]) -> Group:
    drop, samples = read_interval(entry["drop"]), entry["samples"]
    enough = samples >= MIN_SUPPORT
    why = (
        ""
        if drop
        else "too few independent scenes"
        if enough
        else f"{plural(samples, 'scene')}, {MIN_SUPPORT} are needed"
    )
    return Group(entry["group"], samples, drop, why)


def _worst(entry: Mapping[str, Any] | None) -> Worst:
    return Worst("", None) if entry is None else Worst(entry["group"], read_interval(entry["drop"]))
