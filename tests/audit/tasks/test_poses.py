"""Poses: average precision is pycocotools' own for keypoints; what is spared, cut and refused."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from audit.data import Dataset
from audit.data.truth import Boxes, Poses
from audit.decoders.class_map import ClassMapDecoder
from audit.decoders.yolov8 import YoloV8Pose
from audit.frame import Frame
from audit.predictions import Detections
from audit.tasks.average_precision import AveragePrecision
from audit.tasks.poses import COCO_SIGMAS, PosesTask
from camsim.errors import CamsimError

from .simple import Simple, columns, dataset, value

SIDE, POINTS = 200, 17
SHAPE = (SIDE, SIDE)


@dataclass(frozen=True)
class Picture:
    truth: Poses
    found: Detections


def picture(rng: np.random.Generator, most_found: int = 12, points: int = POINTS) -> Picture:
    """People of sizes on and off COCO's borders, some crowds, some without a labelled point; answers near them."""
    count = int(rng.integers(0, 6))
    starts = rng.integers(0, 120, (count, 2)).astype(float)
    sizes = rng.choice([14.0, 32, 60, 96, 120], (count, 2))
    corners = np.concatenate([starts, starts + sizes], axis=1)
    places = starts[:, None] + rng.random((count, points, 2)) * sizes[:, None]
    visible = rng.random((count, points)) < 0.7
    visible[rng.random(count) < 0.25] = False
    crowd = rng.random(count) < 0.2
    areas = rng.choice([32.0**2, 96.0**2, 500, 4000, 12_000], count)
    truth = Poses(corners, ("a",) * count, crowd, SHAPE, points=places, visible=visible, areas=areas)
    found = int(rng.integers(0, most_found + 1))
    if count:
        near = rng.integers(0, count, found)
        said = places[near] + rng.normal(0, 1, (found, points, 2)) * rng.choice([0, 2, 8, 25], (found, 1, 1))
        boxes = corners[near]
    else:
        said, boxes = rng.uniform(0, SIDE, (found, points, 2)), np.tile([0.0, 0, 50, 50], (found, 1))
    scores = np.sort(np.round(rng.random(found), 1 if rng.random() < 0.5 else 8))[::-1]
    labels = np.zeros(found, dtype=np.int64)
    return Picture(truth, Detections(boxes, scores, labels, points=said, seen=np.ones((found, points))))


def table(found: Detections) -> NDArray[np.float32]:
    """As YOLOv8-pose gives it, (4 + 1 + 3 P, A)."""
    assert found.points is not None
    size = found.corners[:, 2:] - found.corners[:, :2]
    third = np.ones((*found.points.shape[:2], 1))
    points = np.concatenate([found.points, third], axis=2).reshape(len(found.scores), -1)
    return np.concatenate([found.corners[:, :2] + size / 2, size, found.scores[:, None], points], axis=1).T


def build(truths: Sequence[Poses | None], points: int = POINTS, **declared: Any) -> PosesTask:
    data = dataset([None], None) if truths == [None] else dataset(truths, "poses", ("a",))
    network = Simple(lambda shown: np.zeros((5 + 3 * points, 9), np.float32), ("a",))
    return PosesTask(network, YoloV8Pose(points=points, **declared), data)


def marks(made: Sequence[Picture]) -> dict[str, NDArray[Any]]:
    task = build([one.truth for one in made])
    pairs = zip(task.data.samples, made, strict=True)
    found = [task.mark(one.found, one.found, task.truth(sample, SHAPE)) for sample, one in pairs]
    return columns([mark.own for mark in found])


def coco(made: Sequence[Picture]) -> NDArray[np.float64]:
    """pycocotools' stats (10,): AP, AP50, AP75, medium, large, and recalls."""
    images, annotations, results = [], [], []
    for number, one in enumerate(made, 1):
        images.append({"id": number, "height": SIDE, "width": SIDE})
        truth = one.truth
        for box, crowd, points, seen, area in zip(
            truth.corners, truth.crowd, truth.points, truth.visible, truth.areas, strict=True
        ):
            rows = np.concatenate([points, 2.0 * seen[:, None]], axis=1)
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": 1,
                    "bbox": [*box[:2], *(box[2:] - box[:2])],
                    "area": float(area),
                    "iscrowd": int(crowd),
                    "keypoints": rows.ravel().tolist(),
                    "num_keypoints": int(seen.sum()),
                }
            )
        assert one.found.points is not None
        for score, points in zip(one.found.scores, one.found.points, strict=True):
            rows = np.concatenate([points, np.ones((len(points), 1))], axis=1)
            result = {"image_id": number, "category_id": 1, "score": float(np.float32(score))}
            results.append(result | {"keypoints": rows.ravel().tolist()})
    with contextlib.redirect_stdout(io.StringIO()):
        held = COCO()
        held.dataset = {"info": {}, "images": images, "annotations": annotations, "categories": [{"id": 1}]}
        held.createIndex()
        evaluation = COCOeval(held, held.loadRes(results), "keypoints")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    stats: NDArray[np.float64] = evaluation.stats
    return stats


@pytest.mark.parametrize(("seed", "most_found"), [(0, 12), (1, 12), (2, 60), (3, 4)])
def test_average_precision_is_pycocotools_figure(seed: int, most_found: int) -> None:
    """60 found: only the surest 20 of a picture count."""
    rng = np.random.default_rng(seed)
    made = [picture(rng, most_found) for _ in range(25)]
    rows, once = marks(made), np.ones((1, len(made)))
    metrics = [
        AveragePrecision(),
        AveragePrecision((0,)),
        AveragePrecision((5,)),
        AveragePrecision(size="medium"),
        AveragePrecision(size="large"),
    ]
    mine = [float(metric(rows, once)[0]) for metric in metrics]
    assert 0.02 < mine[0] < 0.95
    np.testing.assert_allclose(mine, coco(made)[:5], atol=1e-12)


def test_metrics_are_those_and_the_perfect_answer_has_all_of_them() -> None:
    rng = np.random.default_rng(5)
    some = [picture(rng).truth for _ in range(8)]
    # What is spared may lie on what is not, and be taken for it.
    truths = [replace(one, crowd=one.crowd & False, visible=one.visible | True) for one in some]
    task = build(truths)
    assert [metric.key for metric in task.metrics] == ["map", "map50", "map_medium", "map_large", "f1", "agreement"]
    rows = []
    for sample, one in zip(task.data.samples, truths, strict=True):
        count = len(one.names)
        real = task.truth(sample, SHAPE)
        assert real is not None
        scores, labels = np.full(count, 0.9), np.zeros(count, np.int64)
        right = Detections(one.corners, scores, labels, points=one.points, seen=one.visible * 1.0)
        mark = task.mark(right, right, real)
        assert (mark.score, mark.agreement, mark.flip) == (1.0, 1.0, False)
        rows.append(mark.own)
    assert value(task, "map", rows) == pytest.approx(1.0)


def test_moved_points_lower_the_agreement_and_flip() -> None:
    rng = np.random.default_rng(6)
    made = next(one for one in (picture(rng) for _ in range(50)) if len(one.found.scores) > 2)
    task = build([None])
    sure = Detections(**{**vars(made.found), "scores": np.full(len(made.found.scores), 0.9)})
    far = Detections(**{**vars(sure), "points": sure.points + 80})
    assert task.mark(sure, sure, None).agreement == 1.0
    mark = task.mark(far, sure, None)
    assert (mark.agreement, mark.flip, mark.score) == (0.0, True, None)
    assert mark.loss > task.mark(sure, sure, None).loss


def test_similarity_by_hand() -> None:
    task = build([None], points=2, sigmas=(0.1, 0.05))
    corners, label = np.array([[0.0, 0, 100, 100]]), np.zeros(1, np.int64)
    one, other = (
        Detections(corners, np.ones(1), label, points=np.array([rows], float), seen=np.ones((1, 2)))
        for rows in ([[10, 10], [50, 50]], [[13, 14], [50, 50]])
    )
    area = 0.53 * 100 * 100
    expected = (np.exp(-25 / (2 * area * 0.2**2)) + 1) / 2
    found = task.regions(other).compared(task.regions(one), np.zeros(1, bool))
    assert found == pytest.approx(expected)


def test_what_a_crop_hides_is_not_asked_for() -> None:
    corners = np.array([[10.0, 10, 90, 90], [150, 10, 190, 60]])
    points = np.array([[[20.0, 20], [80, 20]], [[160, 20], [170, 30]]])
    truth = Poses(
        corners,
        ("a", "a"),
        np.zeros(2, bool),
        SHAPE,
        points=points,
        visible=np.ones((2, 2), bool),
        areas=np.full(2, 9.0),
    )
    data = dataset([truth], "poses", ("a",))

    def left_half(shape: tuple[int, int]) -> Frame:
        return Frame(shape, (shape[0], shape[1] // 4), shape, 0, 0)

    network = Simple(lambda shown: np.zeros((11, 9), np.float32), ("a",), left_half)
    task = PosesTask(network, YoloV8Pose(points=2), data)
    found = task.truth(data.samples[0], SHAPE)
    assert found is not None
    assert found.regions.visible.tolist() == [[True, False]]  # type: ignore[attr-defined]
    assert found.regions.areas == pytest.approx([4.5])
    whole = build([truth], points=2).truth(data.samples[0], SHAPE)
    assert whole is not None
    assert whole.regions.visible.all()  # type: ignore[attr-defined]


def test_truth_follows_the_size_of_the_picture() -> None:
    made = picture(np.random.default_rng(1)).truth
    half = made.resized((SIDE // 2, SIDE))
    np.testing.assert_allclose(half.points, made.points * [1, 0.5])
    np.testing.assert_allclose(half.areas, made.areas / 2)
    np.testing.assert_allclose(half.corners, made.corners * [1, 0.5, 1, 0.5])


def test_sigmas_are_cocos_or_assumed_or_refused() -> None:
    assert len(COCO_SIGMAS) == 17
    assert build([None]).assumed() == []
    assert build([None], points=5).assumed() == ["sigmas 0.07"]
    with pytest.raises(CamsimError, match="gives 17 points, but 'sigmas' lists 2"):
        build([None], sigmas=(0.1, 0.2))


def test_data_that_do_not_fit_are_refused() -> None:
    truth = picture(np.random.default_rng(4), points=5).truth
    assert len(truth.names)
    task = build([truth])
    with pytest.raises(CamsimError, match="s000: is labelled with 5 points, the model gives 17"):
        task.truth(task.data.samples[0], SHAPE)
    boxes = Boxes(truth.corners, truth.names, truth.crowd, SHAPE)
    bare = build([boxes])  # type: ignore[list-item]
    with pytest.raises(CamsimError, match="s000: has boxes, but no keypoints"):
        bare.truth(bare.data.samples[0], SHAPE)
    other = Dataset("tests", task.data.samples, ("a",), "0" * 64, "Greys.", "boxes")
    with pytest.raises(CamsimError, match="labelled with boxes, but the task poses needs objects with keypoints"):
        PosesTask(task.network, YoloV8Pose(), other)


def test_the_decoder_reads_boxes_and_points() -> None:
    rng = np.random.default_rng(8)
    corners = np.array([[20.0, 30, 60, 90], [100, 20, 140, 70]])
    points = rng.uniform(0, 150, (2, POINTS, 2))
    given = Detections(corners, np.array([0.9, 0.6]), np.zeros(2, np.int64), points=points, seen=np.ones((2, POINTS)))
    output = np.zeros((5 + 3 * POINTS, 40), np.float32)
    output[:, [7, 30]] = table(given)
    output[:, 8] = output[:, 7]  # suppressed
    output[4, 8] = 0.5
    read = YoloV8Pose()
    assert read.class_count({"output0": output}) == 1
    found = read.decode({"output0": output}, Frame.unchanged((160, 160)))
    assert found.points is not None
    np.testing.assert_allclose(found.corners, corners, atol=1e-4)
    np.testing.assert_allclose(found.points, points, atol=1e-4)
    padded = Frame((80, 80), (160, 200), (160, 160), 0, 20)  # twice as large, 20 px from the left
    half = read.decode({"output0": output}, padded)
    assert half.points is not None
    np.testing.assert_allclose(half.points, (points - [20, 0]) / 2, atol=1e-4)
    normalised = output.copy()
    normalised[:4] /= 160
    normalised[5:].reshape(POINTS, 3, -1)[:, :2] /= 160
    scaled = YoloV8Pose(coordinates="normalised").decode({"output0": normalised}, Frame.unchanged((160, 160)))
    assert scaled.points is not None
    np.testing.assert_allclose(scaled.points, points, atol=1e-3)
    pairs = np.delete(output, np.arange(7, 5 + 3 * POINTS, 3), axis=0)
    bare = YoloV8Pose(visibility=False).decode({"output0": pairs}, Frame.unchanged((160, 160)))
    assert bare.points is not None
    assert bare.seen is not None
    np.testing.assert_allclose(bare.points, points, atol=1e-4)
    assert np.isnan(bare.seen).all()


def test_outputs_that_are_no_poses_are_refused() -> None:
    output = np.zeros((5 + 3 * POINTS, 40), np.float32)
    output[:5, 3] = [50, 50, 20, 20, 0.9]
    frame = Frame.unchanged((160, 160))
    with pytest.raises(CamsimError, match="leaves no classes"):
        YoloV8Pose(points=18).decode({"output0": output}, frame)
    wrong = output.copy()
    wrong[7, 3] = 30.0
    with pytest.raises(CamsimError, match="chance in \\[0, 1\\] is wanted; if points are x, y alone"):
        YoloV8Pose().decode({"output0": wrong}, frame)
    wrong = output.copy()
    wrong[5, 3] = np.nan
    with pytest.raises(CamsimError, match="holds NaN or infinity"):
        YoloV8Pose().decode({"output0": wrong}, frame)


def test_another_tasks_decoder_is_refused() -> None:
    network = Simple(lambda shown: np.zeros((4, 8, 8), np.float32), ("a",))
    with pytest.raises(CamsimError, match="its decoder gives answers of 'segmentation', not of 'poses'"):
        PosesTask(network, ClassMapDecoder(), dataset([None], None))  # type: ignore[arg-type]
