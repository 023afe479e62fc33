"""One metric of a task under one camera: its interval, and its drop against the reference."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from audit.stats.clusters import Clusters, cluster_indices, is_clustered, totals
from audit.stats.drop import AggregateDrop, Bounds, Drop, MeanDrop, RateDrop
from audit.stats.interval import Interval
from audit.stats.jackknife import LeftOut, leave_out
from audit.stats.likelihood import BoundedMean, reach
from audit.stats.rates import wilson
from audit.tasks.metric import Columns, Metric


@dataclass(frozen=True)
class Measured:
    """What samples.parquet says of one camera, for one metric; made once, used for its interval and its drops."""

    metric: Metric
    columns: Columns
    """Of N samples, all of them measured: numbers, not None or NaN, in the columns of a rate or mean."""
    clusters: Clusters | None = None
    """(N,): what belongs together; None: the samples are independent."""

    @property
    def samples(self) -> int:
        """N."""
        return len(self.columns[self.metric.columns[0]])

    @cached_property
    def value(self) -> float:
        """The metric over all samples; NaN where it is not defined."""
        return self.left_out.value if self.metric.kind == "aggregate" else float(self._scores.mean())

    @property
    def independent(self) -> int:
        """Clusters, or samples without any."""
        return int(cluster_indices(self.clusters, self.samples).max()) + 1

    def subset(self, places: NDArray[np.intp]) -> Measured:
        """Of these samples alone."""
        columns = {name: self.columns[name][places] for name in self.metric.columns}
        clusters = None if self.clusters is None else [self.clusters[place] for place in places]
        return Measured(self.metric, columns, clusters)

    def interval(self, confidence: float) -> Interval:
        """NaN where the metric is not defined; limits of its whole range where it hangs on one sample or cluster."""
        low, high = self._range
        if self.metric.kind == "rate" and not is_clustered(self.clusters):
            return wilson(int(self._scores.sum()), self.samples, confidence)
        if self.metric.kind != "aggregate":
            sums, sizes = totals(self._scores, self.clusters)
        elif np.isfinite(self.left_out.pseudo_sums).all():
            sums, sizes = self.left_out.pseudo_sums, self.left_out.sizes
            low, high = min(low, float((sums / sizes).min())), max(high, float((sums / sizes).max()))
        else:
            return Interval(self.value, *((np.nan, np.nan) if np.isnan(self.value) else (low, high)))
        furthest = reach(sums, sizes)
        low, high = (-furthest if np.isinf(low) else low), (furthest if np.isinf(high) else high)
        found = BoundedMean(sums, sizes, low, high).interval(confidence)
        # Sums of pseudo-values are rounded, and they may leave the metric's range.
        return Interval(self.value, max(found.low, self._range[0]), min(found.high, self._range[1]))

    def drop_to(self, other: Measured) -> Drop:
        """How much worse ``other`` is, on the same samples in the same order; this one is the reference."""
        if other.metric.key != self.metric.key or other.samples != self.samples:
            raise ValueError("a drop is between one metric of the same samples")
        better, bounds = self.metric.better, self._bounds(other)
        if self.metric.kind == "aggregate":
            return AggregateDrop(self.left_out, other.left_out, better, bounds)
        if self.metric.kind == "rate" and not is_clustered(self.clusters):
            return RateDrop.paired(self._scores, other._scores, better)
        return MeanDrop.paired(self._scores, other._scores, better, bounds, self.clusters)

    @cached_property
    def left_out(self) -> LeftOut:
        """Of an aggregate."""
        if self.metric.aggregate is None:
            raise ValueError(f"{self.metric.key}: is a {self.metric.kind} and has no function of weights")
        columns = {name: self.columns[name] for name in self.metric.columns}
        return leave_out(self.metric.aggregate, columns, self.samples, self.clusters)

    @cached_property
    def _scores(self) -> NDArray[np.float64]:
        scores = np.asarray(self.columns[self.metric.columns[0]], dtype=np.float64)
        if scores.ndim != 1 or len(scores) == 0 or not np.isfinite(scores).all():
            raise ValueError(f"{self.metric.key}: needs a finite number for each of at least one sample")
        if self.metric.kind == "rate" and not np.isin(scores, (0.0, 1.0)).all():
            raise ValueError(f"{self.metric.key}: a rate is of hits, 0 or 1")
        return scores

    @property
    def _range(self) -> tuple[float, float]:
        """What the metric cannot leave."""
        if self.metric.most is not None:
            return 0.0, self.metric.most
        values = [self.value] if self.metric.kind == "aggregate" else [self._scores.min(), self._scores.max()]
        inside = values[0] >= 0 and values[-1] <= 1
        if self.metric.unit in ("%", "bits") and inside:
            return 0.0, 1.0
        return (0.0, np.inf) if values[0] >= 0 and self.metric.unit != "" else (-np.inf, np.inf)

    def _bounds(self, other: Measured) -> Bounds:
        low, high = min(self._range[0], other._range[0]), max(self._range[1], other._range[1])
        return None if np.isinf(high - low) else (low - high, high - low)
