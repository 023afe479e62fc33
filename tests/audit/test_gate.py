from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multinomial

from audit.comparison import FlipRate
from audit.gate import EXIT_CODES, Drop, Evidence, Flips, Gate, Judgement, Verdict, overall
from audit.gate import judge as judge_of
from audit.stats import holm, mcnemar_exact, tango, tango_p_above, wilson, wilson_p_above
from audit.stats.drop import MeanDrop, RateDrop
from audit.tasks.classification import ACCURACY
from audit.tasks.metric import Metric
from camsim.errors import CamsimError

DROP = Gate(max_drop=0.05, max_flips=None)
FLIPS = Gate(max_drop=None, max_flips=0.02)
BOTH = Gate(max_drop=0.05, max_flips=0.2)


def row(
    samples: int = 200,
    flips: int = 0,
    ref_only: int | None = 0,
    other_only: int | None = 0,
    expected: int | None = None,
    profile: str = "p",
) -> Evidence:
    drop = None if ref_only is None or other_only is None else RateDrop(ref_only, other_only, samples)
    measured = (drop, FlipRate(flips, samples)) if samples else (None, None)
    return Evidence(profile, samples, samples if expected is None else expected, *measured)


def judge(rows: Sequence[Evidence], gate: Gate) -> list[Judgement]:
    return judge_of(rows, gate, ACCURACY)


def one(counts: Evidence, gate: Gate) -> Judgement:
    (judgement,) = judge([counts], gate)
    return judgement


def test_the_numbers_are_those_of_the_statistics() -> None:
    rows = [row(200, 30, 25, 5), row(100, 4, 1, 2)]
    judgements = judge(rows, BOTH)
    p = [
        tango_p_above(25, 5, 200, 0.05),
        tango_p_above(1, 2, 100, 0.05),
        wilson_p_above(30, 200, 0.2),
        wilson_p_above(4, 100, 0.2),
    ]
    adjusted = holm(p)
    assert judgements[0].drop == Drop(tango(25, 5, 200), p[0], adjusted[0], mcnemar_exact(25, 5))
    assert judgements[1].drop == Drop(tango(1, 2, 100), p[1], adjusted[1], mcnemar_exact(1, 2))
    assert judgements[0].flips == Flips(wilson(30, 200), p[2], adjusted[2])
    assert judgements[1].flips == Flips(wilson(4, 100), p[3], adjusted[3])


def test_a_metric_without_a_margin_has_an_interval_and_no_say() -> None:
    judgement = one(row(200, 150, 2, 2), DROP)
    assert judgement.verdict == "PASS"
    assert judgement.flips == Flips(wilson(150, 200), None, None)
    unlabelled = one(row(500, 0, None, None), FLIPS)
    assert unlabelled.drop is None
    assert unlabelled.verdict == "PASS"


def test_sentences_about_the_drop() -> None:
    assert one(row(200, 30, 26, 2), DROP).reasons == ("accuracy drop 12.0 points [7.5, 17.5] exceeds the margin 5.0",)
    assert one(row(200, 4, 2, 2), DROP).reasons == ("accuracy drop 0.0 points [-2.7, 2.7] stays below the margin 5.0",)
    unclear = one(row(40, 4, 2, 0), DROP)
    assert unclear.verdict == "INCONCLUSIVE"
    assert unclear.reasons == (
        "accuracy drop 5.0 points [-4.2, 16.5]: more samples are needed to tell whether it stays below the margin 5.0",
    )


def test_sentences_about_flips() -> None:
    assert one(row(1000, 50), FLIPS).reasons == ("flips 5.0 % [3.8, 6.5] exceed 2.0 %",)
    assert one(row(1000, 5), FLIPS).reasons == ("flips 0.5 % [0.2, 1.2] stay below 2.0 %",)
    assert one(row(100, 3), FLIPS).reasons == (
        "flips 3.0 % [1.0, 8.5]: more samples are needed to tell whether they stay below 2.0 %",
    )


def test_decimals_tell_the_limits_from_the_margin() -> None:
    # The lower limit is 2.034 %: with one decimal the sentence would say that 2.0 exceeds 2.0.
    assert one(row(10000, 232), FLIPS).reasons == ("flips 2.32 % [2.04, 2.63] exceed 2.00 %",)
    fine = Gate(max_drop=None, max_flips=0.0025)
    assert "stay below 0.25 %" in one(row(10000, 1), fine).reasons[0]
    # A drop of -0.02 points is not minus nothing.
    assert one(row(10000, 9, 3, 5), DROP).reasons[0].startswith("accuracy drop 0.0 points [-0.1, 0.0]")


def test_holm_can_hold_a_fail_back_and_says_so() -> None:
    borderline = row(200, 0, 20, 2, profile="borderline")
    assert one(borderline, DROP).verdict == "INCONCLUSIVE"  # the interval alone decides here
    clear = row(200, 0, 24, 4, profile="clear")
    assert one(clear, DROP).verdict == "FAIL"
    others = [row(profile=f"other {index}") for index in range(20)]
    judgement = judge([clear, *others], DROP)[0]
    assert judgement.drop is not None
    assert judgement.drop.p_margin == one(clear, DROP).drop.p_margin  # type: ignore[union-attr]
    assert judgement.drop.interval.low > 0.05
    assert judgement.drop.p_holm == pytest.approx(21 * judgement.drop.p_margin)  # type: ignore[operator]
    assert judgement.verdict == "INCONCLUSIVE"
    assert "exceeds the margin 5.0, but not clearly for 21 tests (Holm-adjusted p 0." in judgement.reasons[0]
    assert "FAIL needs less than 0.025): more samples are needed" in judgement.reasons[0]


def test_the_worst_metric_decides_and_passing_ones_are_not_blamed() -> None:
    judgement = one(row(200, 100, 2, 2), BOTH)
    assert judgement.verdict == "FAIL"
    assert [reason.split()[0] for reason in judgement.reasons] == ["flips"]
    unclear_drop = one(row(200, 100, 10, 0), BOTH)
    assert [reason.split()[0] for reason in unclear_drop.reasons] == ["flips", "accuracy"]
    assert len(one(row(200, 4, 2, 2), BOTH).reasons) == 2


@pytest.mark.parametrize("counts", [row(9, 0), row(9, 9, 9, 0), row(1, 1, 1, 0)])
def test_too_few_samples_give_no_verdict(counts: Evidence) -> None:
    judgement = one(counts, BOTH)
    assert judgement.verdict == "INCONCLUSIVE"
    assert judgement.reasons == (
        f"{counts.samples} sample{'s' * (counts.samples != 1)} measured: a verdict needs at least 10",
    )
    assert judgement.flips is not None
    assert one(row(10, 10, 10, 0), BOTH).verdict == "FAIL"


def test_no_samples_give_no_verdict_and_no_numbers() -> None:
    judgement = one(row(0, 0, 0, 0, expected=120), Gate(0.05, 0.2, min_samples=1))
    assert judgement == Judgement("p", "INCONCLUSIVE", ("0 samples measured: a verdict needs at least 1",), None, None)


def test_unmeasured_samples_cannot_pass_but_can_fail() -> None:
    judgement = one(row(199, 2, 1, 1, expected=200), DROP)
    assert judgement.verdict == "INCONCLUSIVE"
    assert judgement.reasons == ("1 of 200 samples were not measured: the profile cannot pass",)
    failed = one(row(199, 60, 60, 0, expected=200), DROP)
    assert failed.verdict == "FAIL"
    assert failed.reasons[0].startswith("accuracy drop")
    assert failed.reasons[1].startswith("1 of 200")


def test_a_margin_of_no_flips_cannot_be_shown() -> None:
    gate = Gate(max_drop=None, max_flips=0.0)
    assert one(row(1000, 1), gate).verdict == "FAIL"
    judgement = one(row(1000, 0), gate)
    assert judgement.verdict == "INCONCLUSIVE"
    assert "no number of samples can show that they stay below 0.0 %" in judgement.reasons[0]
    # A drop can be below 0, so that margin can be met.
    assert one(row(100, 40, 0, 40), Gate(max_drop=0.0, max_flips=None)).verdict == "PASS"


def test_a_drop_needs_labels() -> None:
    rows = [row(), row(ref_only=None, other_only=None)]
    with pytest.raises(CamsimError, match=r"0\.05 cannot be judged without labels; give .*--max-flips") as caught:
        judge(rows, DROP)
    assert caught.value.exit_code == 2


@settings(deadline=None)
@given(
    st.integers(10, 300).flatmap(
        lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(0, n // 2), st.integers(0, n // 2))
    ),
    st.floats(0.001, 0.5),
    st.floats(0.001, 0.5),
)
def test_a_verdict_is_what_the_intervals_say(
    counts: tuple[int, int, int, int], max_drop: float, max_flips: float
) -> None:
    gate = Gate(max_drop, max_flips)
    judgement = one(row(*counts), gate)
    assert judgement.drop is not None
    assert judgement.flips is not None
    limits = [(judgement.drop.interval, max_drop), (judgement.flips.interval, max_flips)]
    if all(interval.high < margin for interval, margin in limits):
        assert judgement.verdict == "PASS"
    elif judgement.verdict == "FAIL":
        assert any(interval.low > margin for interval, margin in limits)
    else:
        assert judgement.verdict == "INCONCLUSIVE"
    # More tests in the family never turn anything but a FAIL, and that only to INCONCLUSIVE.
    crowded = judge([row(*counts), *[row(profile=f"{index}") for index in range(30)]], gate)[0]
    assert crowded.verdict in {judgement.verdict, "INCONCLUSIVE"}
    assert judgement.verdict == "FAIL" or crowded.verdict == judgement.verdict


def test_a_drop_at_the_margin_seldom_passes_or_fails() -> None:
    """Exact error rates over every table of 60 samples whose true drop is just the margin."""
    n, gate = 60, Gate(max_drop=0.1, max_flips=None)
    tables = [(b, c, n - b - c) for b in range(n + 1) for c in range(n + 1 - b)]
    probability = multinomial.pmf(tables, n, [0.15, 0.05, 0.8])
    likely = [(table, p) for table, p in zip(tables, probability, strict=True) if p > 1e-9]
    rates: dict[Verdict, float] = {"PASS": 0.0, "FAIL": 0.0, "INCONCLUSIVE": 0.0}
    for (ref_only, other_only, _), p in likely:
        rates[one(row(n, 0, ref_only, other_only), gate).verdict] += p
    assert sum(rates.values()) == pytest.approx(1, abs=1e-5)
    assert 0.01 < rates["PASS"] < 0.03
    assert 0.01 < rates["FAIL"] < 0.035


def test_overall_is_the_worst_and_nothing_is_not_a_pass() -> None:
    def of(*verdicts: Verdict) -> Verdict:
        return overall([Judgement("p", verdict, (), None, None) for verdict in verdicts])

    assert of() == "INCONCLUSIVE"
    assert judge([], DROP) == []
    assert of("PASS", "PASS") == "PASS"
    assert of("PASS", "INCONCLUSIVE", "PASS") == "INCONCLUSIVE"
    assert of("INCONCLUSIVE", "FAIL", "PASS") == "FAIL"
    assert dict(EXIT_CODES) == {"PASS": 0, "FAIL": 1, "INCONCLUSIVE": 3}


def test_the_confidence_is_used() -> None:
    loose = Gate(max_drop=0.05, max_flips=None, confidence=0.8)
    judgement = one(row(200, 0, 20, 4), loose)
    assert judgement.drop is not None
    assert judgement.drop.interval == tango(20, 4, 200, 0.8)
    assert judgement.verdict == "FAIL"
    assert one(row(200, 0, 20, 4), DROP).verdict == "INCONCLUSIVE"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Gate(5, None), r"max_drop: must be a fraction in \[0, 1\), got 5 \(5 points"),
        (lambda: Gate(-0.1, None), "max_drop: must be"),
        (lambda: Gate(None, 1.0), "max_flips: must be"),
        (lambda: Gate(None, math.nan), "max_flips: must be"),
        (lambda: Gate(None, None), "needs max_drop, max_flips or both"),
        (lambda: Gate(0.1, None, confidence=95), r"confidence: must lie in \(0\.5, 1\), got 95"),
        (lambda: Gate(0.1, None, confidence=0.5), "confidence: must"),
        (lambda: Gate(0.1, None, min_samples=0), "min_samples: must be at least 1"),
    ],
)
def test_senseless_gates_are_refused(make: Callable[[], Gate], message: str) -> None:
    with pytest.raises(CamsimError, match=message):
        make()


@pytest.mark.parametrize(
    "changes", [{"flips": 201}, {"ref_only": 150, "other_only": 51}, {"expected": 199}, {"flips": -1}]
)
def test_impossible_evidence_is_refused(changes: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"must not|expected"):
        judge([row(**changes)], BOTH)


def test_counts_from_numpy_are_taken() -> None:
    counts = row(np.int64(200), np.int64(3), np.int64(1), np.int64(2))  # type: ignore[arg-type]
    judgement = one(counts, BOTH)
    assert judgement.drop is not None
    assert type(judgement.drop.interval.value) is float


def test_gains_do_not_hide_that_rare_failures_could_be_unseen() -> None:
    few, enough = one(row(72, 7, 0, 7), DROP), one(row(73, 7, 0, 7), DROP)
    assert few.drop is not None
    assert few.drop.interval.high < 0
    assert few.verdict == "INCONCLUSIVE"
    assert few.reasons[0].endswith("below the margin 5.0, but fewer than 73 samples may miss rare failures")
    assert enough.verdict == "PASS"
    assert one(row(20, 15, 15, 0), DROP).verdict == "FAIL"  # few are enough to see that


def test_an_interval_that_is_not_known_gives_no_verdict_and_says_so() -> None:
    """Errors that are all 0 say nothing of how large one could be."""
    unknown = Evidence("p", 50, 50, MeanDrop(np.zeros(50), None), FlipRate(0, 50))
    mae = Metric("mae", "MAE", "mean", ("error",), "px", 2, "lower")
    (judgement,) = judge_of([unknown], Gate(0.5, None, unit="px"), mae)
    assert judgement.verdict == "INCONCLUSIVE"
    assert judgement.reasons == (
        "MAE rise 0.00 px: its interval is not known from these samples, so it cannot be held against the margin 0.50",
    )
