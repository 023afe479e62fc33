"""The HTML report against its own input: nothing lost, nothing loaded, nothing executed."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from audit.report import render_html
from tests.audit.report.page import Page

Results = dict[str, Any]
HOSTILE = """"><script>alert(1)</script><img src=x onerror='alert(2)'>&amp;<b>b</b>"""
FIXED = {"verdict", "role", "created", "measure", "fidelity_measure"}
"""Keys of strings with a fixed vocabulary."""


def append_everywhere(value: Any, tail: str, key: str = "") -> Any:
    """Every string but the ones with a fixed vocabulary gets ``tail``."""
    if isinstance(value, str):
        return value if key in FIXED else value + tail
    if isinstance(value, dict):
        free = key in ("versions", "hashes", "chosen")
        return {name + tail if free else name: append_everywhere(item, tail, name) for name, item in value.items()}
    if isinstance(value, list):
        return [append_everywhere(item, tail, key) for item in value]
    return value


def points(value: float) -> str:
    return f"{round(100 * value, 1) + 0.0:.1f}".replace("-0.0", "0.0").replace("-", "−")


@pytest.fixture(scope="session")
def page(make_results: Callable[..., Results], manifest: Results, pictures: Any) -> Page:
    return Page(render_html(make_results(), manifest, pictures))


def test_loads_nothing(page: Page) -> None:
    for tag, attributes in page.elements:
        assert tag not in {"link", "iframe", "object", "embed", "base", "form"}
        for name in ("src", "href", "srcset", "action", "data", "poster"):
            loaded = attributes.get(name)
            assert loaded is None or loaded.startswith("data:image/jpeg;base64,")
    styles = "".join(re.findall(r"<style>(.*?)</style>", page.source, re.DOTALL))
    assert "font-variant-numeric: tabular-nums" in styles
    assert "url(" not in styles
    assert "@import" not in styles


def test_policy_admits_exactly_the_scripts_of_the_page(page: Page) -> None:
    digests = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in page.scripts]
    directives = dict(part.strip().split(" ", 1) for part in page.policy.split(";"))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"].split() == [f"'sha256-{digest}'" for digest in digests]
    assert len(digests) == 2
    assert "Plotly" in page.scripts[0]


@pytest.mark.parametrize("labelled", [True, False])
def test_every_profile_with_every_number(
    make_results: Callable[..., Results], manifest: Results, labelled: bool
) -> None:
    results = make_results(labelled=labelled)
    page = Page(render_html(results, manifest, {}))
    columns = ("drop", "flips", "accuracy", "confidence", "jsd") if labelled else ("flips", "confidence", "jsd")
    assert len(results["profiles"]) == 38
    for entry in results["profiles"]:
        row = page.row(entry["profile"] + entry["title"].split(" (")[0])
        for cell, key in zip(row[2:], columns, strict=False):
            interval = {**entry, **entry["metrics"]}[key]
            if interval is None:
                assert cell == "–"
                continue
            write = (lambda x: f"{x:.3f}") if key == "jsd" else points
            expected = f"{write(interval['value'])} {write(interval['low'])} to {write(interval['high'])}"
            assert " ".join(cell.split()) == expected
        assert row[-2] == str(entry["samples"])
        assert row[1].strip() == (entry["verdict"] or "reference")


def test_plot_holds_every_profile_at_its_place(page: Page, make_results: Callable[..., Results]) -> None:
    results = make_results()
    drawing = page.drawing
    labels = drawing["layout"]["yaxis"]["ticktext"]
    profiles = {entry["profile"]: entry for entry in results["profiles"] if entry["role"] != "reference"}
    assert sorted(labels) == sorted(profiles)
    drawn = {}
    for trace in drawing["data"]:
        if trace["type"] == "scatter":
            spans = zip(trace["error_x"]["arrayminus"], trace["error_x"]["array"], strict=True)
            for x, y, (minus, plus) in zip(trace["x"], trace["y"], spans, strict=True):
                drawn[labels[y]] = (trace["name"], x - minus, x, x + plus)
    for name, entry in profiles.items():
        verdict, *numbers = drawn.pop(name)
        assert verdict == entry["verdict"]
        assert numbers == pytest.approx([100 * entry["drop"][key] for key in ("low", "value", "high")])
    assert not drawn
    (line,) = drawing["layout"]["shapes"]
    assert line["x0"] == line["x1"] == pytest.approx(5.0)
    (bars,) = [trace for trace in drawing["data"] if trace["type"] == "bar"]
    assert bars["x"] == [profiles[labels[y]]["metrics"]["jsd"]["value"] for y in bars["y"]]


def test_plot_stops_at_sixty_and_says_so(make_results: Callable[..., Results], manifest: Results) -> None:
    results = make_results()
    template = results["profiles"][-2]
    results["profiles"] += [template | {"profile": f"extra/{n}"} for n in range(40)]
    page = Page(render_html(results, manifest, {}))
    assert len(page.drawing["layout"]["yaxis"]["ticktext"]) == 60
    assert "the 60 worst of 77 profiles" in " ".join(page.text.split())
    assert page.row("extra/39")


def test_both_margins_give_two_forests(make_results: Callable[..., Results], manifest: Results) -> None:
    results = make_results()
    results["gate"]["max_flips"] = 0.2
    drawing = Page(render_html(results, manifest, {})).drawing
    assert [shape["x0"] for shape in drawing["layout"]["shapes"]] == pytest.approx([5.0, 20.0])
    assert {trace["xaxis"] for trace in drawing["data"]} == {"x", "x2", "x3"}


def test_worst_first(page: Page, make_results: Callable[..., Results]) -> None:
    severity = {"FAIL": 0, "INCONCLUSIVE": 1, "PASS": 2}
    entries = [entry for entry in make_results()["profiles"] if entry["verdict"]]
    entries.sort(key=lambda entry: (severity[entry["verdict"]], -entry["drop"]["value"], entry["profile"]))
    order = [entry["profile"] for entry in entries]
    assert page.drawing["layout"]["yaxis"]["ticktext"] == order
    reasons = re.findall(r"<li>([^<:]+): accuracy drop", page.source)
    assert reasons == order[:5]
    groups = [row[0] for row in page.rows if len(row) == 1]
    heads = [
        "phone", "automotive", "seed/drone", "machine-vision", "seed/microscope",
        "hobby", "microscope", "drone", "still",
    ]  # fmt: skip
    assert [re.sub(r"\d+ profiles?$", "", group) for group in groups] == heads


@pytest.mark.parametrize("verdict", ["PASS", "FAIL", "INCONCLUSIVE"])
def test_banner_says_the_verdict_in_words_and_shape(
    make_results: Callable[..., Results], manifest: Results, verdict: str
) -> None:
    results = make_results(verdict=verdict)
    page = Page(render_html(results, manifest, {}))
    shape = {"PASS": "M1.5 6.5", "FAIL": "M2 2", "INCONCLUSIVE": "M1.5 6h9"}[verdict]
    start = page.source.index(f'<div class="banner {verdict.lower()}"')
    banner = page.source[start : page.source.index("</div>", start)]
    assert f"</svg>{verdict}</p>" in banner
    assert f'd="{shape}' in banner
    assert page.text.strip().startswith(f"{verdict}: camera audit of resnet18-street.onnx")


def test_reference_has_no_verdict_and_is_not_counted(page: Page) -> None:
    row = page.row("reference/srgb")
    assert row[1].strip() == "reference"
    assert [cell for cell in row[2:] if cell not in ("", "–", "400")] == ["78.0\n74.0 to 82.0", "80.0\n78.0 to 82.0"]
    assert "through 37 emulated camera profiles" in page.text


def test_unlabelled_says_instability(make_results: Callable[..., Results], manifest: Results) -> None:
    page = Page(render_html(make_results(labelled=False), manifest, {}))
    assert "Without labels, flips measure instability, not error" in page.text
    assert "Accuracy" not in page.text
    assert "McNemar: exact" not in page.text
    assert page.drawing["layout"]["xaxis"]["title"]["text"] == "Flip rate (%)"


def test_worst_case_beside_reference(page: Page) -> None:
    flat = [[" ".join(cell.split()) for cell in row] for row in page.rows]
    assert flat[flat.index(["Setting", "Scenes", "Errors, %", "Drop, points", "Verdict"]) :][1:5] == [
        ["The device as it is", "200, search half", "24.5", "–", "not used for the verdict"],
        ["Worst case", "200, search half", "65.5", "–", "not used for the verdict"],
        ["The device as it is", "400, all", "24.2 20.2 to 28.3", "2.2 −0.3 to 4.8", "PASS"],
        ["Worst case", "200, held out", "50.0 44.3 to 55.7", "28.0 21.2 to 34.8", "FAIL"],
    ]
    # The order of the knobs is by how much of the range they crossed.
    knobs = [row[:5] for row in flat if len(row) == 6 and row[0].startswith(("isp.", "sensor."))]
    assert knobs[0] == ["sensor.read_noise", "3", "3.6", "e-", "2.4 to 3.6"]
    assert ["isp.white_balance.gains[2]", "1.6", "1.38", "", "1.36 to 1.84"] in knobs
    assert [row[0] for row in knobs][-1] == "sensor.system_gain"
    assert len(knobs) == 5
    assert "1 other number stayed where it was." in page.text
    assert "worst/phone-pixel-6.yaml" in page.text
    alts = [attributes["alt"] for tag, attributes in page.elements if tag == "img"]
    for name in ("reference/srgb", "phone/pixel-6", "worst/phone/pixel-6"):
        assert alts.count(f"Scene park/dog.jpg through {name}") == 2  # here and in the contact sheet


def test_many_knobs_unfold(make_results: Callable[..., Results], manifest: Results) -> None:
    results = make_results()
    results["worst_cases"][0]["knobs"] = [
        {"name": f"sensor.k{n}", "unit": "e-", "from": [30000.0], "to": [30000.0 - n], "low": [-0.25], "high": [31e3]}
        for n in range(12)
    ]
    page = Page(render_html(results, manifest, {}))
    names = [row[0] for row in page.rows if row[0].startswith("sensor.k")]
    assert names == [f"sensor.k{n}" for n in range(11, 0, -1)]
    assert [row[1:5] for row in page.rows if row[0] == "sensor.k7"] == [["30000", "29993", "e-", "−0.25 to 31000"]]
    assert "1 number that moved less" in page.text


def test_unlabelled_worst_case_compares_flips(make_results: Callable[..., Results], manifest: Results) -> None:
    results = make_results(labelled=False)
    flips = next(entry["flips"] for entry in results["profiles"] if entry["role"] == "worst_case")
    page = Page(render_html(results, manifest, {}))
    flat = [[" ".join(cell.split()) for cell in row] for row in page.rows]
    lines = flat[flat.index(["Setting", "Scenes", "Flip rate, %", "Verdict"]) :][1:5]
    assert [line[2].split()[0] for line in lines[:2]] == ["24.5", "65.5"]
    numbers = " to ".join(points(flips[key]) for key in ("low", "high"))
    assert lines[3] == ["Worst case", "200, held out", f"{points(flips['value'])} {numbers}", "FAIL"]


def test_other_confidence_is_named(make_results: Callable[..., Results], manifest: Results) -> None:
    results = make_results()
    results["gate"]["confidence"] = 0.99
    page = Page(render_html(results, manifest, {}))
    assert "99% interval" in page.text
    assert "95%" not in page.text
    assert all("99% interval" in text for trace in page.drawing["data"] for text in trace["hovertext"])


def test_contact_sheet_has_every_profile_and_marks_gaps(
    make_results: Callable[..., Results], manifest: Results, pictures: Any
) -> None:
    results = make_results(worst=False)
    some = {
        scene: {name: rgb for name, rgb in shots.items() if "worst" not in name} for scene, shots in pictures.items()
    }
    del some["park/dog.jpg"]["still/sony-a7r"]
    page = Page(render_html(results, manifest, some))
    alts = [attributes["alt"] for tag, attributes in page.elements if tag == "img"]
    assert sorted(alts) == sorted(f"Scene {s} through {n}" for s, shots in some.items() for n in shots)
    assert page.text.count("no picture") == 1
    assert alts[0] == "Scene street/crossing.jpg through reference/srgb"
    assert "found by the search" not in page.text


def test_reproduction_is_complete(page: Page, manifest: Results) -> None:
    assert manifest["command"] in page.text
    for value in (manifest["model_sha256"], manifest["data_sha256"], *manifest["profiles"].values()):
        assert value in page.text
    for package, version in manifest["versions"].items():
        assert f"{package} {version}" in page.text
    for value in ("2026-11-22 02:04 UTC", "184.2 s on Linux x86_64, 2 cores", "Inference ran on the CPU."):
        assert value in page.text
    assert "What this does not prove" in page.text


def test_hostile_strings_stay_text(make_results: Callable[..., Results], manifest: Results, pictures: Any) -> None:
    results, described = append_everywhere(make_results(), HOSTILE), append_everywhere(manifest, HOSTILE)
    results["model"]["input"]["key" + HOSTILE] = "value"
    for key in ("versions", "profiles"):
        described[key] = {name + HOSTILE: value for name, value in described[key].items()}
    scene, shots = next(iter(pictures.items()))
    evil = {scene + HOSTILE: {name + HOSTILE: rgb for name, rgb in shots.items()}}
    page = Page(render_html(results, described, evil))
    assert len(page.scripts) == 2
    images = [attributes for tag, attributes in page.elements if tag == "img"]
    assert len(images) == 38 + 3
    for attributes in images:
        assert set(attributes) == {"src", "alt"}
        assert (attributes["alt"] or "").count(HOSTILE) == 2
    assert not [tag for tag, _ in page.elements if tag == "b"]
    for _, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on")]
    for text in ("resnet18-street.onnx", "Google Pixel 6, main camera", "street/broken.jpg", "colour order RGB",
                 "worst/phone/pixel-6", "sensor.read_noise", "--seed 0", "2.13.0", "e-", "key"):  # fmt: skip
        assert text + HOSTILE in page.text
    assert {a["title"] for _, a in page.elements if "title" in a} == {scene + HOSTILE}


def test_plot_labels_are_no_markup(make_results: Callable[..., Results], manifest: Results) -> None:
    results = make_results()
    results["profiles"][1] |= {"profile": "x/<i>&lt;", "title": '<a href="javascript:alert(1)">a</a><br>%{x}'}
    drawing = Page(render_html(results, manifest, {})).drawing
    assert "x/&lt;i&gt;&amp;lt;" in drawing["layout"]["yaxis"]["ticktext"]
    hovers = [text for trace in drawing["data"] for text in trace["hovertext"]]
    assert len(hovers) == 2 * 37
    for text in hovers:
        assert set(re.findall(r"<[^>]*>", text)) <= {"<b>", "</b>", "<br>"}
        assert text.count("<br>") == 4
    assert sum('&lt;a href="javascript:alert(1)"&gt;a&lt;/a&gt;&lt;br&gt;%{x}' in text for text in hovers) == 2
    assert all("hovertemplate" not in trace for trace in drawing["data"])


def test_unprintable_characters_are_spelled_out(make_results: Callable[..., Results], manifest: Results) -> None:
    results = make_results()
    results["profiles"][1]["title"] = "a\x1b[31m\u202eb\udcff"
    text = render_html(results, manifest, {}).encode("utf-8").decode()
    assert "a\\x1b[31m\\u202eb\\udcff" in text
    assert "\x1b" not in text
    assert "\u202eb" not in text


@pytest.mark.parametrize("broken", [None, {"value": float("nan"), "low": 0.0, "high": 1.0}])
def test_what_was_not_measured_is_said(make_results: Callable[..., Results], manifest: Results, broken: Any) -> None:
    results = make_results(verdict="INCONCLUSIVE", worst=False)
    results["profiles"] = results["profiles"][:1] + [
        entry for entry in results["profiles"][1:] if entry["verdict"] != "FAIL"
    ]
    lost = results["profiles"][-1]
    lost |= {"drop": broken, "flips": broken, "metrics": dict.fromkeys(lost["metrics"], broken)}
    lost |= {"verdict": "INCONCLUSIVE", "reasons": ["no samples measured"], "errors": ["the emulator gave NaN"]}
    page = Page(render_html(results, manifest, {}))
    row = page.row(lost["profile"])
    assert row[2:7] == ["not measured"] * 5
    assert row[-1].split() == ["no", "samples", "measured", "the", "emulator", "gave", "NaN"]
    assert f"The worst is {lost['profile']}, which gave no result." in page.text
    assert lost["profile"] not in page.drawing["layout"]["yaxis"]["ticktext"]


def test_no_profile_no_plot(make_results: Callable[..., Results], manifest: Results) -> None:
    results = make_results(verdict="INCONCLUSIVE", worst=False)
    results["profiles"] = results["profiles"][:1]
    page = Page(render_html(results, manifest, {}))
    assert "No profile was judged." in page.text
    assert page.scripts == []
    assert "script-src 'none'" in page.policy


def test_same_run_same_page(page: Page, make_results: Callable[..., Results], manifest: Results, pictures: Any) -> None:
    assert render_html(make_results(), manifest, pictures) == page.source


def test_incomplete_input_is_refused(make_results: Callable[..., Results], manifest: Results, pictures: Any) -> None:
    with pytest.raises(KeyError, match="gate"):
        render_html({k: v for k, v in make_results().items() if k != "gate"}, manifest, {})
    with pytest.raises(KeyError, match="phone/unknown"):
        render_html(make_results(), manifest, {"s": {"phone/unknown": np.zeros((2, 2, 3), np.uint8)}})
    for key in set(manifest) - {"split", "search"}:
        with pytest.raises(KeyError, match=f"lacks {key}"):
            render_html(make_results(worst=False), {k: v for k, v in manifest.items() if k != key}, {})
