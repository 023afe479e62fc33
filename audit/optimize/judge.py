"""How well a camera does on samples, and how much better than another on the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from audit.camera import Camera
from audit.data import Sample
from audit.repeated import repeated_drop, repeated_rate
from audit.search.scenes import Scenes
from audit.stats import Interval
from audit.stats.likelihood import BoundedMean
from audit.task import Judge, Judged

CONFIDENCE = 0.95
REPEATS = 3
"""Noise seeds that a camera is judged with: the run's seed and those after it, so that `camsim audit` replays it."""


def judge(camera: Camera, task: Judge, scenes: Scenes) -> Judged:
    """What the task says of the camera's true pictures."""
    parts = [judged for _, judged in scenes.judge(camera, task)]
    return Judged(
        np.concatenate([part.losses for part in parts]),
        np.concatenate([part.scores for part in parts]),
    )


def repeated_scores(
    camera: Camera,
    task: Judge,
    samples: Sequence[Sample],
    seed: int,
    kept: dict[str, Tensor],
    step: Callable[[int], None] = lambda pictures: None,
) -> NDArray[np.float64]:
    """Score of each sample with each noise seed: (N, REPEATS)."""
    columns = []
    for repeat in range(REPEATS):
        columns.append(judge(camera, task, Scenes(samples, seed + repeat, kept)).scores)
        step(len(samples))
    return np.stack(columns, axis=1)


@dataclass(frozen=True)
class Gain:
    """Learned against frozen on the held-out part: mean scores in [0, 1], 95 % intervals over the samples."""

    frozen: Interval
    learned: Interval
    gain: Interval
    """Learned - frozen, paired by sample and noise."""
    samples: int

    @classmethod
    def of(cls, frozen: NDArray[np.float64], learned: NDArray[np.float64]) -> Gain:
        """From scores (N, R) in [0, 1]."""
        return cls(_mean(frozen), _mean(learned), repeated_drop(learned, frozen, CONFIDENCE), len(frozen))


def _mean(scores: NDArray[np.float64]) -> Interval:
    if np.isin(scores, (0.0, 1.0)).all():
        return repeated_rate(scores, CONFIDENCE)
    return BoundedMean.of(scores.mean(axis=1)).interval(CONFIDENCE)
