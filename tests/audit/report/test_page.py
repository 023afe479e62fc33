"""What every page of a report has: several figures, one policy that admits them all, an escaped context."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

import plotly.graph_objects as go
import pytest

from audit.report import page
from audit.report.note import Caveat
from audit.report.page import render_page

BODY = """{% extends "base.html.j2" %}
{% from "macros.html.j2" import notes, plot %}
{% block title %}{{ title }}{% endblock %}
{% block eyebrow %}test{% endblock %}
{% block heading %}{{ title }}{% endblock %}
{% block content %}{{ notes(caveats) }}{% for id in figures %}{{ plot(id, "Plot") }}{% endfor %}{% endblock %}
"""
HOSTILE = "</script><script>alert(1)</script>"


@pytest.fixture(autouse=True)
def template(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small page that extends the base."""
    import jinja2

    whole = page._environment

    def environment() -> jinja2.Environment:
        made = whole()
        assert made.loader is not None
        made.loader = jinja2.ChoiceLoader([jinja2.DictLoader({"small.html.j2": BODY}), made.loader])
        return made

    monkeypatch.setattr(page, "_environment", environment)


def render(**context: Any) -> str:
    figures = {name: go.Figure(go.Scatter(x=[1, 2], y=[number, 3])) for number, name in enumerate(("one", "two"))}
    figures["one"].update_layout(title=HOSTILE)
    return render_page(
        "small.html.j2", figures, **{"title": "T", "caveats": [Caveat("Head", "Text", ("item",))]} | context
    )


def test_each_figure_is_drawn_in_its_place_and_the_policy_admits_no_other_script() -> None:
    html = render()
    assert html.startswith("<!doctype html>")
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    assert len(scripts) == 3
    for name, script in zip(("one", "two"), scripts[1:], strict=True):
        assert f'id="{name}"' in html
        assert f'Plotly.newPlot("{name}", drawing.data' in script
        # Two scripts of one page cannot both declare a constant but in blocks of their own.
        assert script.startswith("{")
        assert script.endswith("}")
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert policy
    for digest in digests:
        assert digest in policy[1].replace("&#43;", "+")
    assert policy[1].count("sha256-") == 3


def test_no_figure_needs_no_script() -> None:
    html = render_page("small.html.j2", {}, title="T", caveats=[])
    assert "<script" not in html
    assert "script-src &#39;none&#39;" in html


def test_strings_are_escaped() -> None:
    html = render(title=HOSTILE, caveats=[Caveat(HOSTILE, "\x1b[31m")])
    assert html.count("<script>") == 3
    assert "&lt;script&gt;alert(1)" in html
    assert "\x1b" not in html


def test_an_incomplete_manifest_is_refused() -> None:
    with pytest.raises(KeyError, match="lacks command"):
        render(manifest=dict.fromkeys(page.MANIFEST_KEYS - {"command"}, 1))
