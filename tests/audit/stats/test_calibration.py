from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.metrics import log_loss
from torchmetrics.functional.classification import multiclass_calibration_error

from audit.stats.calibration import (
    adaptive_calibration_error,
    brier_scores,
    confidence_loss,
    expected_calibration_error,
    negative_log_likelihoods,
    weighted_mean,
)
from audit.tasks.metric import Aggregate


def predictions(count: int, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    logits = 2 * rng.normal(size=(count, 4))
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)), rng.integers(0, 4, count)


def columns_of(count: int, seed: int = 0) -> dict[str, NDArray[np.float64]]:
    log_p, target = predictions(count, seed)
    confidence = np.exp(log_p.max(axis=1))
    # Half of the bins too sure and half not sure enough, so that they differ in sign.
    hit = np.random.default_rng(seed + 1).random(count) < np.where(confidence > 0.6, confidence - 0.2, 0.8)
    return {"confidence": confidence, "score": hit.astype(float), "target": target}


@pytest.mark.parametrize("count", [20, 500])
def test_equal_width_is_torchmetrics(count: int) -> None:
    log_p, target = predictions(count)
    columns = {"confidence": np.exp(log_p.max(axis=1)), "score": (log_p.argmax(axis=1) == target).astype(float)}
    expected = multiclass_calibration_error(
        torch.tensor(np.exp(log_p)), torch.tensor(target), num_classes=4, n_bins=15, norm="l1"
    )
    assert expected_calibration_error(columns, np.ones((1, count)))[0] == pytest.approx(float(expected), abs=1e-6)


def test_equal_mass_is_the_split_of_the_sorted_samples() -> None:
    columns = columns_of(150)
    order = np.argsort(columns["confidence"])
    parts = np.split(order, 15)
    gaps = [abs((columns["score"] - columns["confidence"])[part].mean()) for part in parts]
    assert adaptive_calibration_error(columns, np.ones((1, 150)))[0] == pytest.approx(np.mean(gaps))


@pytest.mark.parametrize("metric", [expected_calibration_error, adaptive_calibration_error, weighted_mean("score")])
def test_weights_are_how_often_a_sample_counts(metric: Aggregate) -> None:
    columns = columns_of(40) | {"confidence": columns_of(40)["confidence"].round(1)}  # many of them equal
    weights = np.random.default_rng(2).integers(0, 4, (5, 40)).astype(float)
    found = metric(columns, weights)
    for row, value in zip(weights, found, strict=True):
        drawn = np.repeat(np.arange(40), row.astype(int))
        repeated = {name: column[drawn] for name, column in columns.items()}
        assert metric(repeated, np.ones((1, len(drawn))))[0] == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize("metric", [expected_calibration_error, adaptive_calibration_error])
def test_order_does_not_matter_even_where_confidences_are_equal(metric: Aggregate) -> None:
    columns = columns_of(40) | {"confidence": columns_of(40)["confidence"].round(1)}
    order = np.random.default_rng(3).permutation(40)
    shuffled = {name: column[order] for name, column in columns.items()}
    one = np.ones((1, 40))
    assert metric(shuffled, one)[0] == pytest.approx(metric(columns, one)[0], abs=1e-12)


@pytest.mark.parametrize("metric", [expected_calibration_error, adaptive_calibration_error])
def test_known_errors(metric: Aggregate) -> None:
    sure_and_right = {"confidence": np.ones(20), "score": np.ones(20)}
    sure_and_wrong = {"confidence": np.ones(20), "score": np.zeros(20)}
    seven_of_ten = {"confidence": np.full(20, 0.9), "score": np.array([1.0] * 14 + [0.0] * 6)}
    one = np.ones((1, 20))
    assert metric(sure_and_right, one)[0] == 0
    assert metric(sure_and_wrong, one)[0] == 1
    assert metric(seven_of_ten, one)[0] == pytest.approx(0.2)
    backwards = {name: column[::-1] for name, column in seven_of_ten.items()}
    assert metric(backwards, one)[0] == pytest.approx(0.2)
    assert np.isnan(metric(seven_of_ten, np.zeros((1, 20)))[0])


def test_brier_and_likelihood_by_hand_and_by_sklearn() -> None:
    log_p, target = predictions(100)
    p = np.exp(log_p)
    by_hand = [sum((p[i, c] - (c == target[i])) ** 2 for c in range(4)) for i in range(100)]
    assert brier_scores(log_p, target) == pytest.approx(by_hand)
    expected = log_loss(target, p, labels=range(4))
    assert negative_log_likelihoods(log_p, target).mean() == pytest.approx(expected)
    assert brier_scores(np.log([[1.0, 1e-300]]), np.array([1]))[0] == pytest.approx(2.0)


def test_a_confidence_rounded_above_1_is_1() -> None:
    columns = {"confidence": np.array([1.0004, 1.0]), "score": np.ones(2)}
    assert expected_calibration_error(columns, np.ones((1, 2)))[0] == 0


def test_a_certain_error_is_large_but_finite() -> None:
    with np.errstate(divide="ignore"):
        log_p = np.log([[1.0, 0.0]])
    assert 700 < negative_log_likelihoods(log_p, np.array([1]))[0] < 710


def test_confidence_is_compared_sample_by_sample() -> None:
    rng = np.random.default_rng(0)
    sure = rng.uniform(0.7, 1.0, 200)
    interval = confidence_loss(sure, sure - 0.1 + rng.normal(0, 0.02, 200)).interval(0.95)
    assert interval.low > 0.09
    assert interval.high < 0.11


@pytest.mark.parametrize("metric", [expected_calibration_error, adaptive_calibration_error])
@pytest.mark.parametrize("wrong", [1.2, -0.1, np.nan])
def test_refuses(metric: Callable[..., object], wrong: float) -> None:
    with pytest.raises(ValueError, match="confidence must lie"):
        metric({"confidence": np.array([0.5, wrong]), "score": np.ones(2)}, np.ones((1, 2)))
