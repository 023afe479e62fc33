"""The sections on axes of drift and on the yardstick."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from audit.axes import AXES
from audit.axes.compare import compare
from audit.report import render_html
from audit.report.axes import axes
from audit.report.rows import read_interval, read_view
from audit.report.yardstick import yardstick
from tests.audit.report.other import beside
from tests.audit.report.page import Page

Results = dict[str, Any]


@pytest.fixture
def along(make_results: Callable[..., Results]) -> Results:
    """A phone along two axes, and two corruptions."""
    results = make_results(worst=False)
    for value, drop in ((-2, 0.2), (0, 0.0), (1, 0.1)):
        beside(results, "axis", f"phone/pixel-6@exposure={value}", drop)
    beside(results, "axis", "phone/pixel-6@iso=400", 0.03)
    for severity in (1, 3, 5):
        beside(results, "corruption", f"corruption/fog@{severity}", severity / 20)
    beside(results, "corruption", "corruption/snow@2", 0.4)
    return results


def test_each_axis_has_its_figure_and_numbers(along: Results, manifest: Results) -> None:
    page = Page(render_html(along, manifest, {}))
    _, exposure, iso, board = page.drawings
    assert exposure["data"][0]["x"] == [-2, 0, 1]
    assert exposure["data"][0]["y"] == pytest.approx([20, 0, 10])
    assert iso["data"][0]["y"] == pytest.approx([3])
    assert board["layout"]["yaxis"]["ticktext"][-2:] == ["snow", "fog"]
    rows = [row for row in page.flat if row and row[0].endswith(" EV")]
    assert [row[:2] for row in rows] == [
        ["−2 EV", "20.0 18.0 to 22.0"], ["0 EV", "0.0 −2.0 to 2.0"], ["1 EV", "10.0 8.0 to 12.0"]
    ]  # fmt: skip
    assert AXES["exposure"].meaning in " ".join(page.text.split())
    assert "These steps are shown and not judged" in " ".join(page.text.split())
    assert "What is shown beside the devices is not judged." in page.text


def test_what_stands_beside_has_no_verdict_and_is_not_counted(along: Results, manifest: Results) -> None:
    view = read_view(along)
    assert len(view.rows) == 36
    assert len(view.beside) == 8
    page = Page(render_html(along, manifest, {}))
    assert "through 36 emulated camera profiles" in page.text
    assert "phone/pixel-6@iso=400" not in page.drawings[0]["layout"]["yaxis"]["ticktext"]


def test_the_yardstick_is_that_of_the_results(along: Results, manifest: Results) -> None:
    drops = {row["profile"]: read_interval(row["drop"]) for row in along["profiles"]}
    expected = compare({name: drop for name, drop in drops.items() if drop is not None})
    found = yardstick(read_view(along))
    assert found is not None
    assert [(one.name, one.drop) for one in found.devices] == [(one.name, one.drop) for one in expected.devices]
    page = Page(render_html(along, manifest, {}))
    (row,) = [row for row in page.flat if row and row[0] == "phone/pixel-6@exposure=1" and len(row) == 4]
    assert row[:3] == ["phone/pixel-6@exposure=1", "10.0 8.0 to 12.0", "as much as fog at severity 2.0 (1.2 to 2.8)"]
    (fog,) = [row for row in page.flat if row and row[0] == "fog"]
    assert fog[1:] == ["5.0 3.0 to 7.0", "–", "15.0 13.0 to 17.0", "–", "25.0 23.0 to 27.0"]


def test_a_step_of_which_no_interval_is_known_is_in_the_table_alone(along: Results, manifest: Results) -> None:
    for row in along["profiles"]:
        if row["profile"] in ("phone/pixel-6@iso=400", "corruption/snow@2"):
            row["drop"] = {"value": 0.03, "low": None, "high": None}
    page = Page(render_html(along, manifest, {}))
    assert [row[1] for row in page.flat if row and row[0] == "400"] == ["3.0 interval not known"]
    assert "iso-plot" not in page.source
    assert not [row for row in page.flat if row and row[0] == "snow"]


def test_without_labels_flips_are_compared(make_results: Callable[..., Results], manifest: Results) -> None:
    results = beside(make_results(labelled=False), "corruption", "corruption/fog@2", 0.3)
    page = Page(render_html(results, manifest, {}))
    assert page.drawing["layout"]["xaxis"]["title"]["text"] == "Flip rate, %"
    assert ["fog", "–", "30.0 28.0 to 32.0", "–", "–", "–"] in page.flat


def test_nothing_beside_no_section(make_results: Callable[..., Results], manifest: Results) -> None:
    view = read_view(make_results())
    assert axes(view) == []
    assert yardstick(view) is None
    page = Page(render_html(make_results(), manifest, {}))
    assert "common corruptions" not in page.text
    assert "is not judged" not in page.text


def test_hostile_names_stay_text(along: Results, manifest: Results) -> None:
    beside(along, "axis", "<b>x</b>@iso=100", 0.1)
    page = Page(render_html(along, manifest, {}))
    assert "<b>x</b>@iso=100" in page.text
    assert "b" not in {tag for tag, _ in page.elements}
    _, _, iso, _ = page.drawings
    assert [trace["name"] for trace in iso["data"]] == ["phone/pixel-6", "&lt;b&gt;x&lt;/b&gt;"]
