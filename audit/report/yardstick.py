"""The yardstick: devices beside common corruptions of the reference's pictures."""

from __future__ import annotations

import math
from dataclasses import dataclass

import plotly.graph_objects as go

from audit.axes.compare import compare, in_words
from audit.corruptions import CORRUPTIONS
from audit.corruptions.corruption import SEVERITIES
from audit.report.axes_plot import yardstick_figure
from audit.report.rows import View, known
from audit.stats import Interval

ID = "yardstick-plot"
SHOWN = 12
"""Devices that the table shows at once; the others unfold."""


@dataclass(frozen=True)
class Likeness:
    """A device and what it is like."""

    name: str
    drop: Interval
    words: str
    typical: str
    """Median severity over all corruptions."""


@dataclass(frozen=True)
class Ladder:
    """What a corruption costs, severity by severity."""

    title: str
    costs: tuple[Interval | None, ...]
    """None: not measured."""


@dataclass(frozen=True)
class Yardstick:
    """The section."""

    figure: go.Figure | None
    devices: tuple[Likeness, ...]
    """Costliest first."""
    ladders: tuple[Ladder, ...]
    severities: tuple[int, ...] = SEVERITIES
    id: str = ID
    shown: int = SHOWN


def yardstick(view: View) -> Yardstick | None:
    """None where no corruption was measured."""
    if not any(row.role == "corruption" for row in view.beside):
        return None
    rows = {row.name: row.intervals.get(view.primary.key) for row in (*view.rows, *view.beside)}
    found = compare({name: drop for name, drop in rows.items() if drop is not None and known(drop)})
    return Yardstick(
        figure=yardstick_figure(found, view.primary, view.level),
        devices=tuple(
            Likeness(
                device.name,
                device.drop,
                in_words(device),
                f"{device.typical:.1f}" if math.isfinite(device.typical) else "beyond the last",
            )
            for device in found.devices
        ),
        ladders=tuple(
            Ladder(CORRUPTIONS[curve.key].title, tuple(curve.costs.get(severity) for severity in SEVERITIES))
            for curve in found.curves
        ),
    )
