"""Rates over a grid of what may be true: coverage on average and at its worst, exactly.

A rate moves in steps of one sample, so that the coverage of any interval without randomness swings about its nominal
value (Brown, Cai, DasGupta, Statist. Sci. 16 (2001) 101-133). Intervals of rates are therefore judged by the mean over
the true values: Newcombe, Statist. Med. 17 (1998) 857-872; Agresti, Coull, Am. Stat. 52 (1998) 119-126.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from audit.stats.power import least_samples
from benchmarks.coverage.exact import paired_rate, single_rate
from benchmarks.search.store import Entry

RATES = tuple(round(0.005 * step, 3) for step in range(1, 200))
CHANGED = (0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4)
"""Shares of samples that are right under exactly one camera."""
LOSSES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""True drops, as shares of these."""
ENOUGH = 5
"""Expected hits and misses, or changes, of the cells without hardly any."""
MOST_FLIPS = 0.5
"""Margins of flips up to here."""


def single_rates(count: int) -> Entry:
    """Wilson's 95 % interval of ``count`` samples over :data:`RATES`."""
    tails = np.array([single_rate(count, rate) for rate in RATES])
    enough = np.array([count * min(rate, 1 - rate) >= ENOUGH for rate in RATES])
    margins = [rate if rate <= MOST_FLIPS else None for rate in RATES]
    return _entry(count, tails, enough, margins)


def paired_rates(count: int) -> Entry:
    """Tango's 95 % interval of ``count`` samples over :data:`CHANGED` x :data:`LOSSES`."""
    grid = [(loss * changed, changed) for changed in CHANGED for loss in LOSSES]
    tails = np.array([paired_rate(count, drop, changed) for drop, changed in grid])
    enough = np.array([count * changed >= ENOUGH for _, changed in grid])
    return _entry(count, tails, enough, [drop for drop, _ in grid])


def gated(count: int, margin: float) -> bool:
    """Whether so many samples can give PASS at all with this margin of a fraction."""
    return margin <= 0 or count >= least_samples(margin)


def _entry(count: int, tails: NDArray[np.float64], enough: NDArray[np.bool_], margins: Sequence[float | None]) -> Entry:
    """``tails`` (G, 2): below and above each true value; ``margins``: of a gate that stands there, None: none does."""
    passed = np.array(
        [
            np.nan if margin is None else below * gated(count, margin)
            for below, margin in zip(tails[:, 0], margins, strict=True)
        ]
    )
    entry: Entry = {"count": count}
    for name, chosen in (("all", np.ones(len(tails), dtype=bool)), ("enough", enough)):
        held, (below, above) = 1 - tails[chosen].sum(axis=1), tails[chosen].mean(axis=0)
        entry[name] = {
            "cells": int(chosen.sum()),
            "mean": float(held.mean()),
            "lowest": float(held.min()),
            "highest": float(held.max()),
            "below": float(below),
            "above": float(above),
            "passed": float(np.nanmean(passed[chosen])),
            "most_passed": float(np.nanmax(passed[chosen])),
        }
    return entry
