"""Rates: the probability of every outcome is known, so nothing is simulated."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, norm

Z = float(norm.isf(0.025))


def single_rate(count: int, rate: float) -> tuple[float, float]:
    """Probability that Wilson's 95 % interval lies below the true rate, and above it."""
    hits = np.arange(count + 1)
    score = (hits - count * rate) / np.sqrt(count * rate * (1 - rate))
    chance = binom.pmf(hits, count, rate)
    return float(chance[score < -Z].sum()), float(chance[score > Z].sum())


def paired_rate(count: int, drop: float, discordance: float) -> tuple[float, float]:
    """Probability that Tango's 95 % interval lies below the true drop, and above it; 0 <= drop <= discordance."""
    most = min(count, int(binom.isf(1e-10, count, discordance)))
    lost, gained = np.meshgrid(np.arange(most + 1), np.arange(most + 1), indexing="ij")
    changed = lost + gained
    chance = binom.pmf(np.arange(count + 1), count, discordance)[np.minimum(changed, count)]
    chance = chance * binom.pmf(lost, changed, (discordance + drop) / 2 / discordance)
    chance[changed > count] = 0.0
    score = tango_score(lost, gained, count, drop)
    return float(chance[score < -Z].sum()), float(chance[score > Z].sum())


def tango_score(lost: NDArray[np.intp], gained: NDArray[np.intp], count: int, drop: float) -> NDArray[np.float64]:
    """Tango's statistic of many tables at once, 0 <= drop < 1; `audit.stats.tango_p_above` is its upper tail."""
    linear = (2 * count - lost + gained) * drop - lost - gained
    constant = gained * drop * (1 - drop)
    root = np.sqrt(linear**2 + 8 * count * constant)
    with np.errstate(divide="ignore", invalid="ignore"):
        chance = np.where(linear <= 0, (root - linear) / (4 * count), 2 * constant / (root + linear))
        score = (lost - gained - count * drop) / np.sqrt(count * (2 * chance + drop * (1 - drop)))
    return np.nan_to_num(score, nan=0.0)
