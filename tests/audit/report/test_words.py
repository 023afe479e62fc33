"""The sentences and caveats: each appears exactly when it applies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from audit.report.caveats import caveats
from audit.report.rows import DROP, Metric, read_view
from audit.report.words import margin_text, summary
from audit.stats import tango, wilson

Results = dict[str, Any]


def headlines(results: Results) -> list[str]:
    return [caveat.headline for caveat in caveats(results, read_view(results))]


@pytest.fixture
def calm(make_results: Callable[..., Results]) -> Results:
    """A run about which there is nothing to add: one narrow interval, everything given."""
    results = make_results(worst=False)
    results["gate"]["given"] = True
    results["model"]["input"]["assumed"] = []
    results["data"]["unreadable"] = []
    narrow = {"value": 0.01, "low": 0.0, "high": 0.02}
    results["profiles"] = results["profiles"][:2]
    results["profiles"][1] |= {"profile": "phone/x", "verdict": "PASS", "drop": narrow}
    return results


def test_summary_in_plain_words(calm: Results) -> None:
    assert summary(calm, read_view(calm)) == (
        "resnet18-street.onnx was run on 400 labelled scenes through 1 emulated camera profile and compared with "
        "reference/srgb; accuracy may drop by at most 5.0 points. Of the profiles, 1 pass, 0 fail, 0 inconclusive. "
        "The worst is phone/x: an accuracy drop of 1.0 points (95% interval 0.0 to 2.0)."
    )


def test_nothing_to_add(calm: Results) -> None:
    assert headlines(calm) == []


def test_default_margin(calm: Results) -> None:
    calm["gate"]["given"] = False
    assert headlines(calm) == ["No margin was given: the default was used"]


def test_assumptions_are_listed(calm: Results) -> None:
    calm["model"]["input"]["assumed"] = ["RGB", "224 x 224"]
    (caveat,) = caveats(calm, read_view(calm))
    assert caveat.items == ("RGB", "224 x 224")


@pytest.mark.parametrize(("count", "listed"), [(1, 1), (8, 8), (9, 9), (50, 9)])
def test_unreadable_samples_are_counted_and_listed(calm: Results, count: int, listed: int) -> None:
    calm["data"]["unreadable"] = [{"sample": f"{n}.jpg", "reason": "truncated"} for n in range(count)]
    (caveat,) = caveats(calm, read_view(calm))
    assert caveat.headline == f"{count} sample{'s' * (count > 1)} could not be read"
    assert f"Left out of {400 + count}" in caveat.text
    assert len(caveat.items) == listed
    assert caveat.items[0] == "0.jpg: truncated"
    assert (f"and {count - 8} more" in caveat.items[-1]) == (count > 8)


@pytest.mark.parametrize(("accuracy", "warned"), [(0.02, True), (0.05, True), (0.06, False)])
def test_a_model_that_fails_on_the_reference(calm: Results, accuracy: float, warned: bool) -> None:
    calm["profiles"][0]["metrics"]["accuracy"] = {"value": accuracy, "low": 0.0, "high": 0.1}
    assert headlines(calm) == ["The model fails on the reference itself"] * warned


@pytest.mark.parametrize(
    ("count", "headline"),
    [(1, "Only 1 scene"), (9, "Only 9 scenes"), (10, "10 scenes: too few for a PASS"), (73, None)],
)
def test_too_few_scenes(calm: Results, count: int, headline: str | None) -> None:
    calm["data"]["samples"] = count
    assert headlines(calm) == [headline] * (headline is not None)


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
@pytest.mark.parametrize("margin", [0.02, 0.05, 0.1])
def test_enough_scenes_is_when_a_spotless_run_would_pass(calm: Results, confidence: float, margin: float) -> None:
    calm["gate"] |= {"confidence": confidence, "max_drop": margin}
    spotless = [tango(0, 0, n, confidence).high < margin for n in range(10, 400)]
    assert spotless == [wilson(0, n, confidence).high < margin for n in range(10, 400)]
    least = 10 + spotless.index(True)
    for count in (least - 1, least):
        calm["data"]["samples"] = count
        found = [caveat for caveat in caveats(calm, read_view(calm)) if "too few" in caveat.headline]
        assert [f"At least {least} scenes" in caveat.text for caveat in found] == [True] * (count < least)


def test_wide_intervals_matter_where_something_is_open(calm: Results) -> None:
    calm["profiles"][1]["drop"] = {"value": 0.04, "low": 0.01, "high": 0.07}
    assert headlines(calm) == []
    calm["profiles"][1]["verdict"] = "INCONCLUSIVE"
    (caveat,) = caveats(calm, read_view(calm))
    assert "±3.0 points against a margin of 5.0 points" in caveat.text


def test_margins(calm: Results) -> None:
    calm["gate"]["max_flips"] = 0.1
    both = "accuracy may drop by at most 5.0 points and at most 10.0% of the answers may change"
    assert margin_text(read_view(calm)) == both
    calm["gate"] |= {"max_flips": None, "max_drop": None}
    assert margin_text(read_view(calm)) == ""
    assert "no margin was set" in summary(calm, read_view(calm))


@pytest.mark.parametrize(
    ("metric", "value", "text"),
    [
        (DROP, -0.0004, "0.0"),
        (DROP, -0.012, "-1.2"),
        (DROP, 1, "100.0"),
        (Metric("jsd", "JSD", "bits", 1, 3), 0.04251, "0.043"),
    ],
)
def test_numbers(metric: Any, value: float, text: str) -> None:
    assert metric.text(value) == text
