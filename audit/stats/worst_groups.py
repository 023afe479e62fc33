"""Which classes or conditions drift most: the drop within each group of samples.

Looking for the worst of many groups finds a bad one by chance; so the intervals of one breakdown hold all together
(Bonferroni), and its p-values are Holm's. Groups with little support are listed, but not assessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.stats.interval import Interval, checked_confidence
from audit.stats.measured import Measured
from audit.stats.multiple import holm

MIN_SUPPORT = 20
"""Samples that a group needs; in clusters, so many clusters."""


@dataclass(frozen=True)
class GroupDrop:
    """One group of one breakdown."""

    group: str
    samples: int
    drop: Interval | None
    """Simultaneous with the other groups of the breakdown; None: not assessed."""
    p_holm: float | None
    """One-sided, of H0: drop <= margin, adjusted for the breakdown; None: not assessed."""

    @property
    def assessed(self) -> bool:
        return self.drop is not None


@dataclass(frozen=True)
class Breakdown:
    """All groups by one fact, such as the class or ``weather``; the worst first, those not assessed last."""

    by: str
    groups: tuple[GroupDrop, ...]
    ungrouped: int
    """Samples of which the fact is not known."""
    confidence: float
    """Of all intervals together."""

    @property
    def worst(self) -> GroupDrop | None:
        """The group with the largest drop among those assessed."""
        return self.groups[0] if self.groups and self.groups[0].assessed else None


def break_down(
    by: str,
    labels: Sequence[str | None],
    reference: Measured,
    other: Measured,
    margin: float = 0.0,
    confidence: float = 0.95,
    min_support: int = MIN_SUPPORT,
) -> Breakdown:
    """The drop within each group of samples with an equal label; None: not known.

    ValueError: another number of labels than samples, ``min_support`` below 2.
    """
    checked_confidence(confidence)
    if len(labels) != reference.samples:
        raise ValueError(f"{by}: needs a label or None for each of {reference.samples} samples, got {len(labels)}")
    if min_support < 2:
        raise ValueError(f"min_support must be at least 2, got {min_support}")
    members: dict[str, list[int]] = {}
    for place, label in enumerate(labels):
        if label is not None:
            members.setdefault(label, []).append(place)
    chosen = {label: np.array(places) for label, places in members.items()}
    enough = [label for label, places in chosen.items() if _support(reference, places) >= min_support]
    drops = [reference.subset(chosen[label]).drop_to(other.subset(chosen[label])) for label in enough]
    each = 1 - (1 - confidence) / max(1, len(drops))
    p_values = holm([drop.p_above(margin) for drop in drops])
    assessed = [
        GroupDrop(label, len(chosen[label]), drop.interval(each), p)
        for label, drop, p in zip(enough, drops, p_values, strict=True)
    ]
    assessed.sort(key=lambda group: (-_value(group), group.group))
    others = [GroupDrop(label, len(chosen[label]), None, None) for label in sorted(set(chosen) - set(enough))]
    known = sum(len(places) for places in chosen.values())
    return Breakdown(by, (*assessed, *others), len(labels) - known, confidence)


def _value(group: GroupDrop) -> float:
    """NaN, where a metric is not defined within the group, comes last."""
    return -np.inf if group.drop is None or np.isnan(group.drop.value) else group.drop.value


def _support(measured: Measured, places: NDArray[np.intp]) -> int:
    return measured.subset(places).independent
