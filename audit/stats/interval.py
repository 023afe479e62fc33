"""What an interval is, and what every calculation here checks."""

from __future__ import annotations

import operator
from dataclasses import dataclass

from scipy.stats import norm


@dataclass(frozen=True)
class Interval:
    """An estimate and its confidence limits, in the unit of the estimate."""

    value: float
    low: float
    high: float


def checked_confidence(confidence: float) -> float:
    """ValueError: not in (0, 1)."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie in (0, 1), got {confidence}")
    return confidence


def whole(name: str, value: int) -> int:
    """A count. ValueError: not a whole number, or negative."""
    try:
        count = operator.index(value)
    except TypeError:
        raise ValueError(f"{name} must be a whole number, got {value!r}") from None
    if count < 0:
        raise ValueError(f"{name} must not be negative, got {count}")
    return count


def normal_p_above(excess: float, deviation: float) -> float:
    """Upper tail of the normal at ``excess / deviation``; 0/0 counts as 0."""
    if deviation > 0:
        return float(norm.sf(excess / deviation))
    return 0.5 if excess == 0 else float(excess < 0)
