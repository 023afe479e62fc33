"""Keypoint figures against pycocotools and by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from audit.data.truth import Keypoints
from audit.decoders import CoordinatesDecoder
from audit.predictions import Points
from audit.tasks.keypoints import KeypointsTask, extent
from camsim.errors import CamsimError

from .simple import Simple, dataset

SHAPE = (100, 200)
RNG = np.random.default_rng(0)
SIGMAS = (0.026, 0.079, 0.107, 0.05)
TRUTH = Keypoints(RNG.uniform(10, 90, (4, 2)), np.array([True, True, False, True]), 60.0, SHAPE)


def build(truth: Keypoints | None = TRUTH, **decoder: Any) -> KeypointsTask:
    data = dataset([truth], "keypoints") if truth else dataset([None], None)
    return KeypointsTask(Simple(lambda picture: np.zeros((4, 2))), CoordinatesDecoder(**decoder), data)


def points(places: NDArray[np.float64], scores: Any = np.nan) -> Points:
    return Points(places, np.broadcast_to(np.asarray(scores, dtype=np.float64), len(places)), SHAPE)


def coco_oks(found: NDArray[np.float64], truth: Keypoints) -> float:
    """By pycocotools, of one object whose area is that of a square with the extent as its diagonal."""
    cocoeval = pytest.importorskip("pycocotools.cocoeval")
    judge = cocoeval.COCOeval(iouType="keypoints")
    judge.params.kpt_oks_sigmas = np.array(SIGMAS)
    flat = np.column_stack([truth.points, truth.visible * 2.0]).ravel().tolist()
    judge._gts[1, 1] = [{"keypoints": flat, "area": truth.extent**2 / 2, "bbox": [0, 0, 60, 60], "ignore": 0}]
    given = np.column_stack([found, np.ones(len(found))]).ravel().tolist()
    judge._dts[1, 1] = [{"keypoints": given, "score": 1.0}]
    return float(judge.computeOks(1, 1)[0, 0])


@pytest.mark.parametrize("spread", [0.0, 1.0, 5.0, 40.0])
def test_oks_is_that_of_pycocotools(spread: float) -> None:
    task = build(sigmas=SIGMAS)
    found = TRUTH.points + np.random.default_rng(1).normal(0, 1, (4, 2)) * spread
    mark = task.mark(points(found), points(found), TRUTH)
    assert mark.own["oks"] == pytest.approx(coco_oks(found, TRUTH), rel=1e-9)
    assert mark.loss == pytest.approx(1 - coco_oks(found, TRUTH), abs=1e-9)


def test_distances_are_in_extents_and_of_labelled_points_only() -> None:
    moved = TRUTH.points + np.array([[3, 0], [0, 12], [500, 500], [30, 0]])
    mark = build().mark(points(moved, 0.8), points(TRUTH.points), TRUTH)
    np.testing.assert_allclose(mark.own["distances"], [0.05, 0.2, 0.5])  # type: ignore[arg-type]
    assert mark.score == pytest.approx(2 / 3)
    assert mark.own["pck_05"] == pytest.approx(1 / 3)
    assert mark.own["normalised_error"] == pytest.approx(0.25)
    assert mark.confidence == pytest.approx(0.8)


def test_without_a_truth_the_references_points_say_how_large_it_is() -> None:
    task = build(None)
    reference = points(np.array([[0.0, 0], [60, 80], [10, 10], [20, 20]]))
    assert extent(reference) == 100
    assert extent(points(np.full((4, 2), 7.0))) == pytest.approx(0.25 * np.hypot(100, 200))
    mark = task.mark(points(reference.points + np.array([[19, 0], [21, 0], [0, 0], [0, 0]])), reference, None)
    assert mark.agreement == 0.75
    assert mark.flip
    assert mark.score is None


def test_points_that_the_reference_is_not_sure_of_make_no_flip() -> None:
    task = build(None)
    places = np.array([[0.0, 0], [30, 40], [10, 10], [20, 20]])
    moved = points(places + np.array([[0, 0], [0, 0], [0, 0], [50, 0]]))
    assert not task.mark(moved, points(places, [0.9, 0.9, 0.9, 0.29]), None).flip
    assert task.mark(moved, points(places, [0.0, 0.9, 0.9, 0.3]), None).flip


def test_truths_that_do_not_fit_are_refused() -> None:
    for truth, message in (
        (Keypoints(np.ones((3, 2)), np.ones(3, dtype=bool), 9.0, SHAPE), "labelled with 3 points"),
        (Keypoints(np.ones((4, 2)), np.zeros(4, dtype=bool), 9.0, SHAPE), "none of its keypoints"),
        (Keypoints(np.ones((4, 2)), np.ones(4, dtype=bool), 0.0, SHAPE), "no extent"),
        (Keypoints(np.full((4, 2), np.nan), np.ones(4, dtype=bool), 9.0, SHAPE), "NaN"),
    ):
        task = build(truth)
        with pytest.raises(CamsimError, match=message):
            task.truth(task.data.samples[0], SHAPE)
    with pytest.raises(CamsimError, match="'sigmas' lists 3"):
        build(sigmas=(0.1, 0.1, 0.1))


def test_the_truth_follows_the_pictures_size() -> None:
    task = build()
    truth = task.truth(task.data.samples[0], (50, 100))
    assert truth is not None
    np.testing.assert_allclose(truth.points, TRUTH.points / 2)
    assert truth.extent == pytest.approx(30)
