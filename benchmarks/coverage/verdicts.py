"""The gate itself: which verdicts it gives at, below and above the margin."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from audit.gate import Evidence, Gate, PairedDrop, judge
from audit.stats.drop import MeanDrop, RateDrop
from audit.tasks.metric import Metric
from benchmarks.coverage.case import Rng
from benchmarks.coverage.scores import Part, mixture
from benchmarks.search.store import Entry

MARGIN = 0.05
DROPS = (0.0, 0.025, 0.05, 0.1)
COUNTS = (50, 72, 73, 100, 200, 500, 1000)
"""73 is the least number of samples that can give PASS with this margin."""


@dataclass(frozen=True)
class Gated:
    """One kind of metric."""

    key: str
    title: str
    metric: Metric
    draw: Callable[[Rng, int, float], PairedDrop]
    """From so many samples with this true drop."""


def _hits(rng: Rng, count: int, drop: float) -> RateDrop:
    """The share of changed samples is 10 % and at least the drop."""
    changed = max(0.1, drop)
    lost, gained, _ = rng.multinomial(count, [(changed + drop) / 2, (changed - drop) / 2, 1 - changed])
    return RateDrop(int(lost), int(gained), count)


def _scores(rng: Rng, count: int, drop: float) -> MeanDrop:
    """30 % of the samples change by up to a half, and ``drop / 0.4`` of them fail by 0.4 on average."""
    noise: Part = (0.3, lambda rng, size: rng.uniform(-0.5, 0.5, size), 0.0)
    failures: Part = (drop / 0.4, lambda rng, size: rng.beta(2, 3, size), 0.4)
    return MeanDrop(mixture(noise, failures)[0](rng, count))


GATED = (
    Gated("accuracy", "Accuracy, 10 % change", Metric("accuracy", "Accuracy", "rate", ("score",)), _hits),
    Gated("iou", "IoU per image, 30 % change", Metric("iou", "IoU", "mean", ("score",)), _scores),
)


def verdicts(gated: Gated, count: int, drop: float, simulations: int) -> Entry:
    """How often each verdict is given with a margin of 5 points."""
    rng = np.random.default_rng([count, round(1000 * drop)])
    gate = Gate(max_drop=MARGIN, max_flips=None)
    found: Counter[str] = Counter()
    for _ in range(simulations):
        evidence = Evidence("camera", count, count, gated.draw(rng, count, drop), None)
        found[judge([evidence], gate, gated.metric)[0].verdict] += 1
    shares = {verdict: found[verdict] / simulations for verdict in ("PASS", "FAIL", "INCONCLUSIVE")}
    return {"case": gated.key, "count": count, "drop": drop, "simulations": simulations} | shares
