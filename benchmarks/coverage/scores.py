"""Scores of single samples: paired differences of IoU, F1 or errors, and scores by themselves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from audit.stats.drop import MeanDrop
from audit.stats.likelihood import BoundedMean
from benchmarks.coverage.case import Case, Rng

Numbers = NDArray[np.float64]
Part = tuple[float, Callable[[Rng, int], Numbers], float]
"""Share of the samples, their differences, and the mean of these."""

_STEPS = np.array([0.2, 0.25, 1 / 3, 0.5, 1.0])
_STEP_CHANCES = np.array([0.3, 0.2, 0.2, 0.2, 0.1])
_STEP = float(_STEPS @ _STEP_CHANCES)


def mixture(*parts: Part) -> tuple[Callable[[Rng, int], Numbers], float]:
    """The rest of the samples do not change; also the mean."""

    def draw(rng: Rng, count: int) -> Numbers:
        kind, values, start = rng.random(count), np.zeros(count), 0.0
        for share, differences, _ in parts:
            chosen = (kind >= start) & (kind < start + share)
            values[chosen] = differences(rng, int(chosen.sum()))
            start += share
        return values

    return draw, sum(share * mean for share, _, mean in parts)


def _steps(sign: float) -> Callable[[Rng, int], Numbers]:
    return lambda rng, count: sign * rng.choice(_STEPS, count, p=_STEP_CHANCES)


def _difference(key: str, title: str, *parts: Part) -> Case:
    draw, mean = mixture(*parts)
    return Case(key, title, lambda rng, count: MeanDrop(draw(rng, count)), lambda: mean)


def _errors(rng: Rng, count: int) -> MeanDrop:
    """Errors in pixels, log-normal, each 1.1 times as large under the other camera but for noise of 30 %."""
    reference = rng.lognormal(0.0, 0.8, count)
    other = 1.1 * reference * rng.lognormal(-0.045, 0.3, count)
    return MeanDrop.paired(reference, other, "lower", None)


DIFFERENCES = (
    _difference(
        "mostly-unchanged",
        "80 % unchanged, small losses and fewer gains",
        (0.15, lambda rng, count: rng.beta(1, 4, count), 0.2),
        (0.05, lambda rng, count: -rng.beta(1, 4, count), -0.2),
    ),
    _difference(
        "steps",
        "F1 of few objects: 75 % unchanged, jumps both ways",
        (0.15, _steps(1), _STEP),
        (0.1, _steps(-1), -_STEP),
    ),
    _difference(
        "noise-and-failures",
        "57 % unchanged, 40 % noise, 3 % failures",
        (0.4, lambda rng, count: rng.normal(0.03, 0.1, count).clip(-1, 1), 0.03),
        (0.03, lambda rng, count: rng.beta(5, 2, count), 5 / 7),
    ),
    _difference(
        "all-change",
        "all change a little, 5 % much",
        (0.95, lambda rng, count: rng.normal(0.01, 0.02, count), 0.01),
        (0.05, lambda rng, count: rng.beta(2, 6, count), 0.25),
    ),
    _difference("skewed", "all change, skewed", (1.0, lambda rng, count: rng.gamma(1.5, 0.03, count) - 0.01, 0.035)),
    _difference(
        "rare-failures", "98 % unchanged, 2 % failures", (0.02, lambda rng, count: rng.beta(4, 2, count), 2 / 3)
    ),
    _difference(
        "rare-gains",
        "all lose 4 points, 4 % gain much",
        (0.96, lambda rng, count: rng.normal(0.04, 0.02, count), 0.04),
        (0.04, lambda rng, count: -rng.beta(3, 3, count), -0.5),
    ),
    Case("pixels", "errors in px, no upper bound", _errors, lambda: 0.1 * float(np.exp(0.32)), margin="other"),
)


def _single(key: str, title: str, draw: Callable[[Rng, int], Numbers], mean: float) -> Case:
    return Case(key, title, lambda rng, count: BoundedMean.of(draw(rng, count)), lambda: mean, kind="mean", margin=None)


SINGLES = (
    _single("iou", "IoU per image, mean 0.8", lambda rng, count: rng.beta(8, 2, count), 0.8),
    _single(
        "iou-failures",
        "IoU per image, 10 % near 0",
        lambda rng, count: np.where(rng.random(count) < 0.1, rng.beta(1, 20, count), rng.beta(18, 2, count)),
        0.1 / 21 + 0.9 * 0.9,
    ),
    _single(
        "divergence",
        "Jensen-Shannon divergence, mostly near 0",
        lambda rng, count: rng.beta(0.3, 6, count),
        0.3 / 6.3,
    ),
)
