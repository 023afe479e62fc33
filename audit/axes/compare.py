"""How camera drift compares with post-hoc corruption: at which severity a corruption costs as much as a device does.

Conventions. Severity 0 is the reference's own picture, whose drop is 0. Between measured severities the drop is taken
to be linear, and never to fall: where it was measured to fall, the levels are pooled (isotonic regression). A device's
severity is where that line first reaches its drop: 0 for a drop of 0 or less, beyond the last severity where the line
stays below. Its limits are those that both intervals allow: the device's lower limit on the line through the
corruption's upper limits, and the other way round. That is wider than it need be, never narrower.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from audit.corruptions.common import CORRUPTIONS
from audit.corruptions.name import read_step
from audit.stats import Interval


@dataclass(frozen=True)
class Curve:
    """What a corruption costs."""

    key: str
    """See `audit.corruptions.CORRUPTIONS`."""
    costs: Mapping[int, Interval]
    """Drops by severity, as far as they were measured; at least one."""

    @property
    def last(self) -> int:
        return max(self.costs)

    def severity(self, drop: Interval) -> Interval:
        """Where the corruption costs as much as that, with limits; infinite beyond the last severity."""
        severities = np.array([0, *sorted(self.costs)], dtype=np.float64)
        value, low, high = (
            _rising([getattr(self.costs[severity], part) for severity in sorted(self.costs)])
            for part in ("value", "low", "high")
        )
        return Interval(
            _first_at(severities, value, drop.value),
            _first_at(severities, high, drop.low),
            _last_at(severities, low, drop.high),
        )


@dataclass(frozen=True)
class Likeness:
    """A device, or a point on an axis, on the yardstick."""

    name: str
    drop: Interval
    severities: Mapping[str, Interval]
    """By corruption: where it costs as much; infinite beyond the last severity that was measured."""
    nearest: str | None
    """Of the corruptions that reach its drop, the one that was measured closest to it; None: none does."""
    typical: float
    """Median of the severities over all corruptions; infinite where most do not reach its drop."""


@dataclass(frozen=True)
class Yardstick:
    """Corruptions, and the devices beside them."""

    curves: tuple[Curve, ...]
    devices: tuple[Likeness, ...]
    """Costliest first."""

    def to_json(self) -> dict[str, Any]:
        """JSON-able; what is infinite is null."""
        return {
            "corruptions": {
                curve.key: {str(severity): _json(cost) for severity, cost in curve.costs.items()}
                for curve in self.curves
            },
            "devices": [
                {
                    "profile": device.name,
                    "drop": _json(device.drop),
                    "nearest": device.nearest,
                    "typical_severity": _finite(device.typical),
                    "severities": {key: _json(found) for key, found in device.severities.items()},
                }
                for device in self.devices
            ],
        }


def compare(drops: Mapping[str, Interval]) -> Yardstick:
    """Put devices on the yardstick.

    Args:
        drops: by name, of everything measured but the reference: corruptions (``corruption/fog@3``), the rest are
            devices. Of one metric, in one unit, positive where something is lost; flip rates do as well. What has no
            interval is left out by the caller.

    Returns:
        Without a single corruption the curves are empty and devices like nothing.
    """
    costs: dict[str, dict[int, Interval]] = {}
    for name, drop in drops.items():
        step = read_step(name)
        if step is not None:
            costs.setdefault(step.key, {})[step.severity] = drop
    curves = tuple(Curve(key, dict(sorted(found.items()))) for key, found in costs.items())
    devices = [_likeness(name, drop, curves) for name, drop in drops.items() if read_step(name) is None]
    return Yardstick(curves, tuple(sorted(devices, key=lambda device: (-device.drop.value, device.name))))


def in_words(device: Likeness) -> str:
    """What it costs, for a report: ``as much as fog at severity 2.3 (1.9 to 2.8)``."""
    if device.drop.value <= 0:
        return "nothing that a corruption could be compared with"
    if device.nearest is None:
        return "more than any corruption at the last severity measured" if device.severities else "not compared"
    found = device.severities[device.nearest]
    high = f"to {found.high:.1f}" if math.isfinite(found.high) else "or more"
    title = CORRUPTIONS[device.nearest].title
    return f"as much as {title} at severity {found.value:.1f} ({found.low:.1f} {high})"


def _likeness(name: str, drop: Interval, curves: tuple[Curve, ...]) -> Likeness:
    severities = {curve.key: curve.severity(drop) for curve in curves}
    reaching = [curve for curve in curves if math.isfinite(severities[curve.key].value)]
    nearest = min(
        reaching,
        key=lambda curve: min(abs(cost.value - drop.value) for cost in curve.costs.values()),
        default=None,
    )
    typical = median(found.value for found in severities.values()) if severities else math.inf
    return Likeness(name, drop, severities, None if nearest is None or drop.value <= 0 else nearest.key, typical)


def _rising(costs: list[float]) -> NDArray[np.float64]:
    """The costs from severity 0 on, made never to fall and never to lie below 0."""
    pooled = isotonic_regression(np.array(costs, dtype=np.float64)).x
    return np.concatenate([[0.0], np.maximum(pooled, 0)])


def _first_at(severities: NDArray[np.float64], costs: NDArray[np.float64], cost: float) -> float:
    """The first severity at which a rising line reaches a cost; infinite: none."""
    return _between(severities, costs, cost, int(np.searchsorted(costs, cost, side="left")))


def _last_at(severities: NDArray[np.float64], costs: NDArray[np.float64], cost: float) -> float:
    """The last severity at which a rising line is not above a cost; infinite: it never is."""
    return _between(severities, costs, cost, int(np.searchsorted(costs, cost, side="right")))


def _between(severities: NDArray[np.float64], costs: NDArray[np.float64], cost: float, place: int) -> float:
    """Where the line has that cost before the point ``place``, whose cost is higher than that of the one before."""
    if place == len(costs):
        return math.inf
    if place == 0:
        return 0.0
    pair = slice(place - 1, place + 1)
    return float(np.interp(cost, costs[pair], severities[pair]))


def _json(interval: Interval) -> dict[str, float | None]:
    return {"value": _finite(interval.value), "low": _finite(interval.low), "high": _finite(interval.high)}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
