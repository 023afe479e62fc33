"""Metrics that are no means, such as mAP: what each part of the samples adds, by leaving it out.

Each unit (a sample, a cluster or, of many, a random group) gets a pseudo-value, what it adds to the metric; of a
plain mean these are its own sums. Tukey, Ann. Math. Statist. 29 (1958) 614; empirical likelihood of pseudo-values:
Jing, Yuan, Zhou, J. Am. Stat. Assoc. 104 (2009) 1224-1232.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.stats.clusters import Clusters, cluster_indices
from audit.tasks.metric import Aggregate, Columns

MOST_UNITS = 500
"""More units are left out in this many random groups: it bounds the work, and costs next to no precision."""
_SEED = 0
_BLOCK = 2**20
"""Weights at a time: bounds the memory."""


@dataclass(frozen=True)
class LeftOut:
    """A metric of all samples, and of all but one unit."""

    value: float
    without: NDArray[np.float64]
    """(G,): NaN where the metric is not defined without that unit."""
    sizes: NDArray[np.float64]
    """(G,): number of samples of each unit."""

    @property
    def pseudo_sums(self) -> NDArray[np.float64]:
        """(G,): what each unit adds, shifted so that the sums over all samples make the metric itself."""
        samples = self.sizes.sum()
        sums = samples * self.value - (samples - self.sizes) * self.without
        shifted: NDArray[np.float64] = sums + self.sizes * (self.value - sums.sum() / samples)
        return shifted


def leave_out(aggregate: Aggregate, columns: Columns, samples: int, clusters: Clusters | None = None) -> LeftOut:
    """Compute a metric of ``samples`` samples with each unit left out; the units depend on the clusters alone."""
    units = _units(cluster_indices(clusters, samples))
    count = int(units.max()) + 1
    value = float(aggregate(columns, np.ones((1, samples)))[0])
    rows = max(1, _BLOCK // samples)
    without = np.full(count, np.nan)
    if count > 1:
        for start in range(0, count, rows):
            out = np.arange(start, min(start + rows, count))
            without[out] = aggregate(columns, (units != out[:, None]).astype(np.float64))
    return LeftOut(value, without, np.bincount(units).astype(np.float64))


def _units(members: NDArray[np.intp]) -> NDArray[np.intp]:
    count = int(members.max()) + 1
    if count <= MOST_UNITS:
        return members
    groups = np.random.default_rng(_SEED).permutation(count) % MOST_UNITS
    return np.asarray(groups[members], dtype=np.intp)
