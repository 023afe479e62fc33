"""Intervals and tests for audits. Pure functions and values; one idea a file.

Every interval is two-sided at the given confidence. Every one-sided p-value comes from the statistic of the
interval beside it, so ``low > margin`` exactly when ``p < (1 - confidence) / 2`` (but for rounding).
"""

from __future__ import annotations

from audit.stats.interval import Interval
from audit.stats.means import bootstrap_mean
from audit.stats.multiple import holm
from audit.stats.paired import mcnemar_exact, tango, tango_interval, tango_p_above
from audit.stats.rates import wilson, wilson_p_above

__all__ = [
    "Interval",
    "bootstrap_mean",
    "holm",
    "mcnemar_exact",
    "tango",
    "tango_interval",
    "tango_p_above",
    "wilson",
    "wilson_p_above",
]
