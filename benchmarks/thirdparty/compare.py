"""What camsim reads from a model beside what other code reads from it, in one line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from audit.models.network import Network
from audit.predictions import Detections, Reading
from audit.tasks.vision_task import VisionTask

Compare = Callable[[VisionTask[Any], Network, Sequence[Any], Sequence[Any]], str]
"""(task, network, pictures, what the other code says of each) -> a line for the table."""


def texts(task: VisionTask[Any], network: Network, pictures: Sequence[Any], others: Sequence[Any]) -> str:
    """Others are ``[text, confidence]``, or None for a confidence that is not known."""
    ours: Sequence[Reading] = task.predict(pictures)
    same = sum(mine.text.strip() == text.strip() for mine, (text, _) in zip(ours, others, strict=True))
    apart = [abs(mine.confidence - sure) for mine, (_, sure) in zip(ours, others, strict=True) if sure is not None]
    rest = f"; confidences differ by {max(apart):.2g} at most" if apart else ""
    return f"{same} of {len(ours)} texts are the same{rest}"


def classes(task: VisionTask[Any], network: Network, pictures: Sequence[Any], others: Sequence[Any]) -> str:
    """Others are ``[class, probability]``."""
    ours = np.exp(np.stack(task.predict(pictures)))
    same = sum(row.argmax() == index for row, (index, _) in zip(ours, others, strict=True))
    apart = max(abs(row[index] - chance) for row, (index, chance) in zip(ours, others, strict=True))
    return f"{same} of {len(ours)} classes are the same; probabilities differ by {apart:.2g} at most"


def outputs(task: VisionTask[Any], network: Network, pictures: Sequence[Any], others: Sequence[Any]) -> str:
    """Others are the model's first output."""
    ours = [next(iter(one.values())) for one in network.run(pictures)]
    gaps = [abs(mine - np.reshape(other, mine.shape)) for mine, other in zip(ours, others, strict=True)]
    least = min(float(np.min(mine)) for mine in ours)
    span = max(float(np.max(mine)) for mine in ours) - least
    worst = max(float(gap.max()) for gap in gaps)
    mean = float(np.mean([gap.mean() for gap in gaps]))
    return f"outputs differ by {worst / span:.2g} of their range at most, by {mean / span:.2g} in the mean"


def boxes(task: VisionTask[Any], network: Network, pictures: Sequence[Any], others: Sequence[Any]) -> str:
    """Others are rows of left, top, right, bottom, in pixels of the picture."""
    assert network.decoder is not None or task.key == "detection"
    confidence = task.decoder.confidence  # type: ignore[attr-defined]
    total = extra = missed = 0
    least = 1.0
    for mine, theirs in zip(task.predict(pictures), others, strict=True):
        assert isinstance(mine, Detections)
        sure = mine.corners[mine.scores >= confidence]
        overlaps = _overlaps(sure, np.reshape(np.asarray(theirs, dtype=np.float64), (-1, 4)))
        rows, columns = linear_sum_assignment(-overlaps)
        paired = overlaps[rows, columns]
        paired = paired[paired >= 0.5]
        total += len(paired)
        missed += overlaps.shape[1] - len(paired)
        extra += overlaps.shape[0] - len(paired)
        least = min(least, *paired) if len(paired) else least
    rest = f"; {missed} only there, {extra} only here" if missed or extra else ", none more, none less"
    return f"{total} boxes are found by both (IoU at least {least:.3f}){rest}"


def _overlaps(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """(K, L) intersections over unions."""
    start = np.maximum(ours[:, None, :2], theirs[None, :, :2])
    end = np.minimum(ours[:, None, 2:], theirs[None, :, 2:])
    shared = np.prod(np.clip(end - start, 0, None), axis=2)
    areas = [np.prod(corners[:, 2:] - corners[:, :2], axis=1) for corners in (ours, theirs)]
    return np.asarray(shared / (areas[0][:, None] + areas[1][None] - shared))
