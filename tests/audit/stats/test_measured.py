from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from audit.stats import wilson
from audit.stats.drop import AggregateDrop, MeanDrop, RateDrop
from audit.stats.measured import Measured
from audit.tasks.metric import Columns, Metric

RATE = Metric("accuracy", "Accuracy", "rate", ("score",))
MEAN = Metric("iou", "IoU", "mean", ("score",))
PIXELS = Metric("mae", "MAE", "mean", ("error",), unit="px", better="lower")


def quotient(columns: Columns, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    top, bottom = weights @ columns["top"], weights @ columns["bottom"]
    return np.divide(top, bottom, out=np.full(len(top), np.nan), where=bottom > 0)


QUOTIENT = Metric("quotient", "Quotient", "aggregate", ("top", "bottom"), aggregate=quotient)


def columns_of(seed: int, count: int = 60) -> dict[str, NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    bottom = 1 + rng.random(count)
    return {
        "score": (rng.random(count) < 0.8).astype(float),
        "error": rng.gamma(2.0, size=count),
        "top": bottom * rng.beta(8, 2, count),
        "bottom": bottom,
    }


def test_each_kind_has_its_interval_and_drop() -> None:
    columns, other = columns_of(0), columns_of(1)
    kinds = {RATE: RateDrop, MEAN: MeanDrop, PIXELS: MeanDrop, QUOTIENT: AggregateDrop}
    for metric, kind in kinds.items():
        reference, worse = Measured(metric, columns), Measured(metric, other)
        interval = reference.interval(0.95)
        drop = reference.drop_to(worse)
        assert isinstance(drop, kind)
        assert interval.low < interval.value == reference.value < interval.high
        sign = -1 if metric.better == "lower" else 1
        assert drop.interval(0.95).value == pytest.approx(sign * (reference.value - worse.value))
    assert Measured(RATE, columns).interval(0.9) == wilson(int(columns["score"].sum()), 60, 0.9)


def test_clusters_of_equal_samples_count_once() -> None:
    columns = columns_of(0, 12)
    repeated = {name: np.repeat(column, 10) for name, column in columns.items()}
    clusters = np.repeat(np.arange(12), 10)
    for metric in (RATE, MEAN, PIXELS, QUOTIENT):
        # A rate without clusters is Wilson's, with them a mean of hits.
        plain = Measured(replace(metric, kind="mean") if metric is RATE else metric, columns)
        found, expected = Measured(metric, repeated, clusters).interval(0.95), plain.interval(0.95)
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-6)
    assert Measured(RATE, repeated, clusters).independent == 12
    assert Measured(RATE, repeated).independent == 120


def test_fractions_stay_in_their_range_and_errors_above_zero() -> None:
    perfect = {"score": np.ones(40), "error": np.full(40, 2.0)}
    high = Measured(MEAN, perfect).interval(0.95)
    assert high.high == high.value == 1
    assert 0.9 < high.low < 0.95
    same = Measured(PIXELS, perfect).interval(0.95)
    assert 0 < same.low < 2 < same.high < 10


def test_a_metric_that_is_not_defined_has_no_limits() -> None:
    nothing = Measured(QUOTIENT, {"top": np.zeros(5), "bottom": np.zeros(5)})
    assert all(
        math.isnan(number) for number in (nothing.value, nothing.interval(0.95).low, nothing.interval(0.95).high)
    )
    single = Measured(QUOTIENT, {"top": np.array([1.0, 0.0]), "bottom": np.array([2.0, 0.0])}).interval(0.95)
    assert (single.value, single.low, single.high) == (0.5, 0, 1)


def test_a_subset_is_of_those_samples() -> None:
    whole = Measured(MEAN, columns_of(0), list(range(30)) * 2)
    part = whole.subset(np.array([3, 33, 5]))
    assert part.samples == 3
    assert part.independent == 2
    assert part.value == pytest.approx(whole.columns["score"][[3, 33, 5]].mean())


@pytest.mark.parametrize("scores", [[0.5, np.nan], [], [[0.5]]])
def test_refuses_what_is_no_number_a_sample(scores: list[float]) -> None:
    with pytest.raises(ValueError, match="finite number for each"):
        Measured(MEAN, {"score": np.array(scores)}).interval(0.95)


def test_refuses_rates_of_other_than_hits_and_drops_of_other_samples() -> None:
    with pytest.raises(ValueError, match="of hits"):
        Measured(RATE, {"score": np.array([0.5, 1.0])}).interval(0.95)
    with pytest.raises(ValueError, match="same samples"):
        Measured(RATE, columns_of(0)).drop_to(Measured(RATE, columns_of(0, 50)))
    with pytest.raises(ValueError, match="same samples"):
        Measured(RATE, columns_of(0)).drop_to(Measured(MEAN, columns_of(0)))
