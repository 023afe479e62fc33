"""What a browser makes of a page."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

Results = dict[str, Any]
CHIPS = {"PASS", "FAIL", "INCONCLUSIVE", "reference"}
VOID = {"meta", "img", "br", "link", "input", "path", "line", "circle"}


class Page(HTMLParser):
    """What a browser makes of the page: the elements, the visible text, the table rows by their first cell."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.rows: list[list[str]] = []
        self._inside: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._inside.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th") and self.rows:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._inside.pop() == tag

    def handle_data(self, data: str) -> None:
        if "script" in self._inside or "style" in self._inside:
            return
        self.text += data
        if "td" in self._inside or "th" in self._inside:
            self.rows[-1][-1] += data

    @property
    def scripts(self) -> list[str]:
        return re.findall(r"<script[^>]*>(.*?)</script>", self.source, re.DOTALL)

    @property
    def policy(self) -> str:
        return next(a["content"] or "" for _, a in self.elements if a.get("http-equiv"))

    @property
    def drawing(self) -> Results:
        """The last plot."""
        return self.drawings[-1]

    @property
    def drawings(self) -> list[Results]:
        """Every plot, in the order of the page."""
        found = [re.search(r"const drawing = (\{.*\}); Plotly\.newPlot", text, re.DOTALL) for text in self.scripts[1:]]
        return [json.loads(one[1]) for one in found if one]

    @property
    def flat(self) -> list[list[str]]:
        """The table rows, each cell on one line."""
        return [[" ".join(cell.split()) for cell in row] for row in self.rows]

    def row(self, name: str) -> list[str]:
        """The cells of the profile's row in the main table (the one with the title below the name)."""
        (row,) = [
            row for row in self.rows if row and row[0].startswith(name) and row[1].strip() in CHIPS and len(row) > 5
        ]
        return row
