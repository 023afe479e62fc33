"""The summary that the terminal shows at the end of an audit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from audit.report.caveats import caveats
from audit.report.escape import visible
from audit.report.planning import planning_sentence
from audit.report.rows import Metric, View, known, read_view
from audit.report.words import counts_text, margin_text, plural
from audit.stats import Interval

STYLES = {"FAIL": "bold red", "PASS": "bold green", "INCONCLUSIVE": "bold yellow"}
UNITS = {"points": "pts", "%": "%"}
MOST_ROWS = 12
MOST_REASONS = 3


def print_summary(results: Mapping[str, Any], console: Console, path: str | Path) -> None:
    """Print the verdict, the worst profiles and where the report lies; ``path`` is the report.

    ``results`` is results.json (schema 2); a missing key is a KeyError. Its strings are printed as they are, never
    as markup or terminal codes. Reads well from 60 columns up, and without colour.
    """
    view = read_view(results)
    data = results["data"]

    def say(text: str, style: str = "") -> None:
        console.print(Text(printable(text, console), style=style), highlight=False)

    headline = Text(results["verdict"], style=STYLES[results["verdict"]])
    headline.append(printable(f"  {results['model']['name']}: {counts_text(view)}", console), style="not bold default")
    console.print(headline, highlight=False)
    scenes = plural(data["samples"], "labelled scene" if data["labelled"] else "unlabelled scene")
    say(f"{scenes}, reference {view.reference.name}; {margin_text(view) or 'no margin'}.")
    for reason in view.reasons[:MOST_REASONS]:
        say(f"- {reason}")
    if len(view.reasons) > MOST_REASONS:
        say(f"- and {plural(len(view.reasons) - MOST_REASONS, 'more reason')}")
    if view.rows:
        console.print()
        console.print(_table(view, console), highlight=False)
        if len(view.rows) > MOST_ROWS:
            say(f"and {len(view.rows) - MOST_ROWS} more in the report")
    console.print()
    planned, notes = planning_sentence(results, view), caveats(results, view)
    if planned is not None:
        say(planned)
    for caveat in notes:
        say(f"Note: {caveat.headline}.", "dim")
    # Not wrapped: a path cut in two can be neither clicked nor copied.
    console.print(Text(printable(f"Report: {path}", console)), highlight=False, soft_wrap=True)


def _table(view: View, console: Console) -> Table:
    primary = view.primary
    gap = 2 if console.width > 66 else 1
    table = Table(box=None, padding=(0, gap, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("profile", overflow="fold")
    unit = UNITS.get(primary.unit, primary.unit)
    heading = f"{(primary.short or primary.title).lower()}{', ' if unit else ''}{unit}"
    table.add_column(f"{heading} [{view.level}]", justify="right", no_wrap=True)
    if view.change is not None:
        table.add_column(view.change.short or view.change.title, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for row in view.rows[:MOST_ROWS]:
        change = None if view.change is None else row.intervals.get(view.change.key)
        table.add_row(
            Text(printable(row.name, console)),
            Text(_with_interval(row.intervals.get(primary.key), primary)),
            *([] if view.change is None else [Text(view.change.text(change.value) if change else "-")]),
            Text(row.verdict or "", style=STYLES[row.verdict or ""]),
        )
    return table


def _with_interval(interval: Interval | None, metric: Metric) -> str:
    if interval is None:
        return "not measured"
    if not known(interval):
        return f"{metric.text(interval.value)} [not known]"
    value, low, high = (metric.text(x) for x in (interval.value, interval.low, interval.high))
    return f"{value} [{low}, {high}]"


def printable(text: str, console: Console) -> str:
    """Printable, and within what the console can encode: a C locale must not end in an error."""
    return visible(text).encode(console.encoding, "backslashreplace").decode(console.encoding)
