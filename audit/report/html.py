"""The report as one HTML file: nothing is loaded from anywhere, nothing from outside runs."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import jinja2
import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from plotly.offline import get_plotlyjs

from audit.report.escape import visible
from audit.report.knobs import changes
from audit.report.plot import MOST_ROWS, drift_figure
from audit.report.rows import DROP, Metric, View, read_view
from audit.report.thumbnail import data_uri, thumbnail
from audit.report.words import LIMITS, VERDICT_MEANING, caveats, margin_text, plural, summary
from audit.report.worst import comparison
from audit.stats import Interval

MANIFEST_KEYS = frozenset(
    [
        "command",
        "created",
        "duration_s",
        "versions",
        "model_sha256",
        "data_sha256",
        "seed",
        "profiles",
        "machine",
        "notes",
    ]
)
PLOT_OPTIONS = {"displayModeBar": False, "responsive": True, "showTips": False}
PLOT_ID = "drift-plot"
SHEET_ROWS = 12
"""Profiles that the contact sheet shows at once; the others unfold."""
KNOB_ROWS = 10
"""The same for the knobs of a worst case."""


def render_html(
    results: Mapping[str, Any],
    manifest: Mapping[str, Any],
    thumbnails: Mapping[str, Mapping[str, NDArray[np.uint8]]],
) -> str:
    """The whole report as one self-contained HTML page.

    ``results`` is results.json (schema 1), ``manifest`` is manifest.json, ``thumbnails`` holds for each scene an
    (H, W, 3) uint8 picture through each profile, by name (a scene may lack some). Strings in them are escaped.
    Raises KeyError where a key is missing or a thumbnail belongs to no profile, ValueError for a bad picture.
    """
    missing = MANIFEST_KEYS - set(manifest)
    if missing:
        raise KeyError(f"the manifest lacks {', '.join(sorted(missing))}")
    view = read_view(results)
    known = {view.reference.name, *(row.name for row in view.rows)}
    unknown = {name for pictures in thumbnails.values() for name in pictures} - known
    if unknown:
        raise KeyError(f"thumbnails of profiles that the results lack: {', '.join(sorted(unknown))}")
    scripts = _scripts(view)
    page = _environment().get_template("template.html.j2")
    html: str = page.render(
        results=results,
        manifest=manifest,
        view=view,
        summary=summary(results, view),
        margin=margin_text(view),
        drop=DROP,
        meaning=VERDICT_MEANING[results["verdict"]],
        caveats=caveats(results, view),
        limits=LIMITS,
        described={key: _plain(value) for key, value in results["model"]["input"].items()},
        worst_cases=[_worst_case(case, view) for case in results["worst_cases"]],
        scenes=list(thumbnails),
        pictures={
            scene: {name: data_uri(thumbnail(rgb)) for name, rgb in pictures.items()}
            for scene, pictures in thumbnails.items()
        },
        sheet_rows=SHEET_ROWS,
        knob_rows=KNOB_ROWS,
        plot_rows=MOST_ROWS,
        plot_id=PLOT_ID,
        scripts=[Markup(script) for script in scripts],  # noqa: S704  plotly's own code and escaped JSON
        policy=_policy(scripts),
    )
    return html.lstrip()  # the macros above the doctype leave blank lines


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("audit.report", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    environment.filters["number"] = _number
    environment.filters["plural"] = plural
    environment.filters["interval"] = _interval
    environment.filters["amount"] = _amount
    environment.filters["moment"] = _moment
    return environment


def _finalize(value: Any) -> Any:
    """Every string on the page passes here: no control character or lone surrogate gets through."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return visible(value)


def _number(value: float, metric: Metric) -> str:
    return metric.text(value).replace("-", "−")


def _interval(interval: Interval, metric: Metric) -> str:
    return f"{_number(interval.low, metric)} to {_number(interval.high, metric)}"


def _amount(value: float) -> str:
    """Four digits, and no exponent for the thousands of electrons that a pixel holds."""
    text = f"{value:.0f}" if 1e4 <= abs(value) < 1e9 else f"{value:.4g}"
    return text.replace("-", "−")


def _moment(iso: str) -> str:
    return f"{datetime.fromisoformat(iso):%Y-%m-%d %H:%M %Z}".rstrip()


def _plain(value: Any, limit: int = 300) -> str:
    """One line for a value of the model's description."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= limit else text[:limit] + " …"


def _worst_case(case: Mapping[str, Any], view: View) -> dict[str, Any]:
    """A worst case with its rows: the base device and the case itself, judged on the held-out half."""
    rows = {row.name: row for row in (view.reference, *view.rows)}
    row, base = rows[case["profile"]], rows[case["base"]]
    metric, lines = comparison(case, base, row)
    moved, kept = changes(case["knobs"])
    return {
        "case": case,
        "row": row,
        "base": base,
        "metric": metric,
        "lines": lines,
        "moved": moved,
        "kept": kept,
    }


def _scripts(view: View) -> list[str]:
    """plotly.js and the call that draws; empty where there is nothing to draw."""
    figure = drift_figure(view)
    if figure is None:
        return []
    # plotly's writer escapes <, > and /, so that no string can close the script element.
    drawing = figure.to_json(engine="json")
    options = json.dumps(PLOT_OPTIONS)
    draw = f"const drawing = {drawing}; Plotly.newPlot('{PLOT_ID}', drawing.data, drawing.layout, {options});"
    return [get_plotlyjs(), draw]


def _policy(scripts: list[str]) -> str:
    """Content-Security-Policy: only these very scripts run, and the page may ask for nothing from anywhere.

    A second wall behind the escaping. Styles stay open because plotly writes them into the page.
    """
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in scripts
    )
    allowed = hashes or "'none'"
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
