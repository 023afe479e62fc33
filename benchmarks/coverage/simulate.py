"""Draw, estimate, compare with the truth: one case with one number of samples."""

from __future__ import annotations

import zlib

import numpy as np
from scipy.stats import t as student_t

from audit.stats import bootstrap_mean
from audit.stats.drop import MeanDrop
from benchmarks.coverage.case import Case
from benchmarks.search.store import Entry

TAIL = 0.025


def simulate(case: Case, count: int, simulations: int) -> Entry:
    """How often the 95 % interval lies below the truth, and above it; the same for the same arguments."""
    rng = np.random.default_rng([zlib.crc32(case.key.encode()), count])
    truth = case.truth()
    p_values = np.array([case.draw(rng, count).p_above(truth) for _ in range(simulations)])
    below, above = float((p_values > 1 - TAIL).mean()), float((p_values < TAIL).mean())
    found = {"simulations": simulations, "truth": truth, "below": below, "above": above}
    return {"case": case.key, "count": count} | found


def usual_ways(case: Case, count: int, simulations: int) -> Entry:
    """The same of what is usual for means: Student's t, and the percentile bootstrap."""
    rng = np.random.default_rng([zlib.crc32(case.key.encode()), count])
    truth = case.truth()
    quantile = float(student_t.isf(TAIL, count - 1))
    beyond = np.zeros((2, 2))
    for seed in range(simulations):
        drop = case.draw(rng, count)
        if not isinstance(drop, MeanDrop):
            raise TypeError(f"{case.key}: is not a mean of differences")
        values = np.asarray(drop.differences)
        half = quantile * values.std(ddof=1) / np.sqrt(count)
        percentile = bootstrap_mean(values, seed=seed, resamples=500)
        limits = np.array([[values.mean() - half, values.mean() + half], [percentile.low, percentile.high]])
        beyond += np.stack([limits[:, 1] < truth, limits[:, 0] > truth], axis=1)
    names = ("t", "bootstrap")
    return {"case": case.key, "count": count, "simulations": simulations} | {
        name: {"below": float(row[0]) / simulations, "above": float(row[1]) / simulations}
        for name, row in zip(names, beyond, strict=True)
    }
