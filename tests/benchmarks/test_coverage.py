"""The simulations behind docs/statistics.md: exact sums, known answers of the cases, and the page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import multinomial, norm

from audit.gate import Evidence, Gate, judge
from audit.stats import tango, tango_p_above, wilson
from audit.stats.drop import MeanDrop, RateDrop
from audit.stats.power import least_samples
from audit.tasks.metric import Metric
from benchmarks.coverage.aggregates import AGGREGATES
from benchmarks.coverage.averages import CHANGED, ENOUGH, LOSSES, RATES, gated, paired_rates, single_rates
from benchmarks.coverage.case import Case
from benchmarks.coverage.claims import Claim, false_pass, noise
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


def test_averages_are_over_the_grid() -> None:
    entry = single_rates(60)
    held = [1 - sum(single_rate(60, rate)) for rate in RATES]
    assert entry["all"]["cells"] == len(RATES) == 199
    assert (entry["all"]["mean"], entry["all"]["lowest"]) == pytest.approx((np.mean(held), min(held)))
    enough = [share for share, rate in zip(held, RATES, strict=True) if 60 * min(rate, 1 - rate) >= ENOUGH]
    assert (entry["enough"]["mean"], entry["enough"]["highest"]) == pytest.approx((np.mean(enough), max(enough)))
    pairs = paired_rates(60)
    assert pairs["all"]["cells"] == len(CHANGED) * len(LOSSES)
    assert pairs["enough"]["cells"] == len([c for c in CHANGED if 60 * c >= ENOUGH]) * len(LOSSES)
    # Margins that 60 samples can pass: 0, which is none, and those above z^2 / (60 + z^2).
    allowed = [(d * c, c) for c in CHANGED for d in LOSSES if d == 0 or least_samples(d * c) <= 60]
    assert pairs["all"]["most_passed"] == pytest.approx(max(paired_rate(60, d, c)[0] for d, c in allowed))


@pytest.mark.parametrize(("count", "drop"), [(72, 0.05), (73, 0.05), (60, 0.1)])
def test_false_pass_is_that_of_the_gate_itself(count: int, drop: float) -> None:
    changed, gate, accuracy = (
        0.1,
        Gate(max_drop=drop, max_flips=None),
        Metric("accuracy", "Accuracy", "rate", ("score",)),
    )
    passed = 0.0
    for lost in range(26):
        for gained in range(26):
            chance = multinomial.pmf(
                [lost, gained, count - lost - gained], count, [(changed + drop) / 2, (changed - drop) / 2, 1 - changed]
            )
            evidence = Evidence("camera", count, count, RateDrop(lost, gained, count), None)
            if chance > 1e-12 and judge([evidence], gate, accuracy)[0].verdict == "PASS":
                passed += chance
    expected = paired_rate(count, drop, changed)[0] if gated(count, drop) else 0.0
    assert passed == pytest.approx(expected, abs=1e-9)
    assert gated(count, drop) == (count != 72)


def test_a_claim_allows_for_the_noise_of_the_simulation_and_for_what_the_gate_refuses() -> None:
    case = Case("a", "", lambda rng, count: RateDrop(1, 0, count), lambda: 0.05)
    entry = {"count": 72, "truth": 0.05, "below": 0.2, "above": 0.0, "simulations": 400}
    assert false_pass(case, entry) == 0.0
    assert false_pass(case, entry | {"count": 73}) == 0.2
    assert false_pass(replace(case, size=10), entry) == 0.2  # of clusters
    assert false_pass(replace(case, margin="other"), entry) == 0.2
    assert false_pass(replace(case, margin=None), entry) is None
    assert noise(0.025, entry) == pytest.approx(3 * 0.0078, abs=1e-4)
    row = Claim("kind", (50, 100), 3, 0.9612, 0.94, 0.98, True, (0.02, 0.03), False).row()
    assert row == ["kind", "50 to 100", "3", "96.1", "94.0 - 98.0", "no", "yes", "2.0", "3.0", "no"]


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
    store.put("differences/steps/50", {"count": 50, "simulations": 7, "truth": 0.1, "below": 0.0, "above": 0.25})
    store.put("averages/single/50", single_rates(50))
    text = markdown(store, {"differences": DIFFERENCES}, GATED)
    assert "| rate 90 % | 95.0 (2.0 / 3.0) |" in text
    assert "7 simulations of each." in text
    assert "75.0 (0.0 / 25.0)" in text
    assert "| mean of differences | 50 to 100 | 1 | 75.0 | 75.0 - 75.0 | no | yes | 0.0 | 0.0 | yes |" in text
    assert "| Wilson, rates of 0.5 to 99.5 % | 95.2 [91.1, 97.8] (2.4 / 2.4) |" in text
    assert tails(None) == ""
    page = (ROOT / "docs" / "statistics.md").read_text(encoding="utf-8")
    assert text in replace_between(page, text, BEGIN)
