"""The gallery of the pictures that were hit hardest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from audit.report import render_html
from audit.report.distances import coloured, maps_of
from audit.report.hardest import ANSWER, SIDE, hardest
from audit.sketch import Distances, Outline, Sketch
from audit.spoiled import Spoiled
from tests.audit.report.other import detection
from tests.audit.report.page import Page

Results = dict[str, Any]
HOSTILE = """"><script>alert(1)</script><img src=x onerror='alert(2)'>&amp;<b>b</b>"""


def changed(sample: str, labelled: bool, **update: Any) -> Results:
    scores = {"score": 0.25, "reference_score": 1.0} if labelled else {"score": None, "reference_score": None}
    return {
        "sample": sample, "profile": "phone/pixel-6", "harm": 0.7, "agreement": 0.4, "flip": True,
        "reference_answer": "2 objects: 2 car", "answer": "nothing", **scores, **update,
    }  # fmt: skip


def shots(count: int, side: int = 300) -> tuple[Spoiled, ...]:
    picture = np.full((side, side, 3), 90, np.uint8)
    return tuple(Spoiled(picture, picture // 2) for _ in range(count))


def section(page: Page) -> str:
    start = page.source.index('<section id="hardest">')
    return page.source[start : page.source.index("</section>", start)]


def test_both_pictures_both_answers_and_what_they_are_worth(
    make_results: Callable[..., Results], manifest: Results
) -> None:
    results = detection(make_results())
    results["most_changed"] = [changed("yard/1.png", True), changed("yard/2.png", True)]
    page = Page(render_html(results, manifest, {}, shots(2)))
    text = " ".join(Page(section(page)).text.split())
    assert "the 2 worst" in text
    assert "yard/1.png through phone/pixel-6 reference 2 objects: 2 car F1 at IoU 0.5: 100.0%" in text
    assert "device nothing F1 at IoU 0.5: 25.0% yard/2.png" in text
    assert "Agreement:" not in text
    alts = [attributes["alt"] for tag, attributes in page.elements if tag == "img"]
    assert alts == [f"yard/{n}.png, {camera}" for n in (1, 2) for camera in ("reference", "device")]


def test_without_labels_it_says_what_agreement_is(make_results: Callable[..., Results], manifest: Results) -> None:
    results = detection(make_results(labelled=False))
    results["most_changed"] = [changed("a", False)]
    text = " ".join(Page(section(Page(render_html(results, manifest, {}, shots(1))))).text.split())
    assert "Without labels these are the main evidence" in text
    assert "Agreement: F1 at IoU 0.5 of the objects found" in text
    assert text.endswith("reference 2 objects: 2 car device nothing agreement 40.0%")


@pytest.mark.parametrize(("score", "word"), [(0.0, "wrong"), (1.0, "right")])
def test_a_hit_is_right_or_wrong(make_results: Callable[..., Results], score: float, word: str) -> None:
    (hit,) = hardest(make_results() | {"most_changed": [changed("a", True, score=score)]}, shots(1))
    assert (hit.reference.worth, hit.device.worth) == ("right", word)
    (hit,) = hardest(make_results(labelled=False) | {"most_changed": [changed("a", False, agreement=score)]}, shots(1))
    assert (hit.reference.worth, hit.device.worth) == ("", {0.0: "another answer", 1.0: "the same answer"}[score])


def test_long_answers_are_cut_and_small_pictures_marked(make_results: Callable[..., Results]) -> None:
    results = make_results() | {"most_changed": [changed("a", True, answer="x" * 5000), changed("b", True)]}
    first, second = hardest(results, (*shots(1, 32), *shots(1, SIDE)))
    assert first.device.answer == "x" * ANSWER + " …"
    assert (first.device.small, second.device.small) == (True, False)


def test_nothing_changed_is_said(make_results: Callable[..., Results], manifest: Results) -> None:
    page = Page(render_html(make_results(), manifest, {}))
    assert "Nothing: on no scene" in section(page)


def test_pictures_and_rows_belong_together(make_results: Callable[..., Results], manifest: Results) -> None:
    results = make_results() | {"most_changed": [changed("a", True)]}
    with pytest.raises(ValueError, match="longer"):
        render_html(results, manifest, {}, shots(2))


def test_hostile_strings_stay_text(make_results: Callable[..., Results], manifest: Results) -> None:
    results = detection(make_results())
    evil = changed("a" + HOSTILE, True, profile="p" + HOSTILE, answer="x" + HOSTILE, reference_answer="y" + HOSTILE)
    results["most_changed"] = [evil]
    page = Page(render_html(results, manifest, {}, shots(1)))
    for letter in "apxy":
        assert letter + HOSTILE in page.text
    assert {tag for tag, _ in Page(section(page)).elements}.isdisjoint({"script", "b"})
    assert [attributes["alt"] for tag, attributes in page.elements if tag == "img"] == [
        f"a{HOSTILE}, {camera}" for camera in ("reference", "device")
    ]
    for _, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on")]


def test_answers_and_truth_are_drawn_over_the_pictures(make_results: Callable[..., Results], manifest: Results) -> None:
    results = detection(make_results())
    results["most_changed"] = [changed("a", True)]
    picture = np.full((300, 400, 3), 90, np.uint8)
    veil = np.zeros((300, 400, 4), np.uint8)
    before = Sketch((300, 400), (Outline(10, 20, 100, 50, HOSTILE, 1),), veil=veil)
    truth = Sketch((300, 400), (Outline(12, 18, 100, 50, "car", 0),))
    spoiled = Spoiled(picture, picture // 2, before, Sketch((300, 400), points=((5.0, 6.0),)), truth)
    page = Page(render_html(results, manifest, {}, (spoiled,)))
    part = section(page)
    assert "Drawn solid are the model's answers, dashed the truth." in part
    assert part.count('<svg class="truth" viewBox="0 0 400 300"') == 2
    assert part.count('<svg class="answer"') == 2
    assert '<rect class="hue-1" x="10" y="20" width="100" height="50">' in part
    assert '<circle cx="5.0" cy="6.0"' in part
    assert part.count('class="veil" src="data:image/png;base64,') == 1
    assert "<script>" not in part
    assert "<b>" not in part


def depth(values: np.ndarray, unit: str = "m", inverse: bool = False) -> Sketch:
    return Sketch(values.shape, distances=Distances(values.astype(np.float32), unit, inverse))


def test_maps_of_depth_stand_below_the_pictures(make_results: Callable[..., Results], manifest: Results) -> None:
    results = make_results()
    results["most_changed"] = [changed(HOSTILE, True)]
    ramp = np.linspace(1, 101, 101)[None].repeat(20, axis=0)
    (spoiled,) = shots(1)
    spoiled = Spoiled(spoiled.reference, spoiled.picture, depth(ramp), depth(ramp + 1), depth(ramp))
    part = section(Page(render_html(results, manifest, {}, (spoiled,))))
    text = " ".join(Page(part).text.split())
    assert "depth on the reference depth on the device true depth" in text
    assert "3 m" in text
    assert "100 m" in text
    assert "and the true one, in one scale of colours a scene" in text
    assert "dashed" not in text
    assert part.count('src="data:image/png;base64,') == 4  # three maps and the legend
    assert "<b>" not in part


def test_numbers_without_a_unit_say_what_they_are() -> None:
    ramp = np.linspace(0, 1, 50)[None]
    maps = maps_of(depth(ramp, "", True), depth(ramp, "", True), None, SIDE)
    assert maps is not None
    assert maps.truth is None
    assert maps.legend.low == "0.02"
    assert "large where it is near" in maps.legend.words
    assert maps_of(Sketch((1, 1)), Sketch((1, 1)), None, SIDE) is None
    nothing = depth(np.full((2, 2), np.nan))
    assert maps_of(nothing, nothing, None, SIDE) is None


def test_colours_rise_in_lightness_and_end_where_the_scale_does() -> None:
    ramp = coloured(np.linspace(-1, 2, 301, dtype=np.float32)[None], 0.0, 1.0)[0].astype(int)
    np.testing.assert_array_equal(ramp[0, :3], [68, 1, 84])
    np.testing.assert_array_equal(ramp[-1, :3], [253, 231, 37])
    luma = ramp[:, :3] @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(luma) >= -1).all()
    assert luma[-1] > luma[0] + 150
    assert coloured(np.array([[np.nan, 1.0]], np.float32), 1.0, 1.0)[0, :, 3].tolist() == [0, 255]
