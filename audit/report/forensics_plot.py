"""The plots of a forensics report: contributions with intervals, and the sensitivity of the knobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from audit.report.escape import plotly_text, shorten
from audit.report.figure import ALARM, CALM, GUIDE, INK, legend_above, page_layout
from audit.report.rows import DROP

ROW_PIXELS = 50
KNOB_PIXELS = 26
TOP, BOTTOM = 64, 48
MOST_KNOBS = 16
FIRST_COLOUR, TOTAL_COLOUR = INK, "#9db4d3"


def contributions(players: Sequence[Mapping[str, Any]]) -> go.Figure | None:
    """Bars of the Shapley values, with both swaps as marks, in the order given; None without players."""
    if not players:
        return None
    places = list(range(len(players)))
    figure = go.Figure()
    figure.add_bar(
        x=[100 * player["value"]["value"] for player in players],
        y=places,
        orientation="h",
        width=0.34,
        name="contribution",
        marker={"color": [ALARM if player["value"]["value"] > 0 else CALM for player in players], "opacity": 0.85},
        error_x=_whiskers([player["value"] for player in players], 100),
        hoverinfo="text",
        hovertext=[_hover(player) for player in players],
        showlegend=False,
    )
    for key, name, symbol, shift in (
        ("alone", "A with this part of B: drop caused alone", "circle", -0.3),
        ("healed", "B with this part of A: drop healed", "diamond", 0.3),
    ):
        figure.add_scatter(
            x=[100 * player[key]["value"] for player in players],
            y=[place + shift for place in places],
            mode="markers",
            name=name,
            cliponaxis=False,
            marker={"symbol": symbol, "size": 7, "color": INK},
            error_x=_whiskers([player[key] for player in players], 100) | {"thickness": 1},
            hoverinfo="text",
            hovertext=[f"{name}: {DROP.with_unit(player[key]['value'])}" for player in players],
        )
    names = [plotly_text(shorten(player["label"], 46)) for player in players]
    _layout(figure, names, ROW_PIXELS, "points of the score lost (left of zero: won)")
    return figure


def sobol(knobs: Sequence[Mapping[str, Any]]) -> go.Figure | None:
    """Bars of total and first-order indices in the order given; None without knobs."""
    shown = knobs[:MOST_KNOBS]
    if not shown:
        return None
    figure = go.Figure()
    for key, name, colour, width in (
        ("total", "with everything it interacts with (total)", TOTAL_COLOUR, 0.62),
        ("first", "by itself (first order)", FIRST_COLOUR, 0.3),
    ):
        figure.add_bar(
            x=[knob[key]["value"] for knob in shown],
            y=list(range(len(shown))),
            orientation="h",
            width=width,
            name=name,
            marker={"color": colour},
            error_x=_whiskers([knob[key] for knob in shown], 1) if key == "total" else None,
            hoverinfo="text",
            hovertext=[
                f"{plotly_text(knob['name'])}<br>{key}: {knob[key]['value']:.2f} "
                f"({knob[key]['low']:.2f} to {knob[key]['high']:.2f})"
                for knob in shown
            ],
        )
    figure.update_layout(barmode="overlay")
    _layout(figure, [plotly_text(shorten(knob["name"], 40)) for knob in shown], KNOB_PIXELS, "share of the variance")
    return figure


def _whiskers(intervals: Sequence[Mapping[str, float]], scale: float) -> dict[str, Any]:
    return {
        "type": "data",
        "symmetric": False,
        "array": [scale * (interval["high"] - interval["value"]) for interval in intervals],
        "arrayminus": [scale * (interval["value"] - interval["low"]) for interval in intervals],
        "color": GUIDE,
        "thickness": 1.5,
        "width": 0,
    }


def _hover(player: Mapping[str, Any]) -> str:
    value = player["value"]
    return (
        f"<b>{plotly_text(player['label'])}</b><br>{DROP.with_unit(value['value'])} "
        f"({DROP.text(value['low'])} to {DROP.text(value['high'])})"
    )


def _layout(figure: go.Figure, names: Sequence[str], pixels: int, title: str) -> None:
    height = pixels * len(names)
    figure.update_layout(page_layout(height + TOP + BOTTOM, top=TOP, bottom=BOTTOM))
    figure.update_layout(legend=legend_above(14 / height))
    figure.update_xaxes(title={"text": title, "standoff": 8}, zeroline=True)
    figure.update_yaxes(
        tickmode="array",
        tickvals=list(range(len(names))),
        ticktext=list(names),
        range=[len(names) - 0.4, -0.6],
        automargin=True,
        zeroline=False,
        showgrid=False,
        ticks="outside",
        ticklen=6,
        tickcolor="rgba(0,0,0,0)",
    )
