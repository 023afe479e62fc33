"""Average precision from kept matches is pycocotools' own, and that of repeated pictures for weights."""

from __future__ import annotations

from itertools import chain, repeat

import numpy as np
import pytest

from audit.predictions import Detections
from audit.tasks.average_precision import AveragePrecision
from audit.tasks.matching import Size
from tests.audit.tasks.random_objects import Picture, coco, picture, rows

SIZES: tuple[Size, ...] = ("small", "medium", "large")
CLASSES = 3


def pictures(seed: int, most_found: int = 30, count: int = 20, classes: int = CLASSES) -> list[Picture]:
    rng = np.random.default_rng(seed)
    return [picture(rng, classes, 7, most_found) for _ in range(count)]


@pytest.mark.parametrize(
    ("seed", "kind", "most_found", "classes"),
    # 400 detections of one class: only the surest 100 of a picture count.
    [(0, "bbox", 30, 3), (1, "bbox", 30, 3), (2, "bbox", 400, 1), (3, "segm", 12, 3)],
)
def test_it_is_pycocotools_figure(seed: int, kind: str, most_found: int, classes: int) -> None:
    made = pictures(seed, most_found, 20 if kind == "bbox" else 8, classes)
    found, once = rows(made, kind), np.ones((1, len(made)))
    stats, precision = coco(made, classes, kind)
    metrics = [
        AveragePrecision(),
        AveragePrecision((0,)),
        AveragePrecision((5,)),
        *(AveragePrecision(size=size) for size in SIZES),
    ]
    mine = np.array([metric(found, once)[0] for metric in metrics])
    assert 0.05 < mine[0] < 0.95
    np.testing.assert_allclose(np.where(np.isnan(mine), -1, mine), stats[:6], atol=1e-12)
    for label in range(classes):
        expected = precision[:, :, label, 0, 2].mean()
        assert AveragePrecision(label=label)(found, once)[0] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("size", ["all", "medium"])
def test_a_weight_is_as_many_pictures(size: Size) -> None:
    made = pictures(5)
    weights = np.random.default_rng(0).integers(0, 4, (4, len(made))).astype(float)
    found = AveragePrecision(size=size)(rows(made, "bbox"), weights)
    for drawn, mine in zip(weights, found, strict=True):
        repeated = list(chain.from_iterable(repeat(one, int(times)) for one, times in zip(made, drawn, strict=True)))
        stats, _ = coco(repeated, CLASSES, "bbox")
        assert mine == pytest.approx(stats[{"all": 0, "medium": 4}[size]], abs=1e-12)


def test_copies_of_equal_scores_take_turns() -> None:
    # In one picture two of equal score: the first is right, the second on nothing. Of three copies of the picture the
    # order is right, wrong, right, wrong ...: a precision below 1, as for the pictures themselves.
    box = np.array([[10.0, 10, 50, 50]])
    found = Detections(np.concatenate([box, box + 80]), np.array([0.5, 0.5]), np.zeros(2, dtype=np.int64))
    one = Picture(box, np.zeros(1, dtype=np.int64), np.zeros(1, dtype=bool), found)
    mine = AveragePrecision((0,))(rows([one, one], "bbox"), np.array([[1.0, 0], [3, 0], [2, 1]]))
    assert mine[0] == 1.0
    expected = coco([one] * 3, 1, "bbox")[0][1]
    assert expected < 0.8
    assert mine[1:] == pytest.approx([expected, expected], abs=1e-12)


def test_classes_that_were_not_drawn_are_left_out() -> None:
    made = pictures(7)
    found, alone = rows(made, "bbox"), np.eye(len(made))
    means = AveragePrecision()(found, alone)
    parts = np.array([AveragePrecision(label=label)(found, alone) for label in range(CLASSES)])
    with_objects = ~np.isnan(parts).all(axis=0)
    assert with_objects.any()
    np.testing.assert_allclose(means[with_objects], np.nanmean(parts[:, with_objects], axis=0), atol=1e-12)
    assert np.isnan(means[~with_objects]).all()
    assert np.isnan(AveragePrecision()(found, np.zeros((1, len(made))))).all()
    assert np.isnan(AveragePrecision(label=77)(found, alone)).all()
