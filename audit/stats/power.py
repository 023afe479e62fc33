"""What a number of samples can show, and how many it takes: planning figures by the normal approximation.

Paired hits: McNemar's test with the variance of the alternative, Miettinen, Biometrics 24 (1968) 339-352. The
*discordance* is the share of samples that are right under exactly one of the two cameras. ``alpha`` is one-sided.
"""

from __future__ import annotations

import math

from scipy.optimize import brentq
from scipy.stats import norm

from audit.stats.interval import checked_confidence

ALPHA = 0.05
POWER = 0.8


def samples_needed(drop: float, discordance: float, alpha: float = ALPHA, power: float = POWER) -> int:
    """Samples with which a true ``drop`` is told from none with probability ``power``.

    A drop above the discordance makes it at least as large itself. ValueError: fractions outside (0, 1].
    """
    _check(alpha, power)
    if not (0 < drop <= 1 and 0 <= discordance <= 1):
        raise ValueError(f"drop must lie in (0, 1] and discordance in [0, 1], got {drop} and {discordance}")
    return math.ceil((_threshold(drop, discordance, alpha, power) / drop) ** 2)


def detectable_drop(samples: int, discordance: float, alpha: float = ALPHA, power: float = POWER) -> float:
    """The least true drop, a fraction, that ``samples`` tell from none with probability ``power``.

    1 where even that would be too little. ValueError: no samples, fractions outside [0, 1].
    """
    _check(alpha, power)
    if samples < 1 or not 0 <= discordance <= 1:
        raise ValueError(f"needs samples and a discordance in [0, 1], got {samples} and {discordance}")

    def excess(drop: float) -> float:
        return drop * math.sqrt(samples) - _threshold(drop, discordance, alpha, power)

    return 1.0 if excess(1.0) <= 0 else float(brentq(excess, 1e-12, 1.0, xtol=1e-12))


def samples_needed_mean(drop: float, deviation: float, alpha: float = ALPHA, power: float = POWER) -> int:
    """:func:`samples_needed` of a mean score whose paired differences have the standard deviation ``deviation``."""
    _check(alpha, power)
    if not (drop > 0 and deviation >= 0):
        raise ValueError(f"drop must be above 0 and deviation not below, got {drop} and {deviation}")
    return max(1, math.ceil(float((norm.isf(alpha) + norm.isf(1 - power)) * deviation / drop) ** 2))


def detectable_mean_drop(samples: int, deviation: float, alpha: float = ALPHA, power: float = POWER) -> float:
    """:func:`detectable_drop` of a mean score, in its unit."""
    _check(alpha, power)
    if samples < 1 or not deviation >= 0:
        raise ValueError(f"needs samples and a deviation not below 0, got {samples} and {deviation}")
    return float((norm.isf(alpha) + norm.isf(1 - power)) * deviation / math.sqrt(samples))


def samples_needed_unpaired(drop: float, rate: float, alpha: float = ALPHA, power: float = POWER) -> int:
    """What it would take with other samples for each camera, where the reference has the hit rate ``rate``.

    Fleiss, Statistical Methods for Rates and Proportions (1981), with the variances of both rates.
    """
    _check(alpha, power)
    if not 0 < drop <= rate < 1:
        raise ValueError(f"needs 0 < drop <= rate < 1, got {drop} and {rate}")
    other = rate - drop
    variance = rate * (1 - rate) + other * (1 - other)
    return math.ceil(float(norm.isf(alpha) + norm.isf(1 - power)) ** 2 * variance / drop**2)


def least_samples(margin: float, confidence: float = 0.95) -> int:
    """Of fewer samples, failures at a rate equal to the margin might well be missed: the gate gives no PASS.

    It is where z^2 / (n + z^2), the end of Tango's and Wilson's interval without any change, falls below the margin.
    ValueError: ``margin`` outside (0, 1).
    """
    if not 0 < margin < 1:
        raise ValueError(f"margin must lie in (0, 1), got {margin}")
    squared = float(norm.isf((1 - checked_confidence(confidence)) / 2)) ** 2
    return math.floor(squared * (1 - margin) / margin) + 1


def rate_power_sentence(
    samples: int, discordance: float, wanted: float, alpha: float = ALPHA, power: float = POWER
) -> str:
    """``With these 200 images a drop of 4.1 points or more would be seen; for 2 points take 771.``

    ``discordance``: as measured; ``wanted``: the drop that one would like to see, such as the margin.
    """
    # Upwards: a drop that would just not be seen must not be promised.
    seen = math.ceil(1000 * detectable_drop(samples, discordance, alpha, power) - 1e-9) / 10
    images = "this image" if samples == 1 else f"these {samples:,} images"
    text = f"With {images} a drop of {seen:.1f} points or more would be seen"
    if seen <= 100 * wanted:
        return f"{text}."
    unit = "point" if wanted == 0.01 else "points"
    return f"{text}; for {100 * wanted:g} {unit} take {samples_needed(wanted, discordance, alpha, power):,}."


def _threshold(drop: float, discordance: float, alpha: float, power: float) -> float:
    """sqrt(samples) times the drop that is seen with probability ``power``."""
    changed = max(discordance, drop)
    return float(norm.isf(alpha) * math.sqrt(changed) + norm.isf(1 - power) * math.sqrt(changed - drop * drop))


def _check(alpha: float, power: float) -> None:
    if not 0 < alpha < power < 1:
        raise ValueError(f"needs 0 < alpha < power < 1, got {alpha} and {power}")
