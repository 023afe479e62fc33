"""Segmentation figures against torchmetrics and scikit-learn, and their conventions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score, jaccard_score
from torchmetrics.functional.classification import multiclass_jaccard_index

from audit.data.truth import ClassMap
from audit.decoders import ClassMapDecoder
from audit.frame import Frame
from audit.predictions import PixelClasses
from audit.tasks.segmentation import Segmentation, mean_ratio, overlaps
from camsim.errors import CamsimError

from .simple import Simple, dataset, drawn, value

NAMES = ("a", "b", "c")
COUNT = 20
SHAPE = (12, 10)
RNG = np.random.default_rng(0)
TRUTHS = RNG.choice([-1, 0, 1, 2], size=(COUNT, *SHAPE), p=[0.1, 0.6, 0.2, 0.1]).astype(np.int32)
ANSWERS = np.where(RNG.random(TRUTHS.shape) < 0.6, np.maximum(TRUTHS, 0), RNG.integers(0, 3, TRUTHS.shape)).astype(
    np.int32
)
# Some images hold, and get, no c at all.
TRUTHS[:8][TRUTHS[:8] == 2] = 0
ANSWERS[:8][ANSWERS[:8] == 2] = 1


def build(truths: Any = TRUTHS, model: tuple[str, ...] = NAMES, data: tuple[str, ...] = NAMES) -> Segmentation:
    network = Simple(lambda picture: np.zeros(picture.shape[:2], dtype=np.int64), model)
    truth = [ClassMap(indices) for indices in truths]
    return Segmentation(network, ClassMapDecoder(holds="indices"), dataset(truth, "class_map", data))


def rows(task: Segmentation, answers: Any = ANSWERS) -> list[Any]:
    found = []
    for sample, indices in zip(task.data.samples, answers, strict=True):
        answer = PixelClasses(indices, 0.5)
        mark = task.mark(answer, answer, task.truth(sample, SHAPE))
        found.append({"score": mark.score, **mark.own})
    return found


def test_figures_are_those_of_scikit_learn_over_all_pixels() -> None:
    task, (weights, places) = build(), drawn(COUNT)
    found = rows(task)
    for row, some in zip(weights, places, strict=True):
        truth, answer = TRUTHS[some].ravel(), ANSWERS[some].ravel()
        truth, answer = truth[truth >= 0], answer[truth >= 0]
        given = row[None]
        assert value(task, "miou", found, given)[0] == pytest.approx(jaccard_score(truth, answer, average="macro"))
        assert value(task, "dice", found, given)[0] == pytest.approx(f1_score(truth, answer, average="macro"))
        assert value(task, "pixel_accuracy", found, given)[0] == pytest.approx(accuracy_score(truth, answer))
        for place, name in enumerate(NAMES):
            expected = jaccard_score(truth, answer, labels=[place], average="macro")
            assert value(task, f"iou/{name}", found, given)[0] == pytest.approx(expected)


def test_miou_is_that_of_torchmetrics() -> None:
    expected = multiclass_jaccard_index(
        torch.from_numpy(ANSWERS), torch.from_numpy(TRUTHS.astype(np.int64)), num_classes=3, ignore_index=-1
    )
    assert value(build(), "miou", rows(build())) == pytest.approx(float(expected), abs=1e-6)


def test_the_score_is_the_mean_over_the_classes_that_are_there() -> None:
    for row, truth, answer in zip(rows(build()), TRUTHS, ANSWERS, strict=True):
        kept = truth >= 0
        labels = np.unique([truth[kept], answer[kept]])
        expected = jaccard_score(truth[kept], answer[kept], labels=labels, average="macro")
        assert row["score"] == pytest.approx(expected)


def test_a_class_that_no_sample_drawn_holds_is_left_out() -> None:
    task = build()
    found = rows(task)
    weights = np.array([[1.0] * 8 + [0.0] * (COUNT - 8)])
    assert np.isnan(value(task, "iou/c", found, weights)[0])
    both = [value(task, f"iou/{name}", found, weights)[0] for name in "ab"]
    assert value(task, "miou", found, weights)[0] == pytest.approx(np.mean(both))
    assert np.isnan(value(task, "miou", found, np.zeros((1, COUNT)))[0])


def test_the_datas_classes_are_found_by_name_in_the_models() -> None:
    model = ("z", "c", "a", "b")
    moved = np.array([2, 3, 1], dtype=np.int32)[ANSWERS]
    same, other = rows(build()), rows(build(model=model), moved)
    assert [row["score"] for row in other] == [row["score"] for row in same]
    assert [row["unions"] for row in other] == [row["unions"] for row in same]
    # A class that the data do not know costs its pixels, and is not averaged over.
    strange = moved.copy()
    strange[:, :6] = 0
    [*_, last] = rows(build(model=model), strange)
    assert len(last["unions"]) == 3
    assert last["right"] == (moved[-1, 6:] == np.array([2, 3, 1, -9])[TRUTHS[-1, 6:]]).sum()
    with pytest.raises(CamsimError, match="not classes of the model"):
        build(model=("a", "b"))


def test_pixels_that_were_not_seen_do_not_count() -> None:
    task = build()
    half = ANSWERS.copy()
    half[:, :, :5] = -1
    for row, truth, answer in zip(rows(task, half), TRUTHS, ANSWERS, strict=True):
        kept = truth[:, 5:] >= 0
        assert row["pixels"] == kept.sum()
        assert row["right"] == (truth[:, 5:] == answer[:, 5:])[kept].sum()
    with pytest.raises(CamsimError, match="preprocessing crops them away"):
        rows(task, np.full_like(ANSWERS, -1))


def test_a_flip_is_a_large_class_that_is_mostly_elsewhere() -> None:
    task = build()
    before = np.zeros((20, 20), dtype=np.int32)
    before[:4, :5] = 1  # 5 %

    def flips(after: Any) -> bool:
        return task.mark(PixelClasses(after, np.nan), PixelClasses(before, np.nan), None).flip

    moved = before.copy()
    moved[:2, :5] = 0
    assert not flips(moved)  # half is left
    moved[2, :1] = 0
    assert flips(moved)
    speck = before.copy()
    speck[19, 17:] = 2  # 0.75 %
    assert not flips(speck)
    speck[18, 18:] = 2  # 1.25 %
    assert flips(speck)
    assert task.mark(PixelClasses(speck, np.nan), PixelClasses(before, np.nan), None).confidence is None


def test_truths_outside_the_classes_are_refused() -> None:
    bad = TRUTHS[:3].copy()
    bad[0, 0, 0], bad[1] = 3, -1
    task = build(bad)
    with pytest.raises(CamsimError, match=r"s000: its class map holds -1\.\.3"):
        task.truth(task.data.samples[0], SHAPE)
    with pytest.raises(CamsimError, match="s001: no pixel"):
        task.truth(task.data.samples[1], SHAPE)


def test_the_truth_is_brought_to_the_pictures_size() -> None:
    task = build()
    truth = task.truth(task.data.samples[0], (24, 20))
    np.testing.assert_array_equal(truth, TRUTHS[0].repeat(2, axis=0).repeat(2, axis=1))
    with pytest.raises(CamsimError, match="what it is compared with"):
        overlaps(ANSWERS[0], TRUTHS[0][:5])


def test_no_pixel_at_all_is_agreement() -> None:
    assert mean_ratio(*overlaps(np.full(SHAPE, -1, np.int32), ANSWERS[0])) == 1.0


def test_class_indices_need_names() -> None:
    network = Simple(lambda picture: np.zeros((4, 4), dtype=np.int64))
    with pytest.raises(CamsimError, match="name them"):
        Segmentation(network, ClassMapDecoder(holds="indices"), dataset([ClassMap(TRUTHS[0])], "class_map", NAMES))
    scores = Simple(lambda picture: np.zeros((4, 4, 4)), NAMES)
    with pytest.raises(CamsimError, match="has 4 classes, but 'classes' lists 3"):
        Segmentation(scores, ClassMapDecoder(), dataset([None], None))


def test_it_runs_through_a_letterbox() -> None:
    """A network that says class 1 where its input is bright, on a canvas with bright bars."""

    def bright(picture: Any) -> Any:
        canvas = np.full((1, 32, 32), 9.0)
        canvas[0, 8:24] = (picture[::2, ::2, 0] / 255.0 - 0.5) * 9
        return canvas

    frame = Frame((32, 64), (32, 32), (16, 32), 8, 0)
    picture = np.zeros((32, 64, 3), dtype=np.uint8)
    picture[:, 32:] = 255
    truth = (picture[..., 0] > 0).astype(np.int32)
    network = Simple(
        lambda p: bright(p) if p.shape == picture.shape else np.full((1, 4, 4), 9.0), frame=lambda s: frame
    )
    task = Segmentation(network, ClassMapDecoder(), dataset([ClassMap(truth)], "class_map", ("dark", "bright")))
    (answer,) = task.predict([picture])
    mark = task.mark(answer, answer, task.truth(task.data.samples[0], (32, 64)))
    assert mark.score == 1.0
