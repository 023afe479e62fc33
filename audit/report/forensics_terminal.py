"""The summary that the terminal shows at the end of forensics."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from audit.report.escape import shorten, visible
from audit.report.forensics_words import SHARE, caveats, headline, interactions, summary
from audit.report.rows import DROP

MOST_INTERACTIONS = 2


def print_forensics(results: Mapping[str, Any], console: Console, path: str | Path) -> None:
    """Print the finding, the contributions and where the report lies; ``path`` is the report.

    ``results`` is results.json of forensics (schema 1). Its strings are printed as they are, never as markup or
    terminal codes; reads without colour.
    """

    def text(words: str, style: str = "") -> Text:
        return Text(visible(words).encode(console.encoding, "backslashreplace").decode(console.encoding), style=style)

    console.print(text(headline(results), "bold"), highlight=False)
    for sentence in summary(results):
        console.print(text(sentence), highlight=False)
    if results["players"]:
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
        table.add_column("difference from A to B", overflow="fold")
        for column in ("contribution, pts", "share, %"):
            table.add_column(column, justify="right", no_wrap=True)
        for player in sorted(results["players"], key=lambda player: -abs(player["value"]["value"])):
            share = player["share"]
            table.add_row(
                text(shorten(player["label"], 60)),
                _interval(player["value"], DROP.text),
                "withheld" if share is None else _interval(share, SHARE.text),
            )
        console.print()
        console.print(table, highlight=False)
        console.print()
    clear = [row for row in interactions(results) if not row["value"]["low"] <= 0 <= row["value"]["high"]]
    for row in clear[:MOST_INTERACTIONS]:
        names = " and ".join(shorten(label, 40) for label in row["labels"])
        console.print(text(f"{names}: {row['reading']} ({DROP.with_unit(row['value']['value'])})."), highlight=False)
    for caveat in caveats(results):
        console.print(text(f"Note: {caveat.headline}.", "dim"), highlight=False)
    # Not wrapped: a path cut in two can be neither clicked nor copied.
    console.print(text(f"Report: {path}"), highlight=False, soft_wrap=True)


def _interval(entry: Mapping[str, float], words: Any) -> str:
    return f"{words(entry['value'])} [{words(entry['low'])}, {words(entry['high'])}]"
