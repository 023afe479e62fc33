"""Metrics that are no means, such as mAP: what each part of the samples adds, by leaving it out.

Each unit (a sample, a cluster or, of many, a random group) gets a pseudo-value, what it adds to the metric; of a
plain mean these are its own sums. Tukey, Ann. Math. Statist. 29 (1958) 614; empirical likelihood of pseudo-values:
Jing, Yuan, Zhou, J. Am. Stat. Assoc. 104 (2009) 1224-1232.

Metrics that jump, as mAP at its 101 recalls and ECE at its bins, vary too much when one sample is left out, or too
little, by chance; a bootstrap tells how much they really vary, and where the two disagree, it gives the spread.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from audit.stats.clusters import Clusters, cluster_indices
from audit.tasks.metric import Aggregate, Columns

MOST_UNITS = 500
"""More units are left out in this many random groups: it bounds the work, and costs next to no precision."""
DRAWS = 200
"""Of all units with replacement."""
JUMPS = 1.15
"""A jackknife's deviation that is not within this factor of the bootstrap's, three of its own standard errors, is of a
metric that jumps; it then is this many times the bootstrap's, which of few units is too small itself."""
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
    drawn: NDArray[np.float64]
    """(DRAWS,): the metric of G units drawn with replacement, the same ones whatever the metric."""
    independent: int
    """Samples or clusters: G, or more where a unit is a group of them."""

    def minus(self, other: LeftOut) -> LeftOut:
        """The difference of two metrics of the same units. ValueError: of others."""
        if not np.array_equal(self.sizes, other.sizes):
            raise ValueError("both sides must leave out the same units of the same samples")
        value, without, drawn = self.value - other.value, self.without - other.without, self.drawn - other.drawn
        return LeftOut(value, without, self.sizes, drawn, self.independent)

    @cached_property
    def pseudo_sums(self) -> NDArray[np.float64]:
        """(G,): what each unit adds; the sums over all samples make the metric itself."""
        units, samples = len(self.sizes), self.sizes.sum()
        sums = samples * self.value - (samples - self.sizes) * self.without
        excess: NDArray[np.float64] = sums - self.sizes * sums.sum() / samples
        deviation = np.sqrt((excess**2).sum()) / samples
        defined = self.drawn[np.isfinite(self.drawn)]
        if deviation > 0 and len(defined) > DRAWS // 2:
            ratio = float(defined.std()) * np.sqrt(units / (units - 1)) / deviation
            if not 1 / JUMPS <= ratio <= JUMPS:
                excess = excess * (JUMPS * ratio)
        result: NDArray[np.float64] = excess + self.sizes * self.value
        return result


def leave_out(aggregate: Aggregate, columns: Columns, samples: int, clusters: Clusters | None = None) -> LeftOut:
    """Compute a metric of ``samples`` samples with each unit left out; the units depend on the clusters alone."""
    members = cluster_indices(clusters, samples)
    units = _units(members)
    count = int(units.max()) + 1
    value = float(aggregate(columns, np.ones((1, samples)))[0])
    rows = max(1, _BLOCK // samples)
    without = np.full(count, np.nan)
    if count > 1:
        for start in range(0, count, rows):
            out = np.arange(start, min(start + rows, count))
            without[out] = aggregate(columns, (units != out[:, None]).astype(np.float64))
    rng = np.random.default_rng(_SEED)
    drawn = np.concatenate(
        [
            aggregate(columns, rng.multinomial(count, np.full(count, 1 / count), size)[:, units].astype(np.float64))
            for size in _parts(DRAWS, rows)
        ]
    )
    return LeftOut(value, without, np.bincount(units).astype(np.float64), drawn, int(members.max()) + 1)


def _parts(total: int, most: int) -> list[int]:
    return [min(most, total - start) for start in range(0, total, most)]


def _units(members: NDArray[np.intp]) -> NDArray[np.intp]:
    count = int(members.max()) + 1
    if count <= MOST_UNITS:
        return members
    groups = np.random.default_rng(_SEED).permutation(count) % MOST_UNITS
    return np.asarray(groups[members], dtype=np.intp)
