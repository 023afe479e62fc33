"""What every plot of a report has in common: its colours, its type, and how it behaves under a finger."""

from __future__ import annotations

from typing import Any

INK = "#4a6fa5"
"""Of the data, where colour says nothing more. At least 3:1 on white and on the dark page, as all of these."""
ALARM = "#d1453b"
CAUTION = "#c07f12"
CALM = "#2f9461"
GUIDE = "#7a8594"
"""Of margins, references and whiskers."""
SERIES = ("#4a6fa5", "#c07f12", "#2f9461", "#a35fb0", "#d1453b", "#4f96a8", "#8a7350", "#7a8594")
"""One after another, for what has no order."""


def page_layout(height: int, *, top: int = 24, bottom: int = 48) -> dict[str, Any]:
    """Layout of a figure ``height`` pixels high, with ``top`` and ``bottom`` of them as margins."""
    return {
        "template": "none",
        "height": height,
        "margin": {"l": 8, "r": 12, "t": top, "b": bottom},
        "font": {"family": "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif", "size": 12},
        # The page's own colours show through, by day and by night.
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        # A drag on a phone scrolls the page instead of zooming the plot.
        "dragmode": False,
        "hovermode": "closest",
        "hoverlabel": {"align": "left"},
    }


def legend_above(gap: float) -> dict[str, Any]:
    """A legend in one line above the plot; ``gap`` as a share of the plot's height."""
    return {
        "orientation": "h",
        "x": 0,
        "xanchor": "left",
        "y": 1 + gap,
        "yanchor": "bottom",
        "yref": "paper",
        "itemclick": False,
        "itemdoubleclick": False,
    }
