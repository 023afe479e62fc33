"""Reports of other tasks than classification: their words, their units, what is not known."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from audit.report import print_summary, render_html
from audit.report.agreement import AGREEMENT, FLIP
from audit.report.caveats import caveats
from audit.report.limits import PLACED, limits
from audit.report.rows import read_view
from audit.report.words import margin_text, summary
from audit.tasks.open import TASKS
from tests.audit.report.other import detection, regression
from tests.audit.report.page import Page

Results = dict[str, Any]


def shown(results: Results, width: int = 60) -> str:
    out = io.StringIO()
    print_summary(results, Console(file=out, width=width), Path("/tmp/report.html"))
    return out.getvalue()


def test_every_task_says_what_agreement_and_flips_are() -> None:
    assert set(AGREEMENT) == set(FLIP) == set(TASKS)
    assert set(TASKS) >= PLACED


@pytest.mark.parametrize("labelled", [True, False])
def test_a_detector_is_no_classifier(make_results: Callable[..., Results], manifest: Results, labelled: bool) -> None:
    results = detection(make_results(labelled=labelled))
    results["reasons"] = []
    results["data"]["description"] = "Photographs of streets."
    page = Page(render_html(results, manifest, {}))
    for text in (page.text, shown(results)):
        assert "ccuracy" not in text
        assert "classes" not in text
    words = " ".join(page.text.split())
    assert ("Labels are not moved with the picture." in words) == labelled
    assert ("mAP 50:95 may drop by at most 5.0 points" in words) == labelled
    assert ("PASS without labels is stability." in words) != labelled
    assert "without a counterpart at IoU 0.5" in words
    assert page.drawing["data"][-1]["x"] == [
        pytest.approx(100 * row.intervals["agreement"].value) for row in read_view(results).rows
    ]


def test_an_error_rises_in_pixels(make_results: Callable[..., Results], manifest: Results) -> None:
    results = regression(make_results(worst=False))
    view = read_view(results)
    assert margin_text(view) == "MAE may rise by at most 0.50 px"
    assert "an MAE rise of" in summary(results, view)
    page = Page(render_html(results, manifest, {}))
    entry = results["profiles"][1]["drop"]
    row = page.row(results["profiles"][1]["profile"])
    numbers = [f"{entry[key]:z.2f}".replace("-", "−") for key in ("value", "low", "high")]
    assert row[2].split() == [numbers[0], numbers[1], "to", numbers[2]]
    assert page.drawings[0]["layout"]["xaxis"]["title"]["text"] == "MAE rise (px)"
    (line, *_) = page.drawings[0]["layout"]["shapes"]
    assert line["x0"] == 0.5
    text = shown(results)
    assert "rise, px [95%]" in text
    assert max(map(len, text.splitlines())) <= 60


def test_a_limit_that_is_not_known_hides_no_value(make_results: Callable[..., Results], manifest: Results) -> None:
    results = make_results(worst=False)
    name = results["profiles"][1]["profile"]
    results["profiles"][1] |= {"drop": {"value": 0.5, "low": None, "high": None}, "verdict": "INCONCLUSIVE"}
    page = Page(render_html(results, manifest, {}))
    assert " ".join(page.row(name)[2].split()) == "50.0 interval not known"
    drawing = page.drawings[0]
    place = drawing["layout"]["yaxis"]["ticktext"].index(name)
    (mark,) = [
        (x, above, below, hover)
        for trace in drawing["data"]
        if trace["type"] == "scatter"
        for x, y, above, below, hover in zip(
            trace["x"], trace["y"], trace["error_x"]["array"], trace["error_x"]["arrayminus"], trace["hovertext"],
            strict=True,
        )
        if y == place
    ]  # fmt: skip
    assert mark[:3] == (50, 0, 0)
    assert "95% interval not known" in mark[3]
    results["profiles"] = results["profiles"][:2]
    assert "50.0 [not known]" in shown(results)
    assert "(95% interval not known)" in summary(results, read_view(results))


def test_what_a_run_cannot_prove_depends_on_it(make_results: Callable[..., Results]) -> None:
    def headlines(results: Results) -> list[str]:
        return [limit.headline for limit in limits(results, read_view(results))]

    assert "The worst case found is not the worst case possible." in headlines(make_results())
    assert "The worst case found is not the worst case possible." not in headlines(make_results(worst=False))
    assert "Labels are not moved with the picture." not in headlines(make_results())
    assert "Labels are not moved with the picture." in headlines(detection(make_results()))
    assert "PASS is relative to the reference." not in headlines(make_results(labelled=False))


@pytest.mark.parametrize(("count", "listed"), [(1, 1), (8, 8), (20, 9)])
def test_notes_of_the_data_are_caveats(make_results: Callable[..., Results], count: int, listed: int) -> None:
    results = make_results()
    results["data"]["notes"] = [f"{n} boxes reach beyond their picture" for n in range(count)]
    (caveat,) = [one for one in caveats(results, read_view(results)) if "taken as they are" in one.headline]
    assert len(caveat.items) == listed
    assert caveat.items[0] == "0 boxes reach beyond their picture"


def test_the_worst_case_of_a_detector_has_no_errors(make_results: Callable[..., Results], manifest: Results) -> None:
    page = Page(render_html(detection(make_results()), manifest, {}))
    start = page.flat.index(["Setting", "Scenes", "Score lost, %", "Drop, points", "Verdict"])
    assert [row[2] for row in page.flat[start + 1 : start + 5]] == ["24.5", "65.5", "–", "–"]
    assert "F1 at IoU 0.5 drop" in page.text
