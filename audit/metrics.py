"""What is measured on each sample from class log-probabilities. Pure functions of arrays of shape (N, C)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logsumexp, rel_entr

_SUM_TOLERANCE = 1e-3
"""How far the probabilities of a sample may sum from 1: half precision is off by 1e-4, logits by far more."""

MARGIN_SCALE = 1.5
"""Nats in which :func:`soft_errors` counts the margin: more gives a gentler slope, less a truer error."""


def jensen_shannon(log_p: NDArray[np.floating[Any]], log_q: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Jensen-Shannon divergence of each sample, (N,), base 2: 0 for equal predictions, 1 for disjoint ones.

    Lin, IEEE Trans. Inf. Theory 37 (1991) 145-151. Both (N, C) natural-log probabilities, -inf for 0.
    ValueError: other shapes, NaN, or rows that are not log-probabilities.
    """
    p, q = np.exp(_checked("log_p", log_p)), np.exp(_checked("log_q", log_q))
    if p.shape != q.shape:
        raise ValueError(f"log_p and log_q must have the same shape, got {p.shape} and {q.shape}")
    return divergence(p, q)


def divergence(p: NDArray[np.float64], q: NDArray[np.float64]) -> NDArray[np.float64]:
    """:func:`jensen_shannon` of probabilities (..., C) that are known to be such: (...)."""
    mean = (p + q) / 2
    nats = (rel_entr(p, mean) + rel_entr(q, mean)).sum(axis=-1) / 2
    # Rounding, also that of a model's own softmax, may leave the range by as much.
    bits: NDArray[np.float64] = np.clip(nats / np.log(2), 0.0, 1.0)
    return bits


def margin(log_p: NDArray[np.floating[Any]], target_index: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """log p of the target minus the largest of the others, (N,) in nats: above 0 where the model is right.

    ``log_p``: (N, C) with C >= 2; ``target_index``: (N,) in 0..C-1. Infinite where the target, or all the
    others, have probability 0.
    ValueError: other shapes, targets out of range, NaN, or rows that are not log-probabilities.
    """
    log_p = _checked("log_p", log_p)
    target = np.asarray(target_index)
    count, classes = log_p.shape
    if classes < 2:
        raise ValueError(f"a margin needs at least 2 classes, got {classes}")
    if target.shape != (count,) or not np.issubdtype(target.dtype, np.integer):
        raise ValueError(f"target_index must be {count} integers, got {target.dtype} of shape {target.shape}")
    if np.any((target < 0) | (target >= classes)):
        raise ValueError(f"target_index must lie in 0..{classes - 1}, got {target.min()}..{target.max()}")
    rows = np.arange(count)
    others = log_p.copy()
    others[rows, target] = -np.inf
    result: NDArray[np.float64] = log_p[rows, target] - others.max(axis=1)
    return result


def soft_errors(log_p: NDArray[np.floating[Any]], target_index: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """sigmoid(-margin / 1.5) of each sample, (N,), in [0, 1]: an error with a slope, 1/2 on the decision boundary.

    Inputs and errors as in :func:`margin`; ValueError for no samples.
    """
    margins = margin(log_p, target_index)
    if margins.size == 0:
        raise ValueError("log_p has no samples: there is no error")
    errors: NDArray[np.float64] = expit(-margins / MARGIN_SCALE)
    return errors


def _checked(name: str, log_p: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    array = np.asarray(log_p, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] == 0:
        raise ValueError(f"{name} must have the shape (N, C) with C >= 1, got {array.shape}")
    if np.isnan(array).any():
        raise ValueError(f"{name} must not contain NaN, got it in {np.isnan(array).any(axis=1).sum()} samples")
    log_sums = np.asarray(logsumexp(array, axis=1))
    wrong = ~(np.abs(log_sums) <= _SUM_TOLERANCE)
    if wrong.any():
        raise ValueError(
            f"{name} must be natural-log probabilities, with a log-sum-exp of 0, got {log_sums[wrong][0]:g} "
            f"in {wrong.sum()} of {wrong.size} samples (are these logits, or probabilities?)"
        )
    return array
