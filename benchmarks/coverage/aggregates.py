"""Metrics that are no means: mIoU, mAP and calibration errors, computed by the audit's own functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.stats.calibration import adaptive_calibration_error, expected_calibration_error
from audit.stats.drop import Drop
from audit.stats.measured import Measured
from audit.tasks.average_precision import COLUMNS, AveragePrecision
from audit.tasks.metric import Metric
from audit.tasks.segmentation import IOU_COLUMNS, mean_iou
from benchmarks.coverage.case import Case, Rng

Table = dict[str, NDArray[Any]]
Pair = tuple[Table, Table]
"""Under the reference, under the other camera."""

MANY = 20_000
"""Samples at a time for the true value."""


def _objects(rows: list[Any]) -> NDArray[np.object_]:
    column = np.empty(len(rows), dtype=object)
    column[:] = rows
    return column


def _segmented(presence: tuple[float, ...], failing: float) -> Callable[[Rng, int], Pair]:
    """Classes by the share of the pictures that hold them; ``failing`` pictures lose a third of their overlap.

    All others lose a little.
    """

    def draw(rng: Rng, count: int) -> Pair:
        shape = count, len(presence)
        size = rng.gamma(1.5, 1000, shape) * (rng.random(shape) < presence)
        quality = (0.85 + 0.08 * rng.normal(size=shape)).clip(0.05, 1)
        failed = np.where(rng.random((count, 1)) < failing, rng.beta(2, 4, (count, 1)), 0.0)
        noise = rng.normal(0.01, 0.02, shape)

        def side(share: NDArray[np.float64]) -> Table:
            both = (size * share).round()
            either = (size * (2 - share)).round() + rng.poisson(50, shape) * (rng.random(shape) < 0.2)
            return dict(zip(IOU_COLUMNS, (_objects(list(both)), _objects(list(either))), strict=True))

        return side(quality), side((quality - failed - noise).clip(0, 1))

    return draw


def _detected(classes: int, objects: float) -> Callable[[Rng, int], Pair]:
    """One object a picture and ``objects`` more; some pictures are hard, for the other camera harder."""
    return lambda rng, count: _detections(rng, count, classes, objects)


def _detections(rng: Rng, count: int, classes: int, more: float) -> Pair:
    objects = [rng.integers(0, classes, number) for number in rng.poisson(more, count) + 1]
    hard = np.where(rng.random(count) < 0.2, 0.3, 0.0)

    def side(recall: float, alarms: float, harder: float) -> Table:
        rows: dict[str, list[Any]] = {name: [] for name in COLUMNS}
        for labels, difficulty in zip(objects, hard, strict=True):
            found = labels[rng.random(len(labels)) < recall - harder * difficulty]
            wrong = rng.integers(0, classes, rng.poisson(alarms))
            rows["detected_class"].append(np.concatenate([found, wrong]))
            scores = [rng.beta(5, 2, len(found)), rng.beta(2, 4, len(wrong))]
            rows["detected_score"].append(np.concatenate(scores))
            rows["detected_right"].append(np.repeat([1, 0], [len(found), len(wrong)]))
            rows["detected_ignored"].append(np.zeros(len(found) + len(wrong), dtype=int))
            rows["object_class"].append(labels)
            rows["object_size"].append(np.ones(len(labels), dtype=int))
        return {name: _objects(values) for name, values in rows.items()}

    return side(0.85, 1.0, 1.0), side(0.8, 1.3, 1.3)


def _confident(sharpness: tuple[float, float]) -> Callable[[Rng, int], Pair]:
    """Two classes; ``sharpness``: by how much the model's logit is too steep, under either camera."""

    def draw(rng: Rng, count: int) -> Pair:
        scene, luck = rng.normal(1.5, 1.2, count), rng.random(count)

        def side(shift: float, steep: float) -> Table:
            logit = scene + rng.normal(-shift, 0.5, count)
            right = 1 / (1 + np.exp(-np.abs(logit)))
            return {"confidence": 1 / (1 + np.exp(-steep * np.abs(logit))), "score": (luck < right).astype(float)}

        return side(0.0, sharpness[0]), side(0.5, sharpness[1])

    return draw


def _aggregate(title: str, kind: str, metric: Metric, draw: Callable[[Rng, int], Pair], key: str = "") -> Case:
    def drop(rng: Rng, count: int) -> Drop:
        reference, other = (Measured(metric, side) for side in draw(rng, count))
        return reference.drop_to(other)

    @cache
    def truth() -> float:
        rng, sign = np.random.default_rng(0), 1 if metric.better == "higher" else -1
        found = []
        for _ in range(10):
            first, second = (metric.aggregate(side, np.ones((1, MANY)))[0] for side in draw(rng, MANY))
            found.append(sign * (first - second))
        return float(np.mean(found))

    return Case(key or metric.key, title, drop, truth, (50, 100, 200, 500, 1000), 4000, 2_000_000, kind)


MIOU = Metric("miou", "mIoU", "aggregate", IOU_COLUMNS, aggregate=mean_iou)
MAP50 = Metric("map50", "mAP 50", "aggregate", tuple(COLUMNS), aggregate=AveragePrecision((0,)))
ECE = Metric("ece", "ECE", "aggregate", ("confidence", "score"), better="lower", aggregate=expected_calibration_error)
ACE = Metric("ace", "ECE", "aggregate", ("confidence", "score"), better="lower", aggregate=adaptive_calibration_error)


def _precision(title: str, key: str, draw: Callable[[Rng, int], Pair]) -> Case:
    return replace(_aggregate(title, "mAP", MAP50, draw, key), most=400, budget=200_000)


_SIX = (1.0, 0.9, 0.6, 0.4, 0.2, 0.08)
_TEN = (1.0, 1.0, 0.9, 0.8, 0.5, 0.5, 0.4, 0.3, 0.3, 0.25)

AGGREGATES = (
    _aggregate("mIoU, six classes, one of them rare", "mIoU", MIOU, _segmented(_SIX, 0.1)),
    replace(_aggregate("mIoU, ten classes, few failures", "mIoU", MIOU, _segmented(_TEN, 0.04), "miou-ten"), most=1000),
    _aggregate("ECE, 15 bins of equal width", "ECE, equal width", ECE, _confident((1.3, 2.0))),
    _aggregate("ECE of a calibrated model", "ECE, equal width", ECE, _confident((1.0, 1.0)), "ece-calibrated"),
    replace(_aggregate("ECE, 15 bins of equal mass", "ECE, equal mass", ACE, _confident((1.3, 2.0))), most=1000),
    _precision("mAP 50, three classes", "map50", _detected(3, 4.0)),
    _precision("mAP 50, eight classes", "map50-eight", _detected(8, 1.0)),
)
"""The second of mIoU and of mAP were made after the method was settled."""
