"""The simulations behind docs/statistics.md: exact sums, known answers of the cases, and the page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import multinomial, norm

from audit.stats import tango, tango_p_above, wilson
from audit.stats.drop import MeanDrop, RateDrop
from benchmarks.coverage.aggregates import AGGREGATES
from benchmarks.coverage.case import Case
from benchmarks.coverage.clustered import CLUSTERED, SIZE
from benchmarks.coverage.exact import paired_rate, single_rate, tango_score
from benchmarks.coverage.page import BEGIN, markdown, tails
from benchmarks.coverage.scores import DIFFERENCES, SINGLES
from benchmarks.coverage.simulate import simulate, usual_ways
from benchmarks.coverage.verdicts import GATED, Gated, verdicts
from benchmarks.launch import ROOT
from benchmarks.page import replace_between
from benchmarks.search.store import Store


@pytest.mark.parametrize(("drop", "changed"), [(0.0, 0.3), (0.1, 0.3), (0.2, 0.2)])
def test_the_chance_of_every_table_adds_up(drop: float, changed: float) -> None:
    count = 15
    below = above = 0.0
    for lost in range(count + 1):
        for gained in range(count + 1 - lost):
            interval = tango(lost, gained, count)
            rates = [(changed + drop) / 2, (changed - drop) / 2, 1 - changed]
            chance = multinomial.pmf([lost, gained, count - lost - gained], count, rates)
            below += chance * (interval.high < drop)
            above += chance * (interval.low > drop)
    assert paired_rate(count, drop, changed) == pytest.approx((below, above), abs=1e-9)


def test_the_chance_of_every_number_of_hits_adds_up() -> None:
    intervals = [wilson(hits, 30) for hits in range(31)]
    rng = np.random.default_rng(0)
    drawn = rng.binomial(30, 0.8, 200_000)
    below = np.mean(np.array([interval.high < 0.8 for interval in intervals])[drawn])
    above = np.mean(np.array([interval.low > 0.8 for interval in intervals])[drawn])
    assert single_rate(30, 0.8) == pytest.approx((below, above), abs=0.002)


def test_many_scores_at_once_are_the_audits() -> None:
    lost, gained = np.array([3, 0, 9, 0]), np.array([1, 4, 0, 0])
    for drop in (0.0, 0.04, 0.3):
        expected = [norm.isf(tango_p_above(int(b), int(c), 60, drop)) for b, c in zip(lost, gained, strict=True)]
        assert tango_score(lost, gained, 60, drop) == pytest.approx(expected)


@pytest.mark.parametrize("case", [*DIFFERENCES, *SINGLES], ids=lambda case: case.key)
def test_cases_know_their_truth(case: Case) -> None:
    estimate = case.draw(np.random.default_rng(1), 200_000)
    scores = estimate.differences if isinstance(estimate, MeanDrop) else estimate.sums
    assert scores.mean() == pytest.approx(case.truth(), abs=5 * scores.std() / 200_000**0.5)


@pytest.mark.parametrize("case", CLUSTERED, ids=lambda case: case.key)
def test_clustered_cases_know_their_truth(case: Case) -> None:
    drop = case.draw(np.random.default_rng(1), 5000)
    means = np.bincount(drop.clusters, weights=drop.differences) / SIZE
    assert drop.samples == pytest.approx(5000 * SIZE, rel=0.02)
    assert drop.differences.mean() == pytest.approx(case.truth(), abs=5 * means.std() / 5000**0.5)


def test_aggregates_are_drawn_and_measured() -> None:
    for case in AGGREGATES:
        interval = case.draw(np.random.default_rng(2), 60).interval(0.95)
        assert -0.5 < interval.low < interval.value < interval.high < 0.5


def test_a_simulation_counts_what_the_intervals_miss() -> None:
    case = next(case for case in DIFFERENCES if case.key == "steps")
    entry = simulate(case, 50, 200)
    assert simulate(case, 50, 200) == entry
    intervals: list[float] = []

    def draw(rng: np.random.Generator, count: int) -> MeanDrop:
        drop = case.draw(rng, count)
        intervals.append(drop.interval(0.95).high < case.truth())
        return drop

    assert simulate(Case(case.key, "", draw, case.truth), 50, 200) == entry
    assert np.mean(intervals) == entry["below"]
    usual = usual_ways(case, 50, 30)
    assert 0 <= usual["t"]["below"] + usual["bootstrap"]["above"] <= 1
    with pytest.raises(TypeError, match="not a mean"):
        usual_ways(Case("rate", "", lambda rng, count: RateDrop(1, 0, count), lambda: 0.0), 50, 1)


@pytest.mark.parametrize("gated", GATED, ids=lambda gated: gated.key)
def test_too_few_samples_are_inconclusive_and_at_the_margin_few_pass(gated: Gated) -> None:
    assert verdicts(gated, 72, 0.0, 100)["PASS"] == 0
    assert verdicts(gated, 500, 0.0, 100)["PASS"] > 0.5
    assert verdicts(gated, 200, 0.05, 400)["PASS"] <= 0.05  # 2.5 % and 3.2 standard errors
    assert verdicts(gated, 1000, 0.1, 50)["FAIL"] > 0.5


def test_the_page_is_written_from_what_there_is(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put("rates/single/0.9/50", {"below": 0.02, "above": 0.03})
    store.put("differences/steps/50", {"count": 50, "simulations": 7, "below": 0.0, "above": 0.25})
    text = markdown(store, {"differences": DIFFERENCES}, GATED)
    assert "| rate 90 % | 95.0 (2.0 / 3.0) |" in text
    assert "7 simulations of each." in text
    assert "75.0 (0.0 / 25.0)" in text
    assert tails(None) == ""
    page = (ROOT / "docs" / "statistics.md").read_text(encoding="utf-8")
    assert text in replace_between(page, text, BEGIN)
