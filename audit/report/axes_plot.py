"""The plots of drift axes: what each step costs, and the common corruptions beside the devices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean
from typing import Any

import plotly.graph_objects as go

from audit.axes import Axis
from audit.axes.compare import Curve, Likeness, Yardstick, in_words
from audit.axes.lines import Line
from audit.axes.name import number
from audit.corruptions import CORRUPTIONS
from audit.report.escape import plotly_text, shorten
from audit.report.figure import ALARM, GUIDE, INK, SERIES, legend_above, page_layout
from audit.report.rows import Metric
from audit.stats import Interval

HEIGHT = 340
LEGEND_PIXELS = 20
"""Of one line of the legend."""
MOST_LINES = 2 * len(SERIES)
MOST_DEVICES = 40
PALE = "rgba(74,111,165,0.25)"
"""Behind digits, which the page writes in its own ink by day and by night."""
SHIFT = 0.006
"""Between the points of two devices at the same value, as a share of the axis."""
ROW_PIXELS = 21
TOP, BOTTOM = 40, 48


def axis_figure(lines: Sequence[Line], axis: Axis, metric: Metric, level: str) -> go.Figure | None:
    """Drop with its interval against the value, a line for each device; None without one.

    ``metric``: of the drops; ``level``: of the intervals in words, ``95%``. The first ``MOST_LINES`` are drawn.
    """
    shown = lines[:MOST_LINES]
    if not shown:
        return None
    steps = sorted({value for line in shown for value in line.drops})
    ends = steps[0], steps[-1]
    figure = go.Figure()
    for place, line in enumerate(shown):
        figure.add_scatter(
            x=_beside(list(line.drops), place - (len(shown) - 1) / 2, ends, logarithmic=axis.logarithmic),
            y=[metric.scale * drop.value for drop in line.drops.values()],
            mode="lines+markers" if axis.ordered else "markers",
            name=plotly_text(shorten(line.device, 34)),
            cliponaxis=False,
            line={
                "color": SERIES[place % len(SERIES)],
                "width": 2.5,
                "dash": "solid" if place < len(SERIES) else "dot",
            },
            marker={"size": 8, "color": SERIES[place % len(SERIES)]},
            error_y=_whiskers(list(line.drops.values()), metric, SERIES[place % len(SERIES)]),
            hoverinfo="text",
            hovertext=[_hover(line, axis, value, metric, level) for value in line.drops],
        )
    unit = f", {plotly_text(axis.unit)}" if axis.unit else ""
    # Names of devices are long: one in a line on a phone, so that this much is kept free.
    top = 16 + LEGEND_PIXELS * len(shown)
    figure.update_layout(
        page_layout(HEIGHT + top, top=top),
        legend=legend_above(8 / (HEIGHT - BOTTOM)) | {"orientation": "v"},
        showlegend=True,
        xaxis=_plain_axis(axis.title + unit) | _ticks(steps, logarithmic=axis.logarithmic),
        yaxis=_plain_axis(f"{metric.title}, {metric.unit}" if metric.unit else metric.title) | {"rangemode": "tozero"},
    )
    figure.add_hline(y=0, line={"color": GUIDE, "width": 1.5})
    return figure


def yardstick_figure(yardstick: Yardstick, metric: Metric, level: str) -> go.Figure | None:
    """Devices with their intervals, costliest on top; below them the corruptions, each with its severities.

    None without devices or corruptions. Only the ``MOST_DEVICES`` costliest devices are drawn.
    """
    devices = yardstick.devices[:MOST_DEVICES]
    curves = sorted(yardstick.curves, key=lambda curve: -fmean(cost.value for cost in curve.costs.values()))
    if not devices or not curves:
        return None
    figure = go.Figure()
    figure.add_scatter(
        x=[metric.scale * device.drop.value for device in devices],
        y=list(range(len(devices))),
        mode="markers",
        name="device with its interval",
        cliponaxis=False,
        marker={"size": 9, "color": ALARM, "symbol": "diamond"},
        error_x=_whiskers([device.drop for device in devices], metric, ALARM),
        hoverinfo="text",
        hovertext=[_device_hover(device, metric, level) for device in devices],
    )
    for place, curve in enumerate(curves):
        figure.add_scatter(
            x=[metric.scale * cost.value for cost in curve.costs.values()],
            y=[len(devices) + 1 + place] * len(curve.costs),
            mode="markers+text",
            text=[str(severity) for severity in curve.costs],
            textfont={"size": 10},
            name="corruption at severity",
            legendgroup="corruption",
            showlegend=place == 0,
            cliponaxis=False,
            marker={"size": 15, "color": PALE, "line": {"width": 1.5, "color": INK}},
            hoverinfo="text",
            hovertext=[_curve_hover(curve, severity, metric, level) for severity in curve.costs],
        )
    names = [plotly_text(shorten(device.name, 34)) for device in devices]
    titles = [CORRUPTIONS[curve.key].title for curve in curves]
    rows = len(devices) + 1 + len(curves)
    figure.add_vline(x=0, line={"color": GUIDE, "width": 1.5})
    figure.update_layout(
        page_layout(ROW_PIXELS * rows + TOP + BOTTOM, top=TOP, bottom=BOTTOM),
        legend=legend_above(10 / (ROW_PIXELS * rows)),
        showlegend=True,
        xaxis=_plain_axis(f"{metric.title}, {metric.unit}" if metric.unit else metric.title),
        yaxis={
            "tickmode": "array",
            "tickvals": [place for place in range(rows) if place != len(devices)],
            "ticktext": [*names, *titles],
            "range": [rows - 0.4, -0.6],
            "automargin": True,
            "zeroline": False,
            "ticks": "outside",
            "ticklen": 6,
            "tickcolor": "rgba(0,0,0,0)",
        },
    )
    return figure


def _beside(values: Sequence[float], place: float, ends: tuple[float, float], *, logarithmic: bool) -> list[float]:
    """The values a little to one side, so that the intervals of several devices can be told apart."""
    share = place * SHIFT
    if logarithmic:
        return [value * (ends[1] / ends[0]) ** share for value in values]
    return [value + (ends[1] - ends[0]) * share for value in values]


def _ticks(values: Sequence[float], *, logarithmic: bool) -> dict[str, Any]:
    """A tick at every value that was measured."""
    ticks = {"tickmode": "array", "tickvals": list(values), "ticktext": [number(value) for value in values]}
    return ticks | ({"type": "log"} if logarithmic else {})


def _plain_axis(title: str) -> dict[str, Any]:
    return {"title": {"text": title, "standoff": 8}, "automargin": True, "zeroline": False}


def _whiskers(intervals: Sequence[Interval], metric: Metric, colour: str) -> dict[str, Any]:
    return {
        "type": "data",
        "symmetric": False,
        "array": [metric.scale * (interval.high - interval.value) for interval in intervals],
        "arrayminus": [metric.scale * (interval.value - interval.low) for interval in intervals],
        "color": colour,
        "thickness": 1.5,
        "width": 0,
    }


def _of(interval: Interval, metric: Metric, level: str) -> str:
    return (
        f"{metric.title} {metric.with_unit(interval.value)}"
        f"<br>{level} interval {metric.text(interval.low)} to {metric.text(interval.high)}"
    )


def _hover(line: Line, axis: Axis, value: float, metric: Metric, level: str) -> str:
    device = plotly_text(shorten(line.device, 60))
    at = f"{axis.title} {number(value)}" + (f" {plotly_text(axis.unit)}" if axis.unit else "")
    return f"<b>{device}</b><br>{at}<br>{_of(line.drops[value], metric, level)}"


def _device_hover(device: Likeness, metric: Metric, level: str) -> str:
    typical = f"{device.typical:.1f}" if math.isfinite(device.typical) else "beyond the last"
    return (
        f"<b>{plotly_text(shorten(device.name, 60))}</b><br>{_of(device.drop, metric, level)}"
        f"<br>costs {in_words(device)}<br>median severity of all corruptions: {typical}"
    )


def _curve_hover(curve: Curve, severity: int, metric: Metric, level: str) -> str:
    return f"<b>{CORRUPTIONS[curve.key].title}</b>, severity {severity}<br>{_of(curve.costs[severity], metric, level)}"
