"""Figures of a tuning."""

from __future__ import annotations

import numpy as np
import pytest

from audit.optimize.judge import Gain
from audit.optimize.results import answer_of
from audit.stats import Interval, tango, wilson
from audit.stats.drop import MeanDrop


def test_hits_get_the_paired_interval_of_the_audit() -> None:
    frozen, learned = np.zeros((50, 1)), np.zeros((50, 1))
    frozen[:20], learned[5:35] = 1, 1  # 5 lost, 15 won
    gain = Gain.of(frozen, learned)
    assert gain.samples == 50
    assert (gain.frozen.value, gain.learned.value) == (0.4, 0.6)
    expected, rate = tango(15, 5, 50), wilson(30, 50)
    for ours, theirs in ((gain.gain, expected), (gain.learned, rate)):
        assert (ours.value, ours.low, ours.high) == pytest.approx((theirs.value, theirs.low, theirs.high), abs=1e-9)


def test_repeats_of_a_sample_do_not_make_it_more_than_one() -> None:
    frozen, learned = np.zeros((50, 1)), np.zeros((50, 1))
    frozen[:20], learned[5:35] = 1, 1
    once, thrice = Gain.of(frozen, learned), Gain.of(frozen.repeat(3, axis=1), learned.repeat(3, axis=1))
    assert thrice == once


def test_other_scores_get_a_bootstrap() -> None:
    rng = np.random.default_rng(1)
    frozen, learned = rng.uniform(0, 0.5, (40, 3)), rng.uniform(0.2, 1, (40, 3))
    gain = Gain.of(frozen, learned)
    expected = MeanDrop((learned - frozen).mean(axis=1)).interval(0.95)
    assert gain.gain == expected
    assert gain.learned.value == pytest.approx(learned.mean())


@pytest.mark.parametrize(
    ("low", "high", "answer"),
    [(0.01, 0.2, "better"), (-0.2, -0.01, "worse"), (-0.1, 0.3, "unclear"), (0, 0.1, "unclear")],
)
def test_the_answer_is_that_of_the_whole_interval(low: float, high: float, answer: str) -> None:
    assert answer_of(Interval((low + high) / 2, low, high)) == answer
