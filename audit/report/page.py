"""Every report as one HTML file: nothing is loaded from anywhere, nothing from outside runs."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import jinja2
import plotly.graph_objects as go
from markupsafe import Markup
from plotly.offline import get_plotlyjs

import camsim
from audit.report.escape import visible
from audit.report.rows import Metric, known
from audit.report.words import plural
from audit.stats import Interval

PLOT_OPTIONS = {"displayModeBar": False, "responsive": True, "showTips": False}
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
"""What the section on reproduction shows; `audit.manifest.build_manifest` gives them all."""


def render_page(template: str, figures: Mapping[str, go.Figure], **context: Any) -> str:
    """One self-contained HTML page.

    Args:
        template: file in this folder that extends ``base.html.j2`` and fills its blocks ``title``, ``eyebrow``,
            ``heading`` and ``content``; it may use the macros of ``macros.html.j2``.
        figures: drawn by plotly, each into the element of this id (the macro ``plot`` makes one). The strings in them
            that come from outside must have gone through `audit.report.escape.plotly_text`.
        context: what the template shows besides. Strings are escaped; a ``manifest`` must have all `MANIFEST_KEYS`.

    Raises:
        KeyError: the manifest lacks something. jinja2.UndefinedError: the template asks for what was not given.
    """
    missing = MANIFEST_KEYS - set(context.get("manifest", MANIFEST_KEYS))
    if missing:
        raise KeyError(f"the manifest lacks {', '.join(sorted(missing))}")
    scripts = _scripts(figures)
    html: str = (
        _environment()
        .get_template(template)
        .render(
            **context,
            figures=figures,
            version=camsim.__version__,
            scripts=[Markup(script) for script in scripts],  # noqa: S704  plotly's own code and escaped JSON
            policy=_policy(scripts),
        )
    )
    return html.lstrip()  # macros above the doctype leave blank lines


def plain(value: Any, limit: int = 300) -> str:
    """One line for a value of the model's description."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= limit else text[:limit] + " …"


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
    return metric.limits(interval).replace("-", "−") if known(interval) else "interval not known"


def _amount(value: float) -> str:
    """Four digits, and no exponent for the thousands of electrons that a pixel holds."""
    text = f"{value:.0f}" if 1e4 <= abs(value) < 1e9 else f"{value:.4g}"
    return text.replace("-", "−")


def _moment(iso: str) -> str:
    return f"{datetime.fromisoformat(iso):%Y-%m-%d %H:%M %Z}".rstrip()


def _scripts(figures: Mapping[str, go.Figure]) -> list[str]:
    """plotly.js and a call for each figure; empty where there is nothing to draw."""
    return [get_plotlyjs(), *(_drawing(place, figure) for place, figure in figures.items())] if figures else []


def _drawing(place: str, figure: go.Figure) -> str:
    # plotly's writer escapes <, > and /, so that no string can close the script element.
    drawing = figure.to_json(engine="json")
    # In a block of its own: scripts of one page share their names.
    return (
        f"{{ const drawing = {drawing}; Plotly.newPlot({json.dumps(place)}, drawing.data, drawing.layout, "
        f"{json.dumps(PLOT_OPTIONS)}); }}"
    )


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
