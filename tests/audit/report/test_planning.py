"""The sentence on what the number of scenes can show."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from audit.report.planning import planning_sentence
from audit.report.rows import read_view
from audit.stats.power import detectable_drop, rate_power_sentence, samples_needed
from tests.audit.report.other import regression

Results = dict[str, Any]


def plan(samples: int, detectable: float, wanted: float, needed: int) -> Results:
    return {
        "samples": samples,
        "detectable": detectable,
        "wanted": wanted,
        "needed": needed,
        "alpha": 0.05,
        "power": 0.8,
    }


def sentence(results: Results) -> str | None:
    return planning_sentence(results, read_view(results))


@pytest.mark.parametrize("samples", [1, 30, 200, 1400])
@pytest.mark.parametrize("wanted", [0.02, 0.05])
def test_says_what_the_statistics_say(make_results: Callable[..., Results], samples: int, wanted: float) -> None:
    seen, needed = detectable_drop(samples, 0.1), samples_needed(wanted, 0.1)
    found = sentence(make_results() | {"planning": plan(samples, seen, wanted, needed)})
    assert found is not None
    if seen == 1:
        more = f"for {100 * wanted:g} points take {needed:,}"
        assert found == f"With this scene no drop would be seen reliably (80% power); {more}."
        return
    expected = rate_power_sentence(samples, 0.1, wanted)
    assert re.findall(r"[0-9][0-9.,]*[0-9]|[0-9]", found.replace(" (80% power)", "")) == re.findall(
        r"[0-9][0-9.,]*[0-9]|[0-9]", expected
    )


def test_an_error_rises_in_its_unit(make_results: Callable[..., Results]) -> None:
    found = sentence(regression(make_results()) | {"planning": plan(200, 0.1201, 0.1, 288)})
    assert found == "With these 200 scenes a rise of 0.13 px or more would be seen (80% power); for 0.1 px take 288."


def test_nothing_planned_nothing_said(make_results: Callable[..., Results]) -> None:
    assert sentence(make_results()) is None
