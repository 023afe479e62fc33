"""How far a model's confidence can be believed: expected calibration error, Brier score, log-likelihood.

The aggregates take ``confidence`` in [0, 1] and ``score``, which is what the confidence should be on average: hits of
0 and 1 (needs labels). Each is a function of columns and weights, as `audit.tasks.metric.Aggregate` says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from audit.stats.clusters import Clusters
from audit.stats.drop import MeanDrop
from audit.tasks.metric import Columns

BINS = 15
"""The field's standard: Guo et al., ICML 2017."""
_ROUNDING = 1e-3
"""By how much a model's own softmax in half precision may leave [0, 1]; see `audit.metrics`."""
LEAST_PROBABILITY = float(np.finfo(np.float64).tiny)
"""Stands for a probability of 0 in a log-likelihood, which would be infinite."""


def expected_calibration_error(columns: Columns, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """ECE with 15 bins of equal width, (R,) in [0, 1]: mean |mean confidence - mean score| over the bins.

    Bins are [0, 1/15), [1/15, 2/15) ... [14/15, 1]. Naeini, Cooper, Hauskrecht, AAAI 2015. With few samples it is
    well above 0 even of a perfectly calibrated model: compare it between cameras, not with 0.
    """
    confidence, gaps = _gaps(columns)
    places = np.minimum((confidence * BINS).astype(np.intp), BINS - 1)
    member = np.zeros((len(gaps), BINS))
    member[np.arange(len(gaps)), places] = gaps
    return _divided(np.abs(weights @ member).sum(axis=1), weights)


def adaptive_calibration_error(columns: Columns, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """ECE with 15 bins of equal mass, (R,) in [0, 1].

    The bins are cut at the quantiles of the confidence. A sample on a cut counts on both sides by its share, and
    samples of equal confidence are one block, so that neither their order nor doubling all of them changes anything.
    Nixon et al., CVPR Workshops 2019.
    """
    confidence, gaps = _gaps(columns)
    order = np.argsort(confidence)
    blocks = np.flatnonzero(np.diff(confidence[order], prepend=-1.0))
    weighted = weights[:, order]
    mass = np.cumsum(np.add.reduceat(weighted, blocks, axis=1), axis=1)
    total = np.cumsum(np.add.reduceat(weighted * gaps[order], blocks, axis=1), axis=1)
    errors = np.empty(len(weights))
    cuts = np.arange(BINS + 1) / BINS
    for row, (reached, summed) in enumerate(zip(mass, total, strict=True)):
        at_cuts = np.interp(cuts * reached[-1], np.append(0.0, reached), np.append(0.0, summed))
        errors[row] = np.abs(np.diff(at_cuts)).sum()
    return _divided(errors, weights)


def brier_scores(log_p: NDArray[np.floating[Any]], targets: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """Of each sample, (N,) in [0, 2]: squared distance of the probabilities (N, C) from the truth; lower is better.

    Brier, Mon. Weather Rev. 78 (1950) 1-3: the sum over classes, not the halved version of two classes.
    """
    truth = np.zeros(np.shape(log_p))
    truth[np.arange(len(truth)), targets] = 1.0
    scores: NDArray[np.float64] = ((np.exp(np.asarray(log_p, dtype=np.float64)) - truth) ** 2).sum(axis=1)
    return scores


def negative_log_likelihoods(
    log_p: NDArray[np.floating[Any]], targets: NDArray[np.integer[Any]]
) -> NDArray[np.float64]:
    """-log p of the target, (N,) in nats; a probability of 0 counts as the least float64, 708 nats."""
    chosen = np.asarray(log_p, dtype=np.float64)[np.arange(len(targets)), targets]
    result: NDArray[np.float64] = -np.maximum(chosen, np.log(LEAST_PROBABILITY))
    return result


def weighted_mean(column: str) -> Callable[[Columns, NDArray[np.float64]], NDArray[np.float64]]:
    """The mean of a column of numbers as an aggregate, such as of `brier_scores`."""

    def mean(columns: Columns, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return _divided(weights @ np.asarray(columns[column], dtype=np.float64), weights)

    return mean


def confidence_loss(reference: ArrayLike, other: ArrayLike, clusters: Clusters | None = None) -> MeanDrop:
    """How much less sure the model is than under the reference, (N,) confidences both: needs no labels.

    A model may lose confidence and stay right, or be wrong and sure: it is a sign of drift, not a measure of harm.
    """
    return MeanDrop.paired(reference, other, clusters=clusters)


def _gaps(columns: Columns) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    confidence = np.asarray(columns["confidence"], dtype=np.float64)
    if not ((confidence >= -_ROUNDING) & (confidence <= 1 + _ROUNDING)).all():
        raise ValueError("confidence must lie in [0, 1] for every sample")
    confidence = confidence.clip(0.0, 1.0)
    return confidence, np.asarray(columns["score"], dtype=np.float64) - confidence


def _divided(sums: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """NaN where nothing was drawn."""
    drawn = weights.sum(axis=1)
    result: NDArray[np.float64] = np.divide(sums, drawn, out=np.full(len(sums), np.nan), where=drawn > 0)
    return result
