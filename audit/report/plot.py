"""The interactive plot: the drift of each profile with its interval beside the margin, and the divergence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from audit.report.escape import plotly_text, shorten
from audit.report.figure import ALARM, CALM, CAUTION, GUIDE, legend_above, page_layout
from audit.report.rows import SEVERITY, Metric, Row, View, known

COLOURS = {"FAIL": ALARM, "INCONCLUSIVE": CAUTION, "PASS": CALM}
SYMBOLS = {"FAIL": "x", "INCONCLUSIVE": "diamond-open", "PASS": "circle"}
BAR_COLOUR = "#8fa3bf"
MOST_ROWS = 60
ROW_PIXELS = 19
TOP, BOTTOM = 72, 48
"""Pixels above and below the rows."""


def drift_figure(view: View) -> go.Figure | None:
    """A forest plot of each judged metric and bars of the divergence, worst profile on top.

    None where no profile was measured. Only the ``MOST_ROWS`` worst are drawn; the table has them all.
    """
    rows = [row for row in view.rows if row.intervals][:MOST_ROWS]
    if not rows:
        return None
    panels = [metric for metric in view.metrics if metric is view.primary or metric.key in view.margins]
    figure = go.Figure()
    for number, metric in enumerate(panels, 1):
        for verdict in SEVERITY:
            _whiskers(figure, rows, metric, verdict, _axis(number), view.level, legend=number == 1)
        if metric.key in view.margins:
            _margin_line(figure, metric, view.margins[metric.key], number)
    if view.change is not None:
        _bars(figure, rows, view.change, _axis(len(panels) + 1), view.level)
    _layout(figure, rows, panels, view.change)
    return figure


def _axis(number: int) -> str:
    return "x" if number == 1 else f"x{number}"


def _hover(row: Row, metric: Metric, level: str) -> str:
    interval = row.intervals[metric.key]
    return (
        f"<b>{plotly_text(shorten(row.name, 60))}</b><br>{plotly_text(shorten(row.title, 60))}<br>"
        f"{metric.title}: {metric.with_unit(interval.value)}"
        f"<br>{level} interval {metric.limits(interval)}"
        f"<br>{row.verdict}, {row.samples} scenes"
    )


def _error_x(metric: Metric, rows: Sequence[Row], colour: str) -> dict[str, Any]:
    # A mark without a line: its interval is not known.
    intervals = [row.intervals[metric.key] for row in rows]
    spans = [(x.value - x.low, x.high - x.value) if known(x) else (0.0, 0.0) for x in intervals]
    return {
        "type": "data",
        "symmetric": False,
        "array": [above * metric.scale for _, above in spans],
        "arrayminus": [below * metric.scale for below, _ in spans],
        "color": colour,
        "thickness": 1.5,
        "width": 0,
    }


def _whiskers(
    figure: go.Figure, rows: Sequence[Row], metric: Metric, verdict: str, axis: str, level: str, *, legend: bool
) -> None:
    places = [place for place, row in enumerate(rows) if row.verdict == verdict and metric.key in row.intervals]
    if not places:
        return
    chosen = [rows[place] for place in places]
    figure.add_scatter(
        x=[row.intervals[metric.key].value * metric.scale for row in chosen],
        y=places,
        xaxis=axis,
        mode="markers",
        cliponaxis=False,
        name=verdict,
        legendgroup=verdict,
        showlegend=legend,
        marker={
            "color": COLOURS[verdict],
            "symbol": SYMBOLS[verdict],
            "size": 8,
            "line": {"width": 1.5, "color": COLOURS[verdict]},
        },
        error_x=_error_x(metric, chosen, COLOURS[verdict]),
        hoverinfo="text",
        hovertext=[_hover(row, metric, level) for row in chosen],
    )


def _bars(figure: go.Figure, rows: Sequence[Row], metric: Metric, axis: str, level: str) -> None:
    places = [place for place, row in enumerate(rows) if metric.key in row.intervals]
    chosen = [rows[place] for place in places]
    figure.add_bar(
        x=[row.intervals[metric.key].value * metric.scale for row in chosen],
        y=places,
        xaxis=axis,
        orientation="h",
        width=0.55,
        marker={"color": BAR_COLOUR},
        error_x=_error_x(metric, chosen, GUIDE),
        showlegend=False,
        hoverinfo="text",
        hovertext=[_hover(row, metric, level) for row in chosen],
    )


def _margin_line(figure: go.Figure, metric: Metric, margin: float, number: int) -> None:
    place = {"xref": _axis(number), "yref": "paper"}
    at = margin * metric.scale
    line = {"color": GUIDE, "width": 1.5, "dash": "dash"}
    figure.add_shape(type="line", x0=at, x1=at, y0=0, y1=1, line=line, **place)
    figure.add_annotation(text=f"margin {metric.text(margin)}", x=at, y=1, yanchor="bottom", showarrow=False, **place)


def _layout(figure: go.Figure, rows: Sequence[Row], panels: Sequence[Metric], bars: Metric | None) -> None:
    # The forest panels share two thirds of the width, the bars have the rest.
    share = (1.0 if bars is None else 0.66) / len(panels)
    for number, metric in enumerate([*panels, *([] if bars is None else [bars])], 1):
        start = share * (number - 1)
        end = 1.0 if metric is bars else start + share - 0.04
        unit = f" ({metric.unit})" if metric.unit else ""
        figure.update_layout(
            {
                f"xaxis{number if number > 1 else ''}": {
                    "domain": [start, end],
                    "anchor": "y",
                    "title": {"text": metric.title + unit, "standoff": 8},
                    "rangemode": "tozero",
                    "zeroline": True,
                }
            }
        )
    figure.update_yaxes(
        tickmode="array",
        tickvals=list(range(len(rows))),
        ticktext=[plotly_text(shorten(row.name, 34)) for row in rows],
        range=[len(rows) - 0.4, -0.6],
        automargin=True,
        zeroline=False,
        ticks="outside",
        ticklen=6,
        tickcolor="rgba(0,0,0,0)",
    )
    figure.update_layout(
        page_layout(ROW_PIXELS * len(rows) + TOP + BOTTOM, top=TOP, bottom=BOTTOM),
        # Above the words at the margin line.
        legend=legend_above(26 / (ROW_PIXELS * len(rows))),
    )
