"""What the report draws over a picture."""

from __future__ import annotations

import numpy as np
import pytest

from audit.data.truth import Boxes, ClassMap, Depth, Keypoints, Poses
from audit.predictions import Detections, Numbers, PixelClasses, Points
from audit.sketch import COLOURS, MOST_OUTLINES, VEIL, Outline, sketch_answer, sketch_truth

SHAPE = (4, 6)


def named(place: int) -> str:
    return ("cat", "dog")[place]


def test_objects_from_a_confidence_on() -> None:
    found = Detections(np.array([[1.0, 0, 3, 2], [0, 0, 6, 4]]), np.array([0.9, 0.2]), np.array([1, 0]))
    sketch = sketch_answer(found, SHAPE, named, confidence=0.25)
    assert sketch is not None
    assert sketch.outlines == (Outline(1.0, 0.0, 2.0, 2.0, "dog 0.90", 1),)
    assert (sketch.shape, sketch.veil) == (SHAPE, None)


def test_the_surest_mask_lies_on_top() -> None:
    whole, half = np.ones(SHAPE, bool), np.arange(6) < np.full((4, 1), 3)
    found = Detections(np.zeros((2, 4)), np.array([0.9, 0.5]), np.array([0, 1]), (half, whole))
    sketch = sketch_answer(found, SHAPE, named)
    assert sketch is not None
    assert sketch.veil is not None
    assert sketch.veil[0, 0].tolist() == [*COLOURS[0], VEIL]
    assert sketch.veil[0, 5].tolist() == [*COLOURS[1], VEIL]


def test_a_crowd_of_objects_is_cut() -> None:
    count = MOST_OUTLINES + 5
    found = Detections(np.zeros((count, 4)), np.linspace(1, 0.5, count), np.zeros(count, np.int64))
    sketch = sketch_answer(found, SHAPE, named)
    assert sketch is not None
    assert len(sketch.outlines) == MOST_OUTLINES


def test_the_largest_class_and_what_does_not_count_stay_clear() -> None:
    indices = np.ones(SHAPE, np.int32)
    indices[0, 0], indices[0, 1] = 0, -1
    sketch = sketch_answer(PixelClasses(indices, 0.5), SHAPE, named)
    assert sketch is not None
    assert sketch.veil is not None
    assert sketch.veil[0, 0].tolist() == [*COLOURS[0], VEIL]
    assert not sketch.veil[0, 1:].any()
    assert not sketch.veil[1:].any()


def test_points() -> None:
    sketch = sketch_answer(Points(np.array([[1.5, 2.0]]), np.array([0.5]), SHAPE), SHAPE, named)
    assert sketch is not None
    assert sketch.points == ((1.5, 2.0),)
    assert sketch_answer(Numbers(np.ones(2)), SHAPE, named) is None


@pytest.mark.parametrize("crowd", [False, True])
def test_truth(crowd: bool) -> None:
    boxes = Boxes(np.array([[0.0, 1, 2, 4]]), ("cat",), np.array([crowd]), SHAPE)
    sketch = sketch_truth(boxes, SHAPE)
    assert sketch is not None
    assert sketch.outlines == (Outline(0.0, 1.0, 2.0, 3.0, "cat", 0),)
    points = sketch_truth(Keypoints(np.array([[1.0, 2], [3, 4]]), np.array([False, True]), 3.0, SHAPE), SHAPE)
    assert points is not None
    assert points.points == ((3.0, 4.0),)
    depth = sketch_truth(Depth(np.array([[2.0, 0, np.nan]], np.float32)), (1, 3))
    assert depth is not None
    assert depth.distances is not None
    np.testing.assert_array_equal(depth.distances.values, [[2.0, np.nan, np.nan]])
    assert depth.distances.unit == "m"
    assert sketch_truth(ClassMap(np.zeros(SHAPE, np.int32)), SHAPE) is None
    assert sketch_truth(None, SHAPE) is None


def test_poses_have_boxes_and_the_points_that_are_seen() -> None:
    corners, points = np.array([[0.0, 0, 4, 4], [1, 1, 5, 4]]), np.array([[[1.0, 2], [3, 3]], [[2, 2], [9, 9]]])
    found = Detections(
        corners, np.array([0.9, 0.1]), np.zeros(2, np.int64), points=points, seen=np.array([[0.9, 0.2], [1, 1]])
    )
    sketch = sketch_answer(found, SHAPE, named, confidence=0.25)
    assert sketch is not None
    assert sketch.points == ((1.0, 2.0),)
    assert len(sketch.outlines) == 1
    silent = Detections(
        corners, np.array([0.9, 0.1]), np.zeros(2, np.int64), points=points, seen=np.full((2, 2), np.nan)
    )
    shown = sketch_answer(silent, SHAPE, named, confidence=0.25)
    assert shown is not None
    assert shown.points == ((1.0, 2.0), (3.0, 3.0))
    visible = np.array([[True, False], [False, True]])
    truth = Poses(corners, ("cat", "cat"), np.zeros(2, bool), SHAPE, points=points, visible=visible, areas=np.ones(2))
    drawn = sketch_truth(truth, SHAPE)
    assert drawn is not None
    assert drawn.points == ((1.0, 2.0), (9.0, 9.0))
    assert [one.name for one in drawn.outlines] == ["cat", "cat"]
