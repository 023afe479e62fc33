"""A detector of coloured shapes, made for these tests, through the tasks of detection and instance segmentation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import find_objects, label

from audit.data import Dataset
from audit.data.truth import Boxes
from audit.decoders import Boxes as BoxesDecoder
from audit.decoders import MaskRcnn, YoloV8
from audit.frame import Frame
from audit.predictions import Detections
from audit.tasks.detection import Detection
from audit.tasks.instances import Instances
from audit.tasks.mark import Mark
from audit.tasks.objects import ObjectTask
from audit.tasks.soft_f1 import soft_f1
from camsim.errors import CamsimError
from tests.audit.tasks.simple import Simple, dataset, drawn, value

SHAPE = (120, 160)
NAMES = ("red", "green", "blue")
READ = BoxesDecoder(boxes="boxes", scores="scores", labels="labels")
READ_MASKS = MaskRcnn(boxes="boxes", scores="scores", labels="labels", mask_extent="input")


def detect(picture: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
    """Each patch of one colour is an object: a red, green or blue one, the surer the brighter."""
    boxes, scores, labels, masks = [], [], [], []
    for channel in range(3):
        others = np.delete(picture, channel, axis=2).max(axis=2).astype(int)
        patches, _ = label(picture[..., channel].astype(int) - others > 60)
        for number, (rows, columns) in enumerate(find_objects(patches), 1):
            boxes.append([columns.start, rows.start, columns.stop, rows.stop])
            scores.append(picture[rows, columns, channel].max() / 255)
            labels.append(channel)
            masks.append(patches == number)
    return {
        "boxes": np.array(boxes, dtype=np.float32).reshape(-1, 4),
        "scores": np.array(scores, dtype=np.float32),
        "labels": np.array(labels, dtype=np.int64),
        "masks": np.array(masks, dtype=np.float32).reshape(-1, *picture.shape[:2]),
    }


def drawing(seed: int) -> tuple[NDArray[np.uint8], Boxes]:
    """Rectangles in a grid, so that none touch; what they are."""
    rng = np.random.default_rng(seed)
    picture = np.full((*SHAPE, 3), 40, dtype=np.uint8)
    corners, names, masks = [], [], []
    for cell in rng.permutation(12)[: rng.integers(1, 7)]:
        row, column = divmod(int(cell), 4)
        height, width = rng.integers(12, 36, 2)
        top, left = row * 40 + int(rng.integers(0, 38 - height)), column * 40 + int(rng.integers(0, 38 - width))
        colour = int(rng.integers(3))
        picture[top : top + height, left : left + width, colour] = rng.integers(150, 256)
        corners.append([left, top, left + width, top + height])
        names.append(NAMES[colour])
        mask = np.zeros(SHAPE, dtype=bool)
        mask[top : top + height, left : left + width] = True
        masks.append(mask)
    crowd = np.zeros(len(names), dtype=bool)
    return picture, Boxes(np.array(corners, dtype=float), tuple(names), crowd, SHAPE, tuple(masks))


DRAWINGS = [drawing(seed) for seed in range(24)]
PICTURES = [picture for picture, _ in DRAWINGS]
DATA = dataset([truth for _, truth in DRAWINGS], "boxes", NAMES)


def task(kind: type[ObjectTask] = Detection, data: Dataset = DATA, function: Any = detect, **fields: Any) -> ObjectTask:
    decoder = (READ if kind is Detection else READ_MASKS).model_copy(update=fields)
    return kind(Simple(function, NAMES), decoder, data)


def marks(of: ObjectTask, pictures: list[NDArray[np.uint8]] = PICTURES, data: Dataset = DATA) -> list[Mark]:
    answers, references = of.predict(pictures), of.predict(PICTURES)
    truths = [of.truth(sample, SHAPE) for sample in data.samples]
    return [of.mark(*three) for three in zip(answers, references, truths, strict=True)]


def own(found: list[Mark]) -> list[Any]:
    return [dict(mark.own) for mark in found]


@pytest.mark.parametrize("kind", [Detection, Instances])
def test_a_detector_that_is_right(kind: type[ObjectTask]) -> None:
    right = task(kind)
    found = marks(right)
    for key in ("map", "map50", "map_small", "ap/red", "ap/green", "ap/blue"):
        assert value(right, key, own(found)) == 1.0
    assert np.isnan(value(right, "map_large", own(found)))  # there is none
    assert {(mark.score, mark.agreement, mark.flip) for mark in found} == {(1.0, 1.0, False)}
    assert all(mark.loss < 0.45 for mark in found)
    assert all(0.58 < (mark.confidence or 0) <= 1 for mark in found)
    weights, _ = drawn(len(found))
    np.testing.assert_array_equal(value(right, "map", own(found), weights), np.ones(5))


@pytest.mark.parametrize("kind", [Detection, Instances])
def test_a_camera_that_hides_colours(kind: type[ObjectTask]) -> None:
    of = task(kind)
    dark = [np.where(np.arange(3) == 2, picture // 4, picture) for picture in PICTURES]
    found = marks(of, dark)
    assert value(of, "ap/blue", own(found)) == 0
    assert value(of, "ap/red", own(found)) == value(of, "ap/green", own(found)) == 1
    assert value(of, "map", own(found)) == pytest.approx(2 / 3)
    for mark, (_, truth) in zip(found, DRAWINGS, strict=True):
        hidden = truth.names.count("blue")
        expected = 2 * (len(truth.names) - hidden) / (2 * len(truth.names) - hidden)
        assert mark.score == mark.agreement == pytest.approx(expected)
        assert mark.flip == (hidden > 0)
        assert (mark.confidence is None) == (hidden == len(truth.names))


def test_truth_of_other_pictures_gives_nearly_nothing() -> None:
    wrong = dataset([truth for _, truth in DRAWINGS[1:] + DRAWINGS[:1]], "boxes", NAMES)
    of = task(data=wrong)
    found = marks(of, data=wrong)
    assert value(of, "map", own(found)) < 0.1
    assert np.mean([mark.score for mark in found if mark.score is not None]) < 0.15
    assert np.mean([mark.loss for mark in found]) > 0.8
    assert {mark.agreement for mark in found} == {1.0}


def test_names_in_another_order_are_found_by_name() -> None:
    data = Dataset("named", DATA.samples, ("blue", "green", "red"), "0" * 64, "Drawings.", "boxes")
    of = task(data=data)
    assert value(of, "map", own(marks(of, data=data))) == 1.0


def test_labels_that_are_mixed_up() -> None:
    def confused(picture: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        found = detect(picture)
        return found | {"labels": (found["labels"] + 1) % 3}

    of = task(function=confused)
    found = marks(of)
    assert value(of, "map", own(found)) == 0
    assert {mark.score for mark in found} == {0.0}
    assert {mark.loss for mark in found} == {1.0}


def answer(corners: Any, scores: Any, labels: Any = None) -> Detections:
    boxes = np.array(corners, dtype=float).reshape(-1, 4)
    return Detections(boxes, np.array(scores, dtype=float), np.array(labels or [0] * len(boxes), dtype=np.int64))


NONE = answer([], [])


def one_truth(corners: Any, crowd: Any = None) -> tuple[Detection, Any]:
    boxes = np.array(corners, dtype=float).reshape(-1, 4)
    truth = Boxes(boxes, ("red",) * len(boxes), np.array(crowd or [False] * len(boxes), dtype=bool), SHAPE)
    of = Detection(Simple(detect, NAMES), READ, dataset([truth], "boxes", NAMES))
    return of, of.truth(of.data.samples[0], SHAPE)


BOX = [10.0, 10, 50, 50]


def test_empty_pictures() -> None:
    of, nothing = one_truth([])
    empty = of.mark(NONE, NONE, nothing)
    assert (empty.score, empty.agreement, empty.flip, empty.loss, empty.confidence) == (1.0, 1.0, False, 0.0, None)
    false = of.mark(answer([BOX], [0.9]), NONE, nothing)
    assert (false.score, false.agreement, false.flip) == (0.0, 0.0, True)
    assert 0.3 < false.loss < 0.5
    of, one = one_truth([BOX])
    missed = of.mark(NONE, answer([BOX], [0.9]), one)
    assert (missed.score, missed.agreement, missed.flip, missed.loss) == (0.0, 0.0, True, 1.0)
    rows = own([empty, false])
    assert np.isnan(value(of, "map", rows))
    assert value(of, "map", own([missed])) == 0


def test_a_duplicate_counts_as_wrong() -> None:
    of, one = one_truth([BOX])
    twice = of.mark(answer([BOX, BOX], [0.9, 0.8]), answer([BOX], [0.9]), one)
    assert twice.score == twice.agreement == pytest.approx(2 / 3)
    assert twice.flip
    assert value(of, "map", own([twice])) == 1.0  # the surest is right, and nothing is left to be found after it
    # Below the confidence it is not shown.
    shown = of.mark(answer([BOX, BOX], [0.9, 0.4]), answer([BOX], [0.9]), one)
    assert (shown.score, shown.agreement, shown.flip) == (1.0, 1.0, False)


def test_identical_duplicates_agree_with_themselves() -> None:
    of, _ = one_truth([BOX])
    twice = answer([BOX, BOX, [60, 60, 90, 90]], [0.9, 0.9, 0.7])
    same = of.mark(twice, twice, None)
    assert (same.agreement, same.flip, same.score) == (1.0, False, None)


def test_crowds_count_neither_way() -> None:
    of, truth = one_truth([BOX, [60, 10, 150, 110]], [False, True])
    inside = [[60.0, 20, 80, 40], [100.0, 50, 120, 90], [70.0, 60, 95, 100]]
    found = of.mark(answer([BOX, *inside], [0.9, 0.8, 0.8, 0.8]), NONE, truth)
    assert found.score == 1.0
    assert value(of, "map", own([found])) == 1.0
    assert found.loss == of.mark(answer([BOX], [0.9]), NONE, truth).loss
    only, crowd = one_truth([[60, 10, 150, 110]], [True])
    assert only.mark(answer(inside, [0.8] * 3), NONE, crowd).score == 1.0


def test_objects_without_a_pixel_are_left_out() -> None:
    of, truth = one_truth([BOX, [60, 60, 60, 80]])
    assert of.mark(answer([BOX], [0.9]), NONE, truth).score == 1.0


def test_truth_follows_the_size_of_the_picture() -> None:
    of, _ = one_truth([BOX])
    half = of.truth(of.data.samples[0], (60, 80))
    assert of.mark(answer([[5, 5, 25, 25]], [0.9]), NONE, half).score == 1.0


def test_what_a_crop_hides_is_not_judged() -> None:
    # The model sees the middle 100 x 100 of a picture 160 wide: columns 30 to 130, rows 10 to 110.
    boxes = [[40.0, 20, 60, 40], [120.0, 50, 140, 70], [126.0, 80, 146, 90], [0.0, 20, 20, 40], [20.0, 80, 34, 100]]
    masks = np.zeros((5, *SHAPE), dtype=bool)
    for mask, (x0, y0, x1, y1) in zip(masks, np.array(boxes, dtype=int), strict=True):
        mask[y0:y1, x0:x1] = True
    truth = Boxes(np.array(boxes), ("red",) * 5, np.zeros(5, dtype=bool), SHAPE, tuple(masks))
    network = Simple(detect, NAMES, lambda shape: Frame(shape, (100, 100), shape, -10, -30))
    for kind, decoder in ((Detection, READ), (Instances, READ_MASKS)):
        of = kind(network, decoder, dataset([truth], "boxes", NAMES))
        left = of.truth(of.data.samples[0], SHAPE)
        # Whole; half left; 4 of 20 left; nothing left; 4 of 14 left.
        assert left is not None
        assert left.regions.areas.tolist() == [400, 200, 40, 80]
        assert left.crowd.tolist() == [False, False, True, True]


def test_without_labels_only_changes_are_seen() -> None:
    data = dataset([None] * len(PICTURES), None)
    of = task(data=data)
    assert not of.labelled
    assert next(metric for metric in of.metrics if not metric.needs_labels).key == "agreement"
    dark = [picture // 4 for picture in PICTURES]
    same, gone = marks(of, data=data), marks(of, dark, data)
    assert {(mark.score, mark.agreement, mark.flip) for mark in same} == {(None, 1.0, False)}
    assert {(mark.score, mark.agreement, mark.flip) for mark in gone} == {(None, 0.0, True)}
    assert {mark.loss for mark in gone} == {1.0}
    assert all(set(mark.own.values()) == {None} for mark in gone)


@pytest.mark.parametrize("change", [lambda box, by: box + by, lambda box, by: box + np.array([0, 0, by, by])])
def test_the_loss_rises_smoothly_as_a_box_moves_away(change: Callable[[Any, float], Any]) -> None:
    of, one = one_truth([BOX])
    losses = [of.mark(answer([change(np.array(BOX), by)], [0.9]), NONE, one).loss for by in np.linspace(0, 60, 241)]
    steps = np.diff(losses)
    assert losses[0] < 0.2
    assert losses[-1] == 1.0
    assert steps.min() >= 0
    assert steps.max() < 0.05


def test_the_loss_falls_smoothly_with_the_score() -> None:
    of, one = one_truth([BOX])
    losses = [of.mark(answer([BOX], [score]), NONE, one).loss for score in np.linspace(0, 1, 101)]
    assert losses[0] == 1.0
    assert np.diff(losses).max() < 0
    false = [of.mark(answer([BOX, [80, 80, 99, 99]], [0.9, s]), NONE, one).loss for s in np.linspace(0, 1, 101)]
    assert np.diff(false).min() > 0


def test_soft_f1_of_certain_answers_is_f1() -> None:
    rng = np.random.default_rng(0)
    of, _ = one_truth([])
    for _ in range(20):
        count, hit, false = (int(n) for n in rng.integers(0, 6, 3))
        hit = min(hit, count)
        places = np.arange(count + false)[:, None] * [12.0, 0, 12, 0] + [0, 0, 10, 10]
        expected = of.regions(answer(places[:count], [1.0] * count))
        claimed = of.regions(answer(np.concatenate([places[:hit], places[count:]]), [1.0] * (hit + false)))
        soft = soft_f1(claimed, np.ones(hit + false), expected, np.zeros(count, dtype=bool), 1e-6)
        if count:
            assert soft == pytest.approx(2 * hit / (count + hit + false))
        else:
            assert soft == pytest.approx(1 / (1 + false))


def test_what_an_answer_is_called() -> None:
    of = task()
    assert of.say(answer([BOX] * 4, [0.9, 0.8, 0.7, 0.1], [2, 0, 2, 1])) == "3 objects: 2 blue, 1 red"
    assert of.say(answer([BOX], [0.9])) == "1 object: 1 red"
    assert of.say(NONE) == "nothing"


def test_settings_decide_the_hash() -> None:
    assert task().sha256 == task().sha256
    assert len({task().sha256, task(confidence=0.4).sha256, task(Instances).sha256}) == 3
    assert task().describe()["decoder"]["kind"] == "boxes"


def refused(message: str, **kinds: Any) -> None:
    with pytest.raises(CamsimError, match=message):
        task(**kinds)


def test_data_and_models_that_do_not_fit() -> None:
    classes = Dataset("classed", DATA.samples, NAMES, "0" * 64, "Classes.")
    refused("is labelled with a class for each sample", data=classes)
    cars = Dataset("cars", DATA.samples, ("rod", "green"), "0" * 64, "Cars.", "boxes")
    refused("did you mean 'red'", data=cars)
    with pytest.raises(CamsimError, match="do not say which classes it has; name them"):
        Detection(Simple(detect), READ, DATA)
    with pytest.raises(CamsimError, match="its decoder gives answers of 'detection', not of 'instances'"):
        Instances(Simple(detect, NAMES), READ, DATA)
    yolo = Simple(lambda picture: np.zeros((4 + 80, 2000), dtype=np.float32), NAMES)
    with pytest.raises(CamsimError, match="has 80 classes, but 'classes' lists 3"):
        Detection(yolo, YoloV8(), DATA)
    yolo.classes = None
    with pytest.raises(CamsimError, match="80"):
        Detection(yolo, YoloV8(), DATA)
    # As many classes as the data have are taken in their order.
    three = Simple(lambda picture: np.zeros((4 + 3, 2000), dtype=np.float32))
    assert "classes in the order of the data" in Detection(three, YoloV8(), DATA).describe()["assumed"]
    with pytest.raises(CamsimError, match="gives the label 2, but 'classes' lists 2 names"):
        Detection(Simple(detect, NAMES[:2]), READ, dataset([None], None)).predict(PICTURES)
    nan = Simple(lambda picture: detect(picture) | {"scores": np.full(len(detect(picture)["scores"]), np.nan)}, NAMES)
    with pytest.raises(CamsimError, match="simple: output 'scores' holds NaN"):
        Detection(nan, READ, DATA).predict(PICTURES[:1])


def test_samples_whose_labels_do_not_fit() -> None:
    strange = Boxes(np.array([BOX]), ("violet",), np.array([False]), SHAPE)
    of = task(data=dataset([strange, None], "boxes", NAMES))
    with pytest.raises(CamsimError, match="s000: holds an object of class 'violet'"):
        of.truth(of.data.samples[0], SHAPE)
    with pytest.raises(CamsimError, match="s001: has no boxes"):
        of.truth(of.data.samples[1], SHAPE)
    of = task(Instances, data=dataset([Boxes(np.array([BOX]), ("red",), np.array([False]), SHAPE)], "boxes", NAMES))
    with pytest.raises(CamsimError, match="s000: has boxes, but no masks"):
        of.truth(of.data.samples[0], SHAPE)


def test_masks_serve_for_detection_too() -> None:
    of = Detection(Simple(detect, NAMES), READ_MASKS, DATA)
    assert value(of, "map", own(marks(of))) == 1.0


def test_instances_see_what_boxes_do_not() -> None:
    """The same boxes, but half of each mask: right for detection, wrong for outlines at IoU 0.55 and more."""

    def half(picture: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        found = detect(picture)
        masks = found["masks"].copy()
        for mask, box in zip(masks, found["boxes"].astype(int), strict=True):
            mask[:, (box[0] + box[2] + 1) // 2 :] = 0
        return found | {"masks": masks}

    boxes, outlines = task(function=half), task(Instances, function=half)
    assert value(boxes, "map", own(marks(boxes))) == 1.0
    assert value(outlines, "map", own(marks(outlines))) < 0.25
