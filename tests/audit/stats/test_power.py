from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import binom

from audit.stats import tango, tango_p_above, wilson
from audit.stats.power import (
    detectable_drop,
    detectable_mean_drop,
    least_samples,
    rate_power_sentence,
    samples_needed,
    samples_needed_mean,
    samples_needed_unpaired,
)


@pytest.mark.parametrize(
    ("drop", "discordance", "samples", "of_twenty"),
    [(0.02, 0.05, 771, 1662), (0.05, 0.10, 246, 530), (0.01, 0.03, 1853, 3991)],
)
def test_published_sample_sizes(drop: float, discordance: float, samples: int, of_twenty: int) -> None:
    assert samples_needed(drop, discordance) == samples
    assert samples_needed(drop, discordance, alpha=0.05 / 20) == of_twenty


def test_unpaired_takes_several_times_as_many() -> None:
    assert samples_needed_unpaired(0.02, 0.9) == 3024


@pytest.mark.parametrize(("drop", "discordance"), [(0.02, 0.05), (0.05, 0.1), (0.01, 0.01), (0.1, 0.02)])
def test_what_is_detectable_with_the_samples_needed(drop: float, discordance: float) -> None:
    needed = samples_needed(drop, discordance)
    assert detectable_drop(needed, discordance) <= drop < detectable_drop(needed - 1, discordance)


@pytest.mark.parametrize(("drop", "discordance"), [(0.02, 0.05), (0.05, 0.1)])
def test_the_power_is_that_of_the_test_itself(drop: float, discordance: float) -> None:
    """Over every outcome of the discordant pairs: how often the one-sided score test claims a drop."""
    samples = samples_needed(drop, discordance)
    lost = (discordance + drop) / 2 / discordance
    few, many = (int(count) for count in binom.interval(0.99999, samples, discordance))
    power = 0.0
    for changed in range(few, many + 1):
        losses = np.arange(changed + 1)
        claimed = [tango_p_above(int(k), int(changed - k), samples, 0.0) < 0.05 for k in losses]
        power += binom.pmf(changed, samples, discordance) * binom.pmf(losses, changed, lost)[claimed].sum()
    assert power == pytest.approx(0.8, abs=0.02)


def test_few_samples_see_nothing() -> None:
    assert detectable_drop(1, 0.05) == 1
    assert detectable_drop(2, 0.0) == 1
    assert detectable_drop(100, 0.0) == pytest.approx(0.0601, abs=1e-3)


def test_means() -> None:
    assert samples_needed_mean(0.02, 0.05**0.5) == 773  # the hits' 771 without the correction for the drop itself
    assert detectable_mean_drop(773, 0.05**0.5) <= 0.02 < detectable_mean_drop(772, 0.05**0.5)
    assert samples_needed_mean(0.02, 0.0) == 1


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
@pytest.mark.parametrize(("margin", "at_95"), [(0.01, 381), (0.02, 189), (0.05, 73), (0.10, 35)])
def test_fewer_than_the_least_cannot_exclude_failures(margin: float, at_95: int, confidence: float) -> None:
    least = least_samples(margin, confidence)
    assert tango(0, 0, least, confidence).high < margin <= tango(0, 0, least - 1, confidence).high
    assert wilson(0, least, confidence).high < margin <= wilson(0, least - 1, confidence).high
    assert confidence != 0.95 or least == at_95


def test_sentences() -> None:
    assert rate_power_sentence(200, 0.05, 0.02) == (
        "With these 200 images a drop of 4.0 points or more would be seen; for 2 points take 771."
    )
    assert (
        rate_power_sentence(5000, 0.05, 0.02) == "With these 5,000 images a drop of 0.8 points or more would be seen."
    )
    assert rate_power_sentence(1, 0.05, 0.01).startswith(
        "With this image a drop of 100.0 points or more would be seen;"
    )


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: samples_needed(0.0, 0.05), "drop must lie"),
        (lambda: samples_needed(0.02, 1.5), "discordance"),
        (lambda: samples_needed(0.02, 0.05, alpha=0.0), "alpha < power"),
        (lambda: detectable_drop(0, 0.05), "needs samples"),
        (lambda: samples_needed_mean(0.0, 1.0), "drop must be above 0"),
        (lambda: detectable_mean_drop(10, -1.0), "deviation"),
        (lambda: samples_needed_unpaired(0.5, 0.4), "drop <= rate"),
        (lambda: least_samples(0.0), "margin must lie"),
    ],
)
def test_refuses(call: Callable[[], object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
