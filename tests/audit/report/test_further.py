"""Figures part by part, and the metrics that have no column of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from audit.report import render_html
from audit.report.further import MOST_CELLS, SHOWN, further
from audit.report.rows import read_view
from tests.audit.report.conftest import metric
from tests.audit.report.other import detection, of_task, regression, span
from tests.audit.report.page import Page

Results = dict[str, Any]


def test_what_loses_most_comes_first(make_results: Callable[..., Results], manifest: Results) -> None:
    results = detection(make_results(worst=False))
    for row in results["profiles"]:
        row["further"] = {"ap/car": span(0.6), "ap/van": span(0.3 if row["profile"] == "still/sony-a7r" else 0.7)}
    results["profiles"][3]["further"]["ap/car"] = None
    page = Page(render_html(results, manifest, {}))
    start = page.flat.index(["Figure", "On the reference", "Where it is worst", "Device"])
    assert page.flat[start + 1] == ["AP of van, %", "70.0 68.0 to 72.0", "30.0 28.0 to 32.0", "still/sony-a7r"]
    assert page.flat[start + 2][:3] == ["AP of car, %", "60.0 58.0 to 62.0", "60.0 58.0 to 62.0"]
    every = page.flat[page.flat.index(["Profile", "AP of van, %", "AP of car, %"]) :]
    assert len([row for row in every if len(row) == 3]) == 1 + 1 + 36
    assert [results["profiles"][3]["profile"], "70.0 68.0 to 72.0", "–"] in every


def test_the_worst_of_an_error_is_the_largest(make_results: Callable[..., Results]) -> None:
    results = regression(make_results())
    found = further(results, read_view(results))
    assert found is not None
    (part,) = found.parts
    assert part.worst is not None
    assert part.worst.value == max(row["further"]["mae/x"]["value"] for row in results["profiles"])


def test_many_parts_unfold_and_a_table_has_its_limit(make_results: Callable[..., Results], manifest: Results) -> None:
    parts = [metric(f"ap/{n}", f"AP of {n} <i>") for n in range(MOST_CELLS // 4)]
    results = of_task(make_results(worst=False), "detection", "F1 at IoU 0.5", [metric("map", "mAP")], parts)
    page = Page(render_html(results, manifest, {}))
    assert f"{len(parts) - SHOWN} more figures" in page.text
    assert "32 more profiles: in results.json." in page.text
    assert "i" not in {tag for tag, _ in page.elements}


def test_other_metrics_unfold_with_their_drops(make_results: Callable[..., Results], manifest: Results) -> None:
    results = detection(make_results(worst=False))
    page = Page(render_html(results, manifest, {}))
    table = page.flat.index(["Profile", "mAP small, %", "mAP 50 drop, points", "mAP small drop, points"])
    assert page.flat[table + 1] == ["reference/srgb", "50.0 48.0 to 52.0", "–", "–"]
    entry = results["profiles"][1]
    (row,) = [row for row in page.flat[table + 1 : table + 38] if row[0] == entry["profile"]]
    lost = entry["drops"]["map50"]["value"]
    assert row[2].split()[0].replace("−", "-") == f"{100 * lost:z.1f}"
    head = ["Profile", "Verdict", "Drop, points", "Flips, %", "mAP, %", "mAP 50, %", "Agreement, %", "Scenes", "Why"]
    assert head in page.flat


def test_a_task_without_parts_has_no_section(make_results: Callable[..., Results], manifest: Results) -> None:
    assert "Part by part" not in Page(render_html(make_results(), manifest, {})).text
