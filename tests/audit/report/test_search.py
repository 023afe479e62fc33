"""The search's page against its own input: every figure there, warnings where they belong, nothing executed."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest

from audit.report.search import Shot, render_search
from audit.report.search_words import caveats, constraint_text, summary

from .conftest import certificate, strategy
from .page import Page
from .test_html import HOSTILE, append_everywhere, points

Results = dict[str, Any]
DEVICE, REFERENCE = "phone/pixel-6", "reference/srgb"


def case(name: str, harm: float, *, labelled: bool = True, **update: Any) -> Results:
    return {
        "profile": f"worst/{name}",
        "base": DEVICE,
        "file": f"worst/{name.replace('/', '-')}.yaml",
        "found_by": "default, with gradients",
        "group": "all",
        "value": 0.4 + harm,
        "value_of_device": 0.11,
        "loss": 0.4 + harm,
        "changed": 60.0,
        "changed_of_device": 22.0,
        "fidelity_measure": "ssim",
        "fidelity": 0.9137,
        "chosen": {"isp.demosaic": ["malvar2004", "bilinear"]},
        "knobs": [
            {"name": "isp.white_balance.gains", "unit": "1", "from": [2.1, 1.0], "to": [2.4, 1.0],
             "low": [1.8, 0.9], "high": [2.4, 1.1]},
            {"name": "sensor.read_noise", "unit": "e-", "from": 3.0, "to": 3.6, "low": 2.4, "high": 3.6},
        ],
        "certificate": certificate(harm, 0.024, 120, labelled),
    } | update  # fmt: skip


def make_results(*, labelled: bool = True, **update: Any) -> Results:
    first = case(DEVICE, 0.31, labelled=labelled)
    return {
        "schema": 1,
        "kind": "search",
        "camsim": "0.1.0",
        "verdict": "FAIL",
        "reasons": ["accuracy drop 31.0 points [22.0, 40.0] of the worst case found exceeds the margin 5 points"],
        "gate": {"max_drop": 0.05, "max_flips": None, "confidence": 0.95, "min_samples": 10, "given": True},
        "task": {"key": "classification", "title": "Classification", "score": "accuracy"},
        "model": {"name": "net.onnx", "sha256": "a" * 64, "classes": 10, "input": {"input": "image", "assumed": []}},
        "data": {
            "name": "street",
            "description": "Photographs.",
            "sha256": "b" * 64,
            "samples": 240,
            "search_samples": 120,
            "judged_samples": 120,
            "labelled": labelled,
            "unreadable": [],
        },
        "measure": "drop" if labelled else "flips",
        "reference": REFERENCE,
        "device": {"profile": DEVICE, "title": "Google Pixel 6"},
        "seed": 0,
        "group": "all",
        "count": 2,
        "loss": "soft_error",
        "constraint": None,
        "space": {"axes": 14, "combinations": 6},
        "strategy": strategy(),
        "cases": [first, case(f"{DEVICE}/2", 0.22, labelled=labelled)],
        "runs": [
            {"name": "default, with gradients", "evaluations": 60.0, "best_so_far": [[1, 0.11], [9, 0.6], [60, 0.71]],
             "case": first},
            {"name": "cross-check, without gradients", "evaluations": 58.0, "best_so_far": [[1, 0.11], [58, 0.66]],
             "case": case(f"{DEVICE}/cross-check", 0.28, labelled=labelled)},
        ],
        "cross_check": {"lead": {"value": -0.05, "low": -0.08, "high": -0.02}, "masked_gradients": False},
        "curve": {
            "axis": "scale",
            "budget": 30.0,
            "points": [
                {"at": 0.5, "case": case(f"{DEVICE}/at-0.5", 0.17, labelled=labelled)},
                {"at": 1.0, "case": first},
            ],
        },
        "groups": {
            "all": first,
            "white_balance": case(f"{DEVICE}/white_balance", 0.12, labelled=labelled),
            "noise": case(f"{DEVICE}/noise", 0.03, labelled=labelled),
        },
        "ladder": {
            "measure": "ssim",
            "weights": [10.0, 0.1],
            "rungs": [
                {"group": group, "weight": weight, "case": case(f"{DEVICE}/{group}", harm, labelled=labelled)}
                for group, weight, harm in (
                    ("all", 10.0, 0.04), ("all", 0.1, 0.29), ("noise", 10.0, 0.01), ("noise", 0.1, 0.02),
                )
            ],
        },
    } | update  # fmt: skip


@pytest.fixture
def search_manifest(manifest: Results) -> Results:
    found = make_results()
    files = [one["file"] for one in found["cases"]] + [run["case"]["file"] for run in found["runs"]]
    return manifest | {"replay": {file: f"camsim search net.onnx --replay run/{file}" for file in files}}


@pytest.fixture
def gallery() -> dict[str, dict[str, Shot]]:
    rng = np.random.default_rng(0)

    def shot(right: bool) -> Shot:
        return Shot(rng.integers(0, 256, (24, 32, 3), np.uint8), "dog" if right else "cat", 0.875, right)

    names = {"reference": True, "device": True, f"worst/{DEVICE}": False, f"worst/{DEVICE}/2": True}
    return {scene: {name: shot(right) for name, right in names.items()} for scene in ("park.jpg", "dog <1>.jpg")}


def test_every_case_group_and_point_with_its_figures(search_manifest: Results, gallery: Any) -> None:
    results = make_results()
    page = Page(render_search(results, search_manifest, gallery))
    text = " ".join(page.text.split())

    def row_of(first: str, last: str = "") -> list[str]:
        (row,) = [r for r in page.rows if r and r[0].strip() == first and (not last or r[-1].strip() == last)]
        return [" ".join(cell.split()) for cell in row]

    def written(harm: Results) -> str:
        return f"{points(harm['value'])} {points(harm['low'])} to {points(harm['high'])}"

    for one in results["cases"]:
        assert f"{points(one['certificate']['harm']['value'])} points" in text
        assert search_manifest["replay"][one["file"]] in text
    for run in results["runs"]:
        cells = row_of(run["name"])
        assert cells[1] == f"{run['evaluations']:g}"
        assert cells[-1] == written(run["case"]["certificate"]["harm"])
    for point in results["curve"]["points"]:
        assert row_of(f"{point['at']:g}")[1] == written(point["case"]["certificate"]["harm"])
    for group, one in results["groups"].items():
        cells = row_of(group.replace("_", " "), one["file"])
        assert cells[1] == written(one["certificate"]["harm"])
        assert "isp.white_balance.gains[0] 2.1 to 2.4" in cells[2]
    (cells,) = [r for r in page.rows if len(r) == 3 and r[0] == "noise" and r[1].strip() == "77.0"]
    assert cells[2].strip() == "76.0"
    assert "isp.demosaic : malvar2004 became bilinear" in text.replace("isp.demosaic:", "isp.demosaic :")
    assert text.count("cat0.88") + text.count("cat 0.88") == 2  # the first case, in two scenes
    assert len(page.scripts) == 5  # plotly, and four plots
    for script, number in zip(page.scripts[1:], (2, 2, 1, 2), strict=True):
        assert script.count('"type":') >= number


def test_plots_hold_the_figures(search_manifest: Results) -> None:
    html = render_search(make_results(), search_manifest, {})
    drawn = {}
    for script in Page(html).scripts[1:]:
        found = re.fullmatch(r'\{ const drawing = (.*); Plotly\.newPlot\("([\w-]+)", drawing.*', script, re.DOTALL)
        assert found
        drawn[found[2]] = json.loads(found[1])
    assert list(drawn) == ["trajectory-plot", "curve-plot", "groups-plot", "ladder-plot"]
    first, second = drawn["trajectory-plot"]["data"]
    assert (first["x"], first["y"]) == ([1, 9, 60], [0.11, 0.6, 0.71])
    assert second["line"]["dash"] == "dot"
    _, line = drawn["curve-plot"]["data"]
    assert line["x"] == [0, 0.5, 1]  # begins with the device as it is
    assert line["y"] == pytest.approx([2.4, 17, 31])
    (bars,) = drawn["groups-plot"]["data"]
    assert bars["y"] == ["noise", "white balance", "all"]
    assert bars["x"] == pytest.approx([3, 12, 31])
    rungs = {trace["name"]: trace["y"] for trace in drawn["ladder-plot"]["data"]}
    assert rungs == {"all": pytest.approx([74, 49]), "noise": pytest.approx([77, 76])}


def test_no_section_without_its_search(search_manifest: Results) -> None:
    html = render_search(
        make_results(curve=None, groups={}, ladder=None, cross_check=None, verdict=None, reasons=[]),
        search_manifest,
        {},
    )
    ids = set(re.findall(r'<section id="(\w+)"', html))
    assert ids == {"worst", "trajectory", "limits", "reproduce"}
    assert "No margin was given" in html
    assert "dotted line" not in html
    assert "31.0 points lost" in html


def test_masked_gradients_come_first() -> None:
    check = {"lead": {"value": 0.21, "low": 0.15, "high": 0.27}, "masked_gradients": True}
    found = caveats(make_results(cross_check=check))
    assert found[0].headline.startswith("Masked gradients")
    assert "0.210 (0.150 to 0.270)" in found[0].text
    assert not any(c.headline.startswith("Masked") for c in caveats(make_results()))


@pytest.mark.parametrize(
    ("update", "words"),
    [
        ({"strategy": strategy(gradients=False, why_not="the operator Foo has none")}, "The operator Foo has none."),
        ({"loss": "cross_entropy"}, "Cross-entropy was raised"),
        ({"cases": [case(DEVICE, 0.1, certificate=certificate(0.1, 0, 20) | {"score_of_reference": 0.3})]}, "30.0%"),
    ],
)
def test_caveats(update: Results, words: str) -> None:
    assert any(words in f"{caveat.headline} {caveat.text}" for caveat in caveats(make_results(**update)))


def test_a_detector_has_no_errors_and_no_soft_error(search_manifest: Results) -> None:
    task = {"key": "detection", "title": "Detection", "score": "F1 at IoU 0.5"}
    low = case(DEVICE, 0.1, certificate=certificate(0.1, 0, 20) | {"score_of_reference": 0.3})
    results = make_results(task=task, cases=[low], reasons=[])
    html = render_search(results, search_manifest, {})
    page = html[html.index("<body") : html.index("<script>")]
    assert "Its F1 at IoU 0.5 is 30.0% there" in page
    assert "Score lost, %" in page
    for word in ("Errors", "ccuracy", "oft error", "classes"):
        assert word not in page


def test_a_strategy_that_wants_no_gradients_is_no_caveat() -> None:
    plain = strategy(name="random", gradients=False, wanted_gradients=False, why_not="the strategy random does without")
    assert not any("gradients" in caveat.headline for caveat in caveats(make_results(strategy=plain)))


def test_without_labels_it_speaks_of_answers(search_manifest: Results) -> None:
    results = make_results(labelled=False, verdict=None, reasons=[])
    html = render_search(results, search_manifest, {})
    assert "31.0% of the answers change" in html
    assert "31.0% of the answers differ from those on reference/srgb" in summary(results)
    assert "flips measure instability" in html
    assert "accuracy drop" not in Page(html).text.lower()


@pytest.mark.parametrize(
    ("constraint", "words"),
    [
        (None, "none but the plausible ranges"),
        ({"kind": "bound", "measure": "ssim", "limit": 0.9}, "at least 0.9"),
        ({"kind": "bound", "measure": "delta_e", "limit": 5.0}, "at most 5 ΔE"),
        ({"kind": "weight", "measure": "l2", "weight": 0.5}, "weight 0.5"),
    ],
)
def test_constraints_in_words(constraint: Results | None, words: str) -> None:
    assert words in constraint_text(constraint)


def test_hostile_strings_stay_text(search_manifest: Results) -> None:
    kept = ("kind", "loss")
    results = make_results()
    hostile = append_everywhere({k: v for k, v in results.items() if k not in kept}, HOSTILE)
    hostile |= {key: results[key] for key in kept}
    hostile["curve"]["axis"], hostile["ladder"]["measure"] = "scale", "ssim"
    for one in [*hostile["cases"], *(run["case"] for run in hostile["runs"]), *hostile["groups"].values()]:
        search_manifest["replay"][one["file"]] = HOSTILE
    scene = Shot(np.zeros((8, 8, 3), np.uint8), HOSTILE, 1.0, True)
    gallery = {HOSTILE: dict.fromkeys(("reference", "device", *(c["profile"] for c in hostile["cases"])), scene)}
    page = Page(render_search(hostile, search_manifest, gallery))
    assert not any("onerror" in attributes for _, attributes in page.elements)
    assert [tag for tag, _ in page.elements].count("script") == 5
    for script in page.scripts[1:]:
        assert "<" not in script
