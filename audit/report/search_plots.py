"""The plots of a search: how it went, what more freedom costs, and which knobs do the harm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from audit.report.escape import plotly_text, shorten
from audit.report.figure import ALARM, GUIDE, INK, SERIES, legend_above, page_layout
from audit.report.rows import Metric
from audit.stats import Interval

AXES = {
    "ssim": "Least SSIM to the device's own picture",
    "psnr": "Least PSNR to the device's own picture, dB",
    "l2": "Largest RMS difference to the device's own picture",
    "delta_e": "Largest mean colour difference to the device's own picture, ΔE",
    "lambda": "Weight λ of the difference to the device's own picture",
    "scale": "Share of the plausible ranges that may be used",
}
FALLING = frozenset({"ssim", "psnr", "lambda"})
"""Axes that fall as the search gets freer; every plot gets freer from left to right."""
NO_FREEDOM = {"ssim": 1.0, "l2": 0.0, "delta_e": 0.0, "scale": 0.0}
"""Where the device as it is lies on an axis; a PSNR or a weight would have to be infinite there."""
BAR_PIXELS = 30
DEVICE = "the device as it is"


def trajectory_figure(runs: Sequence[Mapping[str, Any]], at_device: float, loss: str) -> go.Figure:
    """Best value so far against the evaluations spent, a line for each search.

    ``runs``: the name of each, and ``best_so_far`` as [evaluations, value].
    """
    figure = go.Figure()
    for number, run in enumerate(runs):
        spent, best = zip(*run["best_so_far"], strict=True)
        figure.add_scatter(
            x=list(spent),
            y=list(best),
            mode="lines",
            name=plotly_text(run["name"]),
            line={"shape": "hv", "width": 2.5, "color": SERIES[number], "dash": "solid" if number == 0 else "dot"},
            hovertemplate="%{x:.0f} evaluations: %{y:.4f}<extra></extra>",
        )
    _guide(figure, at_device, horizontal=True)
    figure.update_layout(
        page_layout(330, top=44),
        legend=legend_above(0.03),
        showlegend=True,
        xaxis=_axis("Evaluations of the model on the search half") | {"rangemode": "tozero"},
        yaxis=_axis(f"{loss}, best so far"),
    )
    return figure


def curve_figure(points: Sequence[tuple[float, Interval]], axis: str, of_device: Interval, metric: Metric) -> go.Figure:
    """Harm on held-out samples with its interval against how far the search may go; ``points`` tightest first."""
    figure = go.Figure()
    at, intervals = [list(part) for part in zip(*points, strict=True)]
    if axis in NO_FREEDOM:
        at, intervals = [NO_FREEDOM[axis], *at], [of_device, *intervals]
    figure.add_scatter(
        x=[*at, *at[::-1]],
        y=[metric.scale * i.high for i in intervals] + [metric.scale * i.low for i in intervals[::-1]],
        fill="toself",
        fillcolor="rgba(209,69,59,0.13)",
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
        showlegend=False,
    )
    figure.add_scatter(
        x=at,
        y=[metric.scale * i.value for i in intervals],
        mode="lines+markers",
        cliponaxis=False,
        line={"color": ALARM, "width": 2.5},
        marker={"size": 9, "color": ALARM},
        error_y=_whiskers(intervals, metric),
        hoverinfo="text",
        hovertext=[_hover(i, metric) for i in intervals],
        showlegend=False,
    )
    _guide(figure, metric.scale * of_device.value, horizontal=True)
    figure.update_layout(
        page_layout(330),
        xaxis=_axis(AXES[axis])
        | {"autorange": "reversed" if axis in FALLING else True}
        | ({"type": "log", "dtick": 1} if axis == "lambda" else {"tickvals": at, "tickformat": ".3~g"}),
        yaxis=_axis(f"{metric.title} ({metric.unit})") | {"rangemode": "tozero"},
    )
    return figure


def groups_figure(groups: Mapping[str, Interval], of_device: Interval, metric: Metric) -> go.Figure:
    """The worst case that each group of knobs can do by itself, with its interval; worst on top."""
    ordered = sorted(groups.items(), key=lambda item: item[1].value)
    intervals = [interval for _, interval in ordered]
    figure = go.Figure()
    figure.add_bar(
        y=[plotly_text(shorten(group, 34)) for group, _ in ordered],
        x=[metric.scale * i.value for i in intervals],
        orientation="h",
        width=0.6,
        marker={"color": [ALARM if group == "all" else INK for group, _ in ordered]},
        error_x=_whiskers(intervals, metric),
        hoverinfo="text",
        hovertext=[_hover(i, metric) for i in intervals],
        showlegend=False,
    )
    _guide(figure, metric.scale * of_device.value, horizontal=False)
    figure.update_layout(
        page_layout(BAR_PIXELS * len(ordered) + 100, top=40),
        xaxis=_axis(f"{metric.title} ({metric.unit})") | {"zeroline": True},
        yaxis={"automargin": True, "ticks": "outside", "ticklen": 6, "tickcolor": "rgba(0,0,0,0)"},
    )
    return figure


def ladder_figure(
    scores: Mapping[str, Sequence[float]], weights: Sequence[float], score_of_device: float, title: str
) -> go.Figure:
    """Score on held-out samples against the weight of the fidelity, by group, in the order of the weights."""
    figure = go.Figure()
    for number, (group, values) in enumerate(scores.items()):
        figure.add_scatter(
            x=list(weights),
            y=[100 * value for value in values],
            mode="lines+markers",
            name=plotly_text(group),
            line={
                "color": SERIES[number % len(SERIES)],
                "width": 3 if number == 0 else 2,
                "dash": "solid" if number < len(SERIES) else "dot",
            },
            marker={"size": 7},
            hovertemplate="λ = %{x:g}: %{y:.1f} %<extra>%{fullData.name}</extra>",
        )
    _guide(figure, 100 * score_of_device, horizontal=True)
    figure.update_layout(
        page_layout(400, top=72),
        legend=legend_above(0.04),
        showlegend=True,
        xaxis=_axis(AXES["lambda"]) | {"type": "log", "autorange": "reversed", "dtick": 1},
        yaxis=_axis(f"{title}, %"),
    )
    return figure


def _axis(title: str) -> dict[str, Any]:
    return {"title": {"text": title, "standoff": 8}, "automargin": True, "zeroline": False}


def _hover(interval: Interval, metric: Metric) -> str:
    return (
        f"{metric.title} {metric.with_unit(interval.value)}"
        f"<br>95% interval {metric.text(interval.low)} to {metric.text(interval.high)}"
    )


def _whiskers(intervals: Sequence[Interval], metric: Metric) -> dict[str, Any]:
    return {
        "type": "data",
        "symmetric": False,
        "array": [metric.scale * (i.high - i.value) for i in intervals],
        "arrayminus": [metric.scale * (i.value - i.low) for i in intervals],
        "color": GUIDE,
        "thickness": 1.5,
        "width": 0,
    }


def _guide(figure: go.Figure, at: float, *, horizontal: bool) -> None:
    """Where the device as it is stands."""
    line = {"color": GUIDE, "width": 1.5, "dash": "dash"}
    if horizontal:
        figure.add_hline(y=at, line=line, annotation_text=DEVICE, annotation_position="bottom right")
    else:
        figure.add_vline(x=at, line=line, annotation_text=DEVICE, annotation_position="top")
