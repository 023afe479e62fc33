"""Intervals as JSON, which knows neither NaN nor infinity."""

from __future__ import annotations

import math
from dataclasses import asdict

from audit.stats import Interval


def interval_json(interval: Interval | None) -> dict[str, float | None] | None:
    """``{"value", "low", "high"}``; a limit that is not known is null, and an interval without a value is none."""
    if interval is None or not math.isfinite(interval.value):
        return None
    return {key: value if math.isfinite(value) else None for key, value in asdict(interval).items()}
