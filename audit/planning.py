"""What this many samples can show, and how many it would take, from how much the answers were seen to vary."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, median
from typing import Any

import numpy as np

from audit.columns import Pair
from audit.gate import Gate, Judgement
from audit.stats.power import (
    ALPHA,
    POWER,
    detectable_drop,
    detectable_mean_drop,
    samples_needed,
    samples_needed_mean,
)
from audit.tasks.metric import Metric

USUAL = 0.02
"""Drop of a fraction that one would like to see where the gate has no margin for it."""


@dataclass(frozen=True)
class Spread:
    """How much one profile's scores differ from the reference's."""

    samples: int
    discordance: float
    """Share of the samples whose score is another."""
    clustered: bool

    @classmethod
    def of(cls, found: Pair) -> Spread:
        """Of a profile on which something was measured."""
        other = found.own["score"] != found.reference["score"]
        return cls(found.samples, float(np.mean(other)), found.clusters is not None)


def planning_json(
    metric: Metric | None, spreads: Sequence[Spread], judgements: Sequence[Judgement], gate: Gate
) -> dict[str, Any] | None:
    """Of the median profile: the least drop of ``metric`` that would be seen, and the samples for the margin.

    Seen: told from none with probability 0.8, at a one-sided 0.05 (`audit.stats.power`). None without labels, where
    nothing was measured, or where samples belong to clusters, which such a figure knows nothing of.
    """
    wanted = gate.max_drop or (USUAL if metric is not None and metric.unit == "%" else None)
    if metric is None or wanted is None or not spreads or spreads[0].clustered:
        return None
    samples = spreads[0].samples
    if metric.kind == "rate":
        discordance = median(spread.discordance for spread in spreads)
        detectable, needed = detectable_drop(samples, discordance), samples_needed(wanted, discordance)
    else:
        deviation = _deviation(judgements, samples, gate.confidence)
        if deviation is None:
            return None
        detectable, needed = detectable_mean_drop(samples, deviation), samples_needed_mean(wanted, deviation)
    return {
        "samples": samples,
        "detectable": detectable,
        "wanted": wanted,
        "needed": needed,
        "alpha": ALPHA,
        "power": POWER,
    }


def _deviation(judgements: Sequence[Judgement], samples: int, confidence: float) -> float | None:
    """Of a sample's share in the drop, from the width of the median interval; None where none is known."""
    widths = [judged.drop.interval.high - judged.drop.interval.low for judged in judgements if judged.drop is not None]
    known = [width for width in widths if math.isfinite(width)]
    if not known:
        return None
    return median(known) / 2 / NormalDist().inv_cdf((1 + confidence) / 2) * math.sqrt(samples)
