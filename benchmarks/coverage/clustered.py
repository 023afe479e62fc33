"""Hits in clusters, such as frames of videos: losses and gains come in bunches."""

from __future__ import annotations

import numpy as np

from audit.stats.drop import MeanDrop
from benchmarks.coverage.case import Case, Rng

SIZE = 10
"""Frames of a cluster, on average."""


def videos(rng: Rng, clusters: int, lost: float, gained: float, likeness: float) -> MeanDrop:
    """Each cluster has its own rates of losses and gains, beta-distributed; ``likeness``: intraclass correlation.

    A frame is lost with the first, and of those that are not, gained with the second.
    """
    sizes = rng.poisson(SIZE - 1, clusters) + 1
    spread = (1 - likeness) / likeness
    rates = [np.repeat(rng.beta(rate * spread, (1 - rate) * spread, clusters), sizes) for rate in (lost, gained)]
    chance = rng.random((2, sizes.sum()))
    hit = chance < rates
    differences = np.where(hit[0], 1.0, np.where(hit[1], -1.0, 0.0))
    return MeanDrop(differences, clusters=np.repeat(np.arange(clusters), sizes))


def _case(title: str, lost: float, gained: float, likeness: float) -> Case:
    def draw(rng: Rng, clusters: int) -> MeanDrop:
        return videos(rng, clusters, lost, gained, likeness)

    key = f"videos-{lost:g}-{gained:g}-{likeness:g}"
    counts = (10, 20, 50, 100, 200, 500)
    return Case(
        key, title, draw, lambda: lost - (1 - lost) * gained, counts, 2000, 1_000_000, "hits in clusters", size=SIZE
    )


CLUSTERED = tuple(
    _case(f"{100 * lost:g} % lost, {100 * gained:g} % gained, correlation {likeness:g}", lost, gained, likeness)
    for lost, gained in ((0.05, 0.03), (0.1, 0.02), (0.2, 0.15))
    for likeness in (0.05, 0.3, 0.8)
)
