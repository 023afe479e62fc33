"""How a worst case differs from the device it was searched around, knob by knob."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Change:
    """One number of one knob that the search moved."""

    name: str
    """With its index where the knob has several numbers: ``isp.white_balance.gains[2]``."""
    unit: str
    before: float
    after: float
    low: float
    high: float

    @property
    def start(self) -> float:
        """Where ``before`` lies in the searched range, 0 to 1."""
        return self._place(self.before)

    @property
    def end(self) -> float:
        """Where ``after`` lies in the searched range, 0 to 1."""
        return self._place(self.after)

    @property
    def travel(self) -> float:
        """How much of the searched range the number crossed, 0 to 1."""
        return abs(self.end - self.start)

    def _place(self, value: float) -> float:
        width = self.high - self.low
        return min(max((value - self.low) / width, 0.0), 1.0) if width > 0 else 0.5


def changes(knobs: Iterable[Mapping[str, Any]]) -> tuple[list[Change], int]:
    """The numbers that moved, the furthest first, and how many stayed where they were.

    ``knobs`` is the list in results.json: name, unit, from, to, low, high, the last four of one shape.
    """
    everything = [change for knob in knobs for change in _components(knob)]
    moved = [change for change in everything if change.travel > 1e-6]
    return sorted(moved, key=lambda change: -change.travel), len(everything) - len(moved)


def _components(knob: Mapping[str, Any]) -> list[Change]:
    before, after, low, high = (np.asarray(knob[key], np.float64) for key in ("from", "to", "low", "high"))
    unit = "" if knob["unit"] == "1" else knob["unit"]
    return [
        Change(
            name=knob["name"] + (f"[{','.join(map(str, index))}]" if before.size > 1 else ""),
            unit=unit,
            before=float(before[index]),
            after=float(after[index]),
            low=float(low[index]),
            high=float(high[index]),
        )
        for index in np.ndindex(before.shape)
    ]
