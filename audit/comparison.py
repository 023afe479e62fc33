"""A profile beside the reference, metric by metric, on the samples for which a metric is defined."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.columns import Columns, Pair
from audit.gate import Estimate, PairedDrop
from audit.stats import Interval, wilson, wilson_p_above
from audit.stats.drop import MeanDrop
from audit.stats.measured import Measured
from audit.tasks.metric import Metric

Kept = NDArray[np.bool_]
"""(N,): which samples a metric is defined for."""


class Comparison:
    """Of one run; what is known of the reference is not computed again."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Measured] = {}

    def interval(self, metric: Metric, found: Pair, confidence: float) -> Interval | None:
        """A profile's own figure; None where there is nothing for which the metric is defined."""
        kept = _defined(metric, found.own, found.samples)
        if not kept.any():
            return None
        interval = _measured(metric, found.own, found, kept).interval(confidence)
        return interval if np.isfinite(interval.value) else None

    def drop(self, metric: Metric, found: Pair) -> PairedDrop | None:
        """Against the reference, on the samples for which the metric is defined under both; None without such."""
        kept = _defined(metric, found.own, found.samples) & _defined(metric, found.reference, found.samples)
        if not kept.any():
            return None
        key = (metric.key, found.fingerprint(kept))
        if key not in self._known:
            self._known[key] = _measured(metric, found.reference, found, kept)
        return self._known[key].drop_to(_measured(metric, found.own, found, kept))


@dataclass(frozen=True)
class FlipRate:
    """Of independent samples: Wilson's interval."""

    flips: int
    samples: int

    def interval(self, confidence: float) -> Interval:
        return wilson(self.flips, self.samples, confidence)

    def p_above(self, margin: float) -> float:
        return wilson_p_above(self.flips, self.samples, margin)


def flips_of(found: Pair) -> Estimate | None:
    """Rate of changed answers; None without samples."""
    if not found.samples:
        return None
    flips = found.own["flip"].astype(np.float64)
    if found.clusters is not None:
        return MeanDrop(flips, (0.0, 1.0), found.clusters)
    return FlipRate(int(flips.sum()), len(flips))


def _defined(metric: Metric, columns: Columns, samples: int) -> Kept:
    """An aggregate says itself where it is not."""
    if metric.kind == "aggregate":
        return np.ones(samples, dtype=bool)
    kept: Kept = np.isfinite(columns[metric.columns[0]])
    return kept


def _measured(metric: Metric, columns: Columns, found: Pair, kept: Kept) -> Measured:
    chosen: dict[str, NDArray[Any]] = {name: columns[name][kept] for name in metric.columns}
    return Measured(metric, chosen, None if found.clusters is None else found.clusters[kept])
