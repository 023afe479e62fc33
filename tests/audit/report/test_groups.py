"""The tables of worst groups."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from audit.report import render_html
from audit.report.groups import MOST_SMALL, SHOWN
from tests.audit.report.other import span
from tests.audit.report.page import Page

Results = dict[str, Any]
DEVICE = "automotive/ar0231-rccb"


def group(name: str, samples: int, drop: float | None) -> Results:
    return {"group": name, "samples": samples, "drop": None if drop is None else span(drop, 0.1)}


def with_groups(results: Results, groups: list[Results], ungrouped: int = 0) -> Results:
    results["groups"] = {
        "profile": DEVICE,
        "breakdowns": [{"by": "weather", "ungrouped": ungrouped, "groups": groups}],
    }
    return results


def test_worst_first_and_what_is_too_small(make_results: Callable[..., Results], manifest: Results) -> None:
    found = [group("fog", 60, 0.3), group("sun", 300, 0.05), group("snow", 17, None), group("rain", 25, None)]
    page = Page(render_html(with_groups(make_results(), found, 3), manifest, {}))
    start = page.flat.index(["weather", "Scenes", "Drop, points"])
    assert page.flat[start + 1 : start + 5] == [
        ["fog", "60", "30.0 20.0 to 40.0"],
        ["sun", "300", "5.0 −5.0 to 15.0"],
        ["snow", "17", "not assessed: 17 scenes, 20 are needed"],
        ["rain", "25", "not assessed: too few independent scenes"],
    ]
    assert "Of 3 scenes it is not known." in page.text
    assert f"on {DEVICE}, the device with the largest drop" in " ".join(page.text.split())
    # only where the whole interval is above 0
    bold = page.source[page.source.index('<section id="groups">') :]
    assert 'main-number">30.0' in bold
    assert 'main-number">5.0' not in bold


def test_other_profiles_have_their_worst_group(make_results: Callable[..., Results], manifest: Results) -> None:
    results = with_groups(make_results(), [group("fog", 60, 0.3), group("sun", 300, 0.05)])
    for row in results["profiles"]:
        if row["profile"] in (DEVICE, "still/sony-a7r", "phone/pixel-6"):
            worst = None if row["profile"] == "phone/pixel-6" else group("<b>night", 40, 0.08)
            row["worst_groups"] = [{"by": "weather", "groups": 2, "assessed": 1, "worst": worst}]
    page = Page(render_html(results, manifest, {}))
    start = page.flat.index(["Profile", "Worst by weather", "Drop, points"])
    assert sorted(page.flat[start + 1 : start + 3]) == [
        ["phone/pixel-6", "not assessed", ""],
        ["still/sony-a7r", "<b>night", "8.0 −2.0 to 18.0"],
    ]
    assert "Worst group on 2 other profiles" in page.text
    assert "b" not in {tag for tag, _ in page.elements}


def test_many_groups_unfold_and_small_ones_are_counted(make_results: Callable[..., Results], manifest: Results) -> None:
    found = [group(f"g{n:03}", 50, 0.2 - n / 1000) for n in range(SHOWN + 2)]
    found += [group(f"s{n:03}", 3, None) for n in range(MOST_SMALL + 5)]
    page = Page(render_html(with_groups(make_results(), found), manifest, {}))
    assert f"{2 + MOST_SMALL} more groups" in page.text
    assert "Not assessed: 5 groups of too few scenes" in page.text
    assert len([row for row in page.flat if row and row[0].startswith("s0")]) == MOST_SMALL


def test_nothing_assessed_is_a_sentence(make_results: Callable[..., Results], manifest: Results) -> None:
    page = Page(render_html(with_groups(make_results(), [group("a", 3, None), group("b", 4, None)]), manifest, {}))
    assert "Not assessed: 2 groups of too few scenes" in page.text
    assert ["weather", "Scenes", "Drop, points"] not in page.flat


def test_no_groups_no_section(make_results: Callable[..., Results], manifest: Results) -> None:
    assert "Worst groups" not in Page(render_html(make_results(), manifest, {})).text
    empty = make_results() | {"groups": {"profile": DEVICE, "breakdowns": []}}
    assert "Worst groups" not in Page(render_html(empty, manifest, {})).text
