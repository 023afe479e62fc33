"""Every head gives back the objects that were written into its outputs by the inverse of its formula."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError
from scipy.special import logit

from audit.decoders import AnyDecoder, infer
from audit.frame import Frame
from audit.predictions import Detections
from camsim.errors import CamsimError

SIZE = (128, 160)
FRAME = Frame(shape=(240, 400), fed=SIZE, resized=(96, 160), top=16, left=0)
"""A picture of 400x240 at 0.4 of its size, letterboxed into 160x128."""

PICTURED = np.array([[40.0, 30.0, 120.0, 100.0], [200.0, 50.0, 390.0, 230.0], [10.0, 120.0, 60.0, 200.0]])
LABELS = np.array([2, 0, 1])
SCORES = np.array([0.9, 0.6, 0.3])
CLASSES = 3

FED = PICTURED * 0.4 + [0, 16, 0, 16]
CXCYWH = np.concatenate([(FED[:, :2] + FED[:, 2:]) / 2, FED[:, 2:] - FED[:, :2]], axis=1)
NORMALISED = np.array([160, 128, 160, 128])


def decoder(**fields: Any) -> Any:
    return TypeAdapter(AnyDecoder).validate_python(fields)


def check(found: Detections) -> None:
    np.testing.assert_allclose(found.corners, PICTURED, atol=1e-3)
    np.testing.assert_allclose(found.scores, SCORES, atol=1e-6)
    np.testing.assert_array_equal(found.labels, LABELS)
    assert (found.corners.dtype, found.scores.dtype, found.labels.dtype) == (np.float64, np.float64, np.int64)


def one_hot(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.arange(CLASSES) == LABELS[:, None], values[:, None], 0.0)


def anchored(
    rows: NDArray[np.float64], places: NDArray[np.int64], count: int, rest: float = 0.0
) -> NDArray[np.float32]:
    table = np.full((count, rows.shape[1]), rest)
    table[places] = rows
    return table.astype(np.float32)


PLACES = np.array([1500, 7, 800])


def yolov5(boxes: NDArray[np.float64]) -> NDArray[np.float32]:
    return anchored(np.concatenate([boxes, np.full((3, 1), 0.95), one_hot(SCORES / 0.95)], axis=1), PLACES, 2000)


def test_yolov5() -> None:
    check(decoder(kind="yolov5").decode({"output0": yolov5(CXCYWH), "map": np.zeros((3, 16, 20, 8))}, FRAME))
    scaled = yolov5(CXCYWH / NORMALISED)
    check(decoder(kind="yolov5", output="o", coordinates="normalised").decode({"o": scaled}, FRAME))


def test_yolov8() -> None:
    table = anchored(np.concatenate([CXCYWH, one_hot(SCORES)], axis=1), PLACES, 2000)
    check(decoder(kind="yolov8").decode({"output0": table.T}, FRAME))
    check(decoder(kind="yolov8", anchors_first=True, multi_label=False).decode({"output0": table}, FRAME))
    assert decoder(kind="yolov8").class_count({"output0": table.T}) == 3
    assert decoder(kind="yolov5").class_count({"output0": yolov5(CXCYWH)}) == 3


def test_a_box_of_two_classes_counts_for_both_only_where_that_is_asked_for() -> None:
    table = anchored(np.array([[80.0, 64, 20, 20, 0.8, 0.7, 0.0]]), np.array([5]), 2000).T
    assert decoder(kind="yolov8").decode({"o": table}, FRAME).labels.tolist() == [0, 1]
    assert decoder(kind="yolov8", multi_label=False).decode({"o": table}, FRAME).labels.tolist() == [0]


def test_yolox() -> None:
    # As its demo_utils.py: grids of every stride, one after the other.
    grids, strides = [], []
    for stride in (8, 16, 32):
        rows, columns = SIZE[0] // stride, SIZE[1] // stride
        x, y = np.meshgrid(np.arange(columns), np.arange(rows))
        grids.append(np.stack([x, y], axis=2).reshape(-1, 2))
        strides.append(np.full((rows * columns, 1), stride))
    grid, stride_of = np.concatenate(grids), np.concatenate(strides)
    places = np.array([300, 33, 410])
    offsets = np.concatenate(
        [CXCYWH[:, :2] / stride_of[places] - grid[places], np.log(CXCYWH[:, 2:] / stride_of[places])], axis=1
    )
    rows = np.concatenate([offsets, np.ones((3, 1)), one_hot(SCORES)], axis=1)
    table = anchored(rows, places, len(grid))
    check(decoder(kind="yolox").decode({"output": table}, FRAME))
    with pytest.raises(CamsimError, match="declare the model's 'strides'"):
        decoder(kind="yolox", strides=[8, 16]).decode({"output": table}, FRAME)
    table[places, 2] = 800
    with pytest.raises(CamsimError, match="yolov5"):
        decoder(kind="yolox").decode({"output": table}, FRAME)


def test_detr_with_and_without_a_class_for_no_object() -> None:
    boxes = anchored(CXCYWH / NORMALISED, np.array([9, 3, 44]), 100, 0.5)
    chances = anchored(one_hot(SCORES) + 1e-9, np.array([9, 3, 44]), 100, 1e-9)
    softmax = np.log(np.concatenate([chances, 1 - chances.sum(axis=1, keepdims=True)], axis=1))
    check(decoder(kind="detr").decode({"logits": softmax, "pred_boxes": boxes}, FRAME))
    sigmoid = decoder(kind="detr", scoring="sigmoid", logits="l", boxes="b")
    check(sigmoid.decode({"l": logit(chances.astype(np.float64)), "b": boxes}, FRAME))
    assert decoder(kind="detr").class_count({"logits": softmax}) == 3


@pytest.mark.parametrize("form", ["xyxy", "xywh", "cxcywh"])
@pytest.mark.parametrize("order", ["xy", "yx"])
@pytest.mark.parametrize("coordinates", ["pixels", "normalised"])
@pytest.mark.parametrize("first", [0, 1])
def test_ready_made_boxes_in_every_format(form: str, order: str, coordinates: str, first: int) -> None:
    boxes = {"xyxy": FED, "cxcywh": CXCYWH, "xywh": np.concatenate([FED[:, :2], CXCYWH[:, 2:]], axis=1)}[form]
    boxes = boxes / NORMALISED if coordinates == "normalised" else boxes
    boxes = boxes[:, [1, 0, 3, 2]] if order == "yx" else boxes
    read = decoder(
        kind="boxes", boxes="b", scores="s", labels="l", format=form, order=order, coordinates=coordinates,
        first_label=first,
    )  # fmt: skip
    check(read.decode({"b": boxes, "s": SCORES, "l": LABELS + first}, FRAME))
    # Whatever comes after the stated number is padding.
    padded = {
        "b": np.concatenate([boxes, np.zeros((5, 4))]),
        "s": np.concatenate([SCORES, np.ones(5)]),
        "l": np.concatenate([LABELS + first, np.zeros(5)]),
        "n": np.array(3.0, dtype=np.float32),
    }
    check(read.model_copy(update={"count": "n"}).decode(padded, FRAME))


def test_one_score_for_each_class() -> None:
    read = decoder(kind="boxes", boxes="b", scores="s", iou_threshold=0.5)
    twice = {"b": np.concatenate([FED, FED + 1]), "s": np.concatenate([one_hot(SCORES), one_hot(SCORES / 2)])}
    check(read.decode(twice, FRAME))
    assert read.class_count(twice) == 3
    background = read.model_copy(update={"first_label": 1})
    twice["s"] = np.concatenate([np.full((6, 1), 0.99), twice["s"]], axis=1)
    check(background.decode(twice, FRAME))
    assert background.class_count(twice) == 3
    assert read.class_count({"b": FED, "s": SCORES}) == 1


@pytest.mark.parametrize(
    ("columns", "order"),
    [
        ("box,score,label", ["b", "s", "l"]),
        ("box,label,score", ["b", "l", "s"]),
        ("batch,box,label,score", ["n", "b", "l", "s"]),
        ("batch,label,score,box", ["n", "l", "s", "b"]),
    ],
)
def test_one_output_for_all(columns: str, order: list[str]) -> None:
    parts = {"b": FED, "s": SCORES[:, None], "l": LABELS[:, None].astype(float), "n": np.zeros((3, 1))}
    rows = np.concatenate([parts[key] for key in order], axis=1)
    padding = np.zeros((4, rows.shape[1]))
    if columns.startswith("batch"):
        padding[0] = 1
        padding[0, 0] = -1
    read = decoder(kind="boxes", detections="d", columns=columns)
    check(read.decode({"d": np.concatenate([rows, padding])}, FRAME))
    check(read.decode({"d": np.concatenate([rows, padding])[None, None]}, FRAME))


def test_boxes_with_their_scores_and_labels_apart() -> None:
    read = decoder(kind="boxes", detections="dets", labels="labels", columns="box,score")
    check(read.decode({"dets": np.concatenate([FED, SCORES[:, None]], axis=1), "labels": LABELS}, FRAME))


def ssd_rows(anchors: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate(
        [(CXCYWH[:, :2] - anchors[:, :2]) / anchors[:, 2:] / 0.1, np.log(CXCYWH[:, 2:] / anchors[:, 2:]) / 0.2], axis=1
    )


def test_ssd_anchors() -> None:
    # Two anchors a cell at stride 16, one at stride 32: 8 x 10 x 2 + 4 x 5.
    levels = [{"stride": 16, "sizes": [[20.0, 30.0], [40.0, 25.0]]}, {"stride": 32, "sizes": [[70.0, 60.0]]}]
    # (row 2, column 3, anchor 1), (row 7, column 9, anchor 0), (row 1, column 4 of the second map)
    places = np.array([(2 * 10 + 3) * 2 + 1, (7 * 10 + 9) * 2, 160 + 1 * 5 + 4])
    anchors = np.array([[56, 40, 40, 25], [152, 120, 20, 30], [144, 48, 70, 60]], dtype=float)
    offsets = anchored(ssd_rows(anchors), places, 180)
    chances = anchored(one_hot(SCORES) + 1e-9, places, 180, 1e-9).astype(np.float64)
    common: dict[str, Any] = {"kind": "anchors", "boxes": ["b"], "scores": ["s"], "levels": levels}
    check(decoder(**common).decode({"b": offsets, "s": logit(chances)}, FRAME))
    check(decoder(**common, scoring="probabilities").decode({"b": offsets, "s": chances}, FRAME))
    with_background = np.concatenate([1 - chances.sum(axis=1, keepdims=True), chances], axis=1)
    read = decoder(**common, scoring="softmax", background=True)
    check(read.decode({"b": offsets, "s": np.log(with_background)}, FRAME))
    assert read.class_count({"b": offsets, "s": with_background}) == 3
    split = decoder(**common | {"boxes": ["b1", "b2"], "scores": ["s1", "s2"]})
    parts = {"b1": offsets[:160], "b2": offsets[160:], "s1": logit(chances[:160]), "s2": logit(chances[160:])}
    check(split.decode(parts, FRAME))
    swapped = decoder(**common | {"order": "yx"})
    check(swapped.decode({"b": offsets[:, [1, 0, 3, 2]], "s": logit(chances)}, FRAME))
    with pytest.raises(CamsimError, match="make 180 anchors"):
        decoder(**common).decode({"b": offsets[1:], "s": logit(chances)[1:]}, FRAME)


def test_probabilities_are_not_taken_for_logits() -> None:
    chances = np.random.default_rng(0).dirichlet(np.ones(4), 50)
    outputs = {"logits": chances, "pred_boxes": np.full((50, 4), 0.5)}
    for scoring in ("softmax", "sigmoid"):
        with pytest.raises(CamsimError, match="taken for logits"):
            decoder(kind="detr", scoring=scoring).decode(outputs, FRAME)
    levels = [{"stride": 32, "count": 1}, {"stride": 64, "count": 5}]
    outputs = {"b": np.zeros((50, 4)), "s": chances}
    for scoring in ("softmax", "sigmoid"):
        read = decoder(kind="anchors", boxes=["b"], scores=["s"], levels=levels, scoring=scoring)
        with pytest.raises(CamsimError, match="taken for logits"):
            read.decode(outputs, FRAME)


def test_blazeface_and_scrfd() -> None:
    frame = Frame(shape=(128, 128), fed=(128, 128), resized=(128, 128), top=0, left=0)
    box = np.array([30.0, 40.0, 70.0, 90.0])
    # BlazeFace: cell (row 8, column 6) of stride 8, its second anchor, centred at (52, 68).
    rows = np.zeros((896, 16), dtype=np.float32)
    scores = np.full((896, 1), -20.0, dtype=np.float32)
    place = (8 * 16 + 6) * 2 + 1
    rows[place, :4] = [50 - 52, 65 - 68, 40, 50]
    scores[place] = 2.0
    read = infer({"regressors": rows.shape, "classificators": scores.shape}, {}, (128, 128))
    assert read is not None
    found = read.decode({"regressors": rows, "classificators": scores}, frame)
    assert isinstance(found, Detections)
    np.testing.assert_allclose(found.corners, [box])
    assert found.scores == pytest.approx([1 / (1 + np.exp(-2.0))])
    # Its back camera's, for 256x256, with an output for each feature map: strides 16 and 32.
    split = {"s1": scores[:512], "s2": scores[512:], "b1": rows[:512], "b2": rows[512:]}
    read = infer({name: array.shape for name, array in split.items()}, {}, (256, 256))
    assert read is not None
    found = read.decode(split, Frame(shape=(256, 256), fed=(256, 256), resized=(256, 256), top=0, left=0))
    assert isinstance(found, Detections)
    centre, half = np.array([6.5 * 16 + 50 - 52, 8.5 * 16 + 65 - 68]), np.array([20, 25])
    np.testing.assert_allclose(found.corners, [np.concatenate([centre - half, centre + half])])
    # SCRFD: distances from the corner of a cell, in strides.
    counts = [512, 128, 32]
    outputs = {f"score_{n}": np.zeros((n, 1)) for n in counts} | {f"bbox_{n}": np.zeros((n, 4)) for n in counts}
    outputs |= {f"kps_{n}": np.zeros((n, 10)) for n in counts}
    place = (4 * 8 + 3) * 2
    outputs["score_128"][place] = 0.8
    outputs["bbox_128"][place] = (np.array([48, 64, 0, 0]) - box)[:4] / 16 * [1, 1, 0, 0] + np.array(
        [0, 0, (70 - 48) / 16, (90 - 64) / 16]
    )
    read = infer({name: array.shape for name, array in outputs.items()}, {}, (128, 128))
    assert read is not None
    found = read.decode(outputs, frame)
    assert isinstance(found, Detections)
    np.testing.assert_allclose(found.corners, [box])


def test_boxes_are_cut_at_the_border_and_those_outside_dropped() -> None:
    boxes = np.array([[-20, 0, 40, 60], [0, 0, 160, 16], [100, 40, 100, 80], [150, 100, 500, 500]], dtype=float)
    found = decoder(kind="boxes", boxes="b", scores="s").decode({"b": boxes, "s": np.full(4, 0.5)}, FRAME)
    # The second lies in the bar of the letterbox, the third has no width.
    np.testing.assert_allclose(found.corners, [[0, 0, 100, 110], [375, 210, 400, 240]])


def test_no_detection_at_all() -> None:
    empty = {"boxes": np.zeros((0, 4)), "scores": np.zeros(0), "labels": np.zeros(0, dtype=np.int64)}
    found = decoder(kind="boxes", boxes="boxes", scores="scores", labels="labels").decode(empty, FRAME)
    assert len(found.scores) == len(found.labels) == 0
    assert found.corners.shape == (0, 4)
    assert len(decoder(kind="yolov5").decode({"o": np.zeros((2000, 8))}, FRAME).scores) == 0


def test_scores_survive_being_kept_as_single_precision() -> None:
    scores = np.random.default_rng(0).random((2000, 1)) * 0.5
    table = np.concatenate([np.full((2000, 4), 50.0), scores + 0.5, scores], axis=1)
    found = decoder(kind="yolov5", iou_threshold=None).decode({"o": table}, FRAME)
    assert len(found.scores) == 300
    np.testing.assert_array_equal(found.scores.astype(np.float32).astype(np.float64), found.scores)


def test_thresholds() -> None:
    outputs = {"b": np.concatenate([FED, FED + 0.5]), "s": np.concatenate([SCORES, SCORES - 0.05])}
    base: dict[str, Any] = {"kind": "boxes", "boxes": "b", "scores": "s"}
    assert len(decoder(**base).decode(outputs, FRAME).scores) == 6
    assert decoder(**base, score_threshold=0.6).decode(outputs, FRAME).scores.tolist() == pytest.approx(
        [0.9, 0.85, 0.6]
    )
    assert len(decoder(**base, iou_threshold=0.5).decode(outputs, FRAME).scores) == 3
    assert decoder(**base, max_detections=2).decode(outputs, FRAME).scores.tolist() == pytest.approx([0.9, 0.85])


@pytest.mark.parametrize(
    ("fields", "outputs", "message"),
    [
        ({"kind": "yolov8"}, {"o": np.full((7, 2000), np.nan)}, "NaN or infinity"),
        ({"kind": "yolov8"}, {"o": np.full((7, 2000), np.inf)}, "NaN or infinity"),
        ({"kind": "yolov8"}, {"a": np.zeros((7, 2000)), "b": np.zeros((7, 2000))}, "declare which with 'output'"),
        ({"kind": "yolov8"}, {"a": np.zeros((3, 8, 8))}, "none of the model's outputs"),
        ({"kind": "yolov8", "output": "A"}, {"a": np.zeros((7, 2000))}, "did you mean 'a'"),
        ({"kind": "yolov8"}, {"a": np.full((7, 2000), 5.0)}, "probabilities in"),
        ({"kind": "yolov5"}, {"a": np.zeros((2000, 5))}, "wants"),
        ({"kind": "detr"}, {"logits": np.zeros((5, 3)), "pred_boxes": np.zeros((4, 4))}, "boxes are"),
        ({"kind": "boxes", "detections": "a"}, {"a": np.zeros((5, 7))}, r"wants \(N, 6\)"),
        ({"kind": "boxes", "boxes": "b", "scores": "s"}, {"b": np.zeros((5, 5)), "s": np.zeros(5)}, "wants boxes"),
        ({"kind": "boxes", "boxes": "b", "scores": "s"}, {"b": np.zeros((5, 4)), "s": np.zeros(7)}, "wants scores"),
        (
            {"kind": "boxes", "boxes": "b", "scores": "s", "labels": "l", "first_label": 1},
            {"b": np.tile([0.0, 20, 50, 50], (2, 1)), "s": np.ones(2), "l": np.zeros(2)},
            "declare 'first_label: 0'",
        ),
        (
            {"kind": "boxes", "boxes": "b", "scores": "s", "labels": "l"},
            {"b": np.ones((2, 4)), "s": np.ones(2), "l": np.full(2, 0.5)},
            "whole numbers",
        ),
        (
            {"kind": "boxes", "boxes": "b", "scores": "s", "count": "n"},
            {"b": np.ones((2, 4)), "s": np.ones(2), "n": np.array([3.0])},
            "from 0 to 2",
        ),
    ],
)
def test_what_cannot_be_read_is_refused(fields: dict[str, Any], outputs: dict[str, Any], message: str) -> None:
    with pytest.raises(CamsimError, match=message):
        decoder(**fields).decode(outputs, FRAME)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kind": "boxes"}, "needs the name of the output with boxes"),
        ({"kind": "boxes", "boxes": "b"}, "needs the name of the output with scores"),
        ({"kind": "boxes", "boxes": "b", "scores": "s", "detections": "d"}, "not both"),
        ({"kind": "boxes", "detections": "d", "labels": "l"}, "leave 'labels' out"),
        ({"kind": "yolov8", "score_threshold": 1.5}, "less than or equal to 1"),
        ({"kind": "yolov8", "max_detections": 0}, "greater than or equal to 1"),
        ({"kind": "yolov9"}, "does not match any of the expected tags"),
        ({"kind": "anchors", "boxes": ["b"], "scores": ["s"], "levels": []}, "at least one feature map"),
        ({"kind": "anchors", "boxes": ["b"], "scores": ["s"], "levels": [{"stride": 8}]}, "either 'sizes'"),
    ],
)
def test_what_cannot_be_declared(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        decoder(**fields)


@pytest.mark.parametrize(
    ("shapes", "options", "expected"),
    [
        ({"output0": (84, 8400)}, {"size": (640, 640)}, {"kind": "yolov8", "output": "output0"}),
        ({"output0": (84, 2100)}, {"classes": 80, "size": (320, 320)}, {"kind": "yolov8"}),
        ({"output0": (84, 8400)}, {"classes": 3, "size": (640, 640)}, None),
        (
            {"output0": (116, 8400), "output1": (32, 160, 160)},
            {"classes": 80, "size": (640, 640)},
            {"kind": "yolov8_masks"},
        ),
        ({"output0": (25200, 85)}, {"size": (640, 640)}, {"kind": "yolov5"}),
        ({"output0": (25200, 85), "a": (3, 80, 80, 85)}, {"size": (640, 640)}, {"kind": "yolov5", "output": "output0"}),
        ({"output": (8400, 85)}, {"size": (640, 640)}, {"kind": "yolox"}),
        ({"output0": (300, 6)}, {}, {"kind": "boxes", "detections": "output0", "columns": "box,score,label"}),
        ({"output": (12, 7)}, {}, {"kind": "boxes", "columns": "batch,box,label,score"}),
        ({"logits": (100, 92), "pred_boxes": (100, 4)}, {}, {"kind": "detr", "scoring": "softmax"}),
        ({"logits": (300, 80), "pred_boxes": (300, 4)}, {}, {"kind": "detr", "scoring": "sigmoid"}),
        ({"logits": (300, 92), "pred_boxes": (300, 4)}, {"classes": 91}, {"kind": "detr", "scoring": "softmax"}),
        ({"dets": (300, 4), "labels": (300, 91)}, {}, {"kind": "detr", "boxes": "dets", "scoring": "sigmoid"}),
        ({"dets": (100, 5), "labels": (100,)}, {}, {"kind": "boxes", "columns": "box,score", "labels": "labels"}),
        ({"boxes": (7, 4), "labels": (7,), "scores": (7,)}, {}, {"kind": "boxes", "first_label": 1}),
        (
            {"boxes": (7, 4), "labels": (7,), "scores": (7,), "masks": (7, 1, 28, 28)},
            {},
            {"kind": "maskrcnn", "mask_extent": "box"},
        ),
        (
            {"boxes": (7, 4), "labels": (7,), "scores": (7,), "masks": (7, 1, 480, 640)},
            {},
            {"kind": "maskrcnn", "mask_extent": "input"},
        ),
        (
            {"bboxes": (9, 4), "labels": (9,), "scores": (9,)},
            {},
            {"kind": "boxes", "boxes": "bboxes", "coordinates": "normalised"},
        ),
        (
            {
                "detection_boxes:0": (9, 4),
                "detection_classes:0": (9,),
                "detection_scores:0": (9,),
                "num_detections:0": (),
            },
            {},
            {"kind": "boxes", "order": "yx", "count": "num_detections:0"},
        ),
        (
            {"num_dets": (1,), "det_boxes": (100, 4), "det_scores": (100,), "det_classes": (100,)},
            {},
            {"kind": "boxes", "first_label": 0, "coordinates": "pixels"},
        ),
        ({"probabilities": (1000,)}, {}, None),
        ({"seg": (21, 128, 128)}, {}, None),
        ({"output": (40, 6625)}, {"size": (48, 320)}, None),
        ({"hidden": (197, 768)}, {"size": (224, 224)}, None),
        ({"logits": (10,), "pred_boxes": (4,)}, {}, None),
        ({"output0": (84, 8400)}, {}, None),
    ],
)
def test_common_heads_are_recognised(
    shapes: dict[str, tuple[int, ...]], options: dict[str, Any], expected: dict[str, Any] | None
) -> None:
    found = infer(shapes, {}, **options)
    if expected is None:
        assert found is None
    else:
        assert found is not None
        assert expected.items() <= found.model_dump().items()


def test_what_the_file_says_of_its_task_is_heeded() -> None:
    assert infer({"output0": (56, 8400)}, {"task": "pose"}, (640, 640)) is None
    assert infer({"output0": (84, 8400)}, {"task": "detect"}, (640, 640)) is not None
