"""Every task gives the known answers: a perfect model, a constant one, shuffled truths, identical pictures, none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from audit.data.truth import ClassMap, Depth, Keypoints, Labels, Text, Truth, Values
from audit.decoders import (
    ClassMapDecoder,
    CoordinatesDecoder,
    CtcDecoder,
    Decoder,
    DepthDecoder,
    EmbeddingDecoder,
    LabelChancesDecoder,
    TextMapDecoder,
    ValuesDecoder,
)
from audit.tasks.decoded import DecodedTask
from audit.tasks.depth import DepthTask
from audit.tasks.keypoints import KeypointsTask
from audit.tasks.mark import Mark
from audit.tasks.multilabel import Multilabel
from audit.tasks.regression import Regression
from audit.tasks.retrieval import Retrieval
from audit.tasks.segmentation import Segmentation
from audit.tasks.text import TextTask
from camsim.errors import CamsimError

from .simple import SIDE, Outputs, Simple, dataset, grey, value

SHAPE = (SIDE, SIDE)
N = 12
RNG = np.random.default_rng(0)
NAMES = ("sky", "tree", "road")

BITS = [[bool(place >> bit & 1) for bit in range(3)] for place in range(N)]
MAPS = [RNG.integers(0, 3, (4, 4)).repeat(4, axis=0).repeat(4, axis=1).astype(np.int32) for _ in range(N)]
NUMBERS = RNG.normal(0, 3, (N, 2))
POINTS = RNG.uniform(2, SIDE - 2, (N, 3, 2))
METRES = [RNG.uniform(1, 9, SHAPE).astype(np.float32) for _ in range(N)]
WORDS = ["abc", "cab", "a", "bb", "ccba", "abcabc", "ba", "cc", "acb", "bca", "b", "caab"]
ORDER = np.random.default_rng(5).permutation(N)
TARGETS = [NAMES[place % 3] for place in range(N)]


def spelled(word: str) -> NDArray[np.float64]:
    path = [index for letter in word for index in (0, "abc".index(letter) + 1)]
    rows = np.full((len(path), 4), -4.0)
    rows[np.arange(len(path)), path] = 4.0
    return rows


@dataclass(frozen=True)
class Case:
    """A task whose network gives, for a picture of grey g, the g-th of ``answers``."""

    task: type[Any]
    decoder: Decoder
    truths: Sequence[Truth | None]
    kind: Any
    answers: Sequence[Any]
    best: dict[str, float]
    """Aggregates and columns' means of a perfect model."""
    classes: tuple[str, ...] | None = None
    targets: Sequence[str] | None = None
    answer_classes: tuple[str, ...] | None = None


CASES = {
    "multilabel": Case(
        Multilabel,
        LabelChancesDecoder(),
        [Labels(frozenset(n for n, there in zip(NAMES, bits, strict=True) if there)) for bits in BITS],
        "labels",
        [np.where(bits, 60.0, -60.0) for bits in BITS],
        {"f1_macro": 1, "map": 1, "f1_samples": 1, "exact_match": 1},
        NAMES,
    ),
    "segmentation": Case(
        Segmentation,
        ClassMapDecoder(holds="indices"),
        [ClassMap(indices) for indices in MAPS],
        "class_map",
        MAPS,
        {"miou": 1, "dice": 1, "miou_samples": 1, "pixel_accuracy": 1},
        NAMES,
        answer_classes=NAMES,
    ),
    "text map": Case(
        Segmentation,
        TextMapDecoder(),
        [ClassMap((indices > 0).astype(np.int32)) for indices in MAPS],
        "class_map",
        [(indices > 0).astype(np.float32)[None] for indices in MAPS],
        {"miou": 1, "dice": 1, "miou_samples": 1, "pixel_accuracy": 1},
        ("background", "text"),
    ),
    "regression": Case(
        Regression,
        ValuesDecoder(),
        [Values(numbers) for numbers in NUMBERS],
        "values",
        list(NUMBERS),
        {"mae": 0, "rmse": 0, "r2": 1, "score": 1},
    ),
    "keypoints": Case(
        KeypointsTask,
        CoordinatesDecoder(),
        [Keypoints(points, np.array([True, place % 2 == 0, True]), 10.0, SHAPE) for place, points in enumerate(POINTS)],
        "keypoints",
        list(POINTS),
        {"pck_20": 1, "pck_05": 1, "oks": 1, "nme": 0},
    ),
    "depth": Case(
        DepthTask,
        DepthDecoder(),
        [Depth(metres) for metres in METRES],
        "depth",
        METRES,
        {"abs_rel": 0, "rmse": 0, "delta_1": 1},
    ),
    "disparity": Case(
        DepthTask,
        DepthDecoder(inverse=True, relative="scale_and_shift"),
        [Depth(metres) for metres in METRES],
        "depth",
        [7 / metres - 3 for metres in METRES],
        {"abs_rel": 0, "rmse": 0, "delta_1": 1},
    ),
    "retrieval": Case(
        Retrieval,
        EmbeddingDecoder(),
        [None] * N,
        None,
        [np.eye(3)[place % 3] * 5 for place in range(N)],
        {"recall_1": 1, "recall_5": 1, "map": 1},
        NAMES,
        TARGETS,
    ),
    "text": Case(
        TextTask,
        CtcDecoder(characters=("a", "b", "c")),
        [Text(word) for word in WORDS],
        "text",
        [spelled(word) for word in WORDS],
        {"cer": 0, "exact_match": 1, "edit_similarity": 1},
    ),
}

LABELLED = pytest.mark.parametrize("name", CASES)


def network(case: Case, shuffled: bool = False, constant: bool = False) -> Simple:
    """Perfect; or right about other samples; or always the same."""

    def answer(picture: NDArray[np.uint8]) -> Outputs | NDArray[Any]:
        place = int(picture[0, 0, 0]) % N  # the probe's grey is any of them
        place = 0 if constant else int(ORDER[place]) if shuffled else place
        return np.asarray(case.answers[place])

    return Simple(answer, case.answer_classes)


def build(case: Case, shuffled: bool = False, constant: bool = False, labelled: bool = True, **given: Any) -> Any:
    data = dataset(case.truths, case.kind, case.classes, case.targets) if labelled else dataset([None] * N, None, None)
    decoder = case.decoder
    if not labelled and isinstance(decoder, ValuesDecoder):
        decoder = ValuesDecoder(scale=(3.0,))
    if case.task is Retrieval:
        # The gallery, too, is shown as greys that are the place.
        given["show"] = lambda sample: grey(int(sample.id[1:]))
    return case.task(network(case, shuffled, constant), decoder, data, **given)


def marks(task: DecodedTask[Any], reference: DecodedTask[Any] | None = None) -> list[Mark]:
    """Of all samples; the answers under the reference are those of another model, where one is given."""
    pictures = [grey(place) for place in range(N)]
    answers = task.predict(pictures)
    references = answers if reference is None else reference.predict(pictures)
    truths = [task.truth(sample, SHAPE) for sample in task.data.samples]
    return [task.mark(*given) for given in zip(answers, references, truths, strict=True)]


def figures(task: Any, found: Sequence[Mark]) -> dict[str, float]:
    rows = [{"score": mark.score, "agreement": mark.agreement, **mark.own} for mark in found]
    return {
        metric.key: value(task, metric.key, rows)
        if metric.kind == "aggregate"
        else float(np.mean([row[metric.columns[0]] for row in rows]))
        for metric in task.metrics
        if task.labelled or not metric.needs_labels
    }


@LABELLED
def test_a_perfect_model_is_perfect(name: str) -> None:
    case = CASES[name]
    task = build(case)
    found = marks(task)
    assert task.labelled
    measured = figures(task, found)
    assert measured == pytest.approx({**case.best, "agreement": 1}, abs=1e-5)
    assert [mark.score for mark in found] == pytest.approx([1.0] * N, abs=1e-9)
    assert max(mark.loss for mark in found) < 0.05


@LABELLED
def test_identical_pictures_agree_exactly(name: str) -> None:
    for labelled in (True, False):
        task = build(CASES[name], labelled=labelled)
        for mark in marks(task):
            assert (mark.agreement, mark.flip) == (1.0, False)
            if not labelled:
                assert mark.score is None
                assert mark.loss == 0.0


@LABELLED
def test_shuffled_truths_and_a_constant_model_are_worse(name: str) -> None:
    case = CASES[name]
    best = figures(build(case), marks(build(case)))
    primary = build(case).metrics[0]
    assert primary.needs_labels
    for task in (build(case, shuffled=True), build(case, constant=True)):
        found = marks(task, reference=build(case))
        worse = figures(task, found)
        lost = best[primary.key] - worse[primary.key]
        assert (lost if primary.better == "higher" else -lost) > 0.1
        assert np.mean([mark.loss for mark in found]) > np.mean([mark.loss for mark in marks(build(case))]) + 0.1
        for mark in found:
            assert 0 <= mark.score <= 1  # type: ignore[operator]
            assert 0 <= mark.agreement <= 1
            assert 0 <= mark.loss <= 1


@LABELLED
def test_without_labels_another_answer_is_seen(name: str) -> None:
    case = CASES[name]
    task = build(case, shuffled=True, labelled=False)
    assert not task.labelled
    found = marks(task, reference=build(case, labelled=False))
    assert all(mark.score is None for mark in found)
    assert np.mean([mark.flip for mark in found]) > 0.3
    assert np.mean([mark.loss for mark in found]) > 0.1
    assert set(figures(task, found)) == {"agreement"}


@LABELLED
def test_own_columns_are_what_is_declared(name: str) -> None:
    for labelled in (True, False):
        task = build(CASES[name], labelled=labelled)
        for mark in marks(task):
            assert mark.own.keys() == task.columns.keys()
        schema = pa.schema(list(task.columns.items()))
        table = pa.Table.from_pylist([dict(mark.own) for mark in marks(task)], schema=schema)
        assert table.num_rows == N
        for metric in task.metrics:
            assert set(metric.columns) <= {*task.columns, "score", "agreement"}


@LABELLED
def test_aggregates_of_weights_are_those_of_repeated_samples(name: str) -> None:
    task = build(CASES[name], shuffled=True)
    rows = [dict(mark.own) for mark in marks(task)]
    rng = np.random.default_rng(1)
    places = [rng.integers(N, size=N).tolist() for _ in range(4)]
    weights = np.array([np.bincount(some, minlength=N) for some in places], dtype=np.float64)
    for metric in (*task.metrics, *task.further):
        if metric.kind == "aggregate":
            together = value(task, metric.key, rows, weights)
            apart = [value(task, metric.key, [rows[place] for place in some]) for some in places]
            np.testing.assert_allclose(together, apart, atol=1e-12, rtol=1e-12)


@LABELLED
def test_a_task_describes_itself_and_its_hash_sees_the_decoder(name: str) -> None:
    case = CASES[name]
    task = build(case)
    described = task.describe()
    assert described["decoder"]["kind"] == case.decoder.kind
    assert "color RGB" in described["assumed"]
    assert ("output holds logits" in described["assumed"]) == (name in ("multilabel", "text"))
    assert task.sha256 == build(case).sha256
    assert task.sha256 != task.network.sha256
    assert all((task.key, task.title, task.score_title))
    assert task.name == "simple"


SAID = {
    "multilabel": "class 0",
    "segmentation": r"\w+ \d+%, \w+ \d+%, \w+ \d+%",
    "text map": r"text \d+%, background \d+%",
    "regression": r"-?\d\.\d+, -?\d\.\d+",
    "keypoints": r"3 points around \(\d+, \d+\)",
    "depth": r"[\d.]+ to [\d.]+ m, median [\d.]+",
    "disparity": r"[-\d.]+ to [-\d.]+, median [-\d.]+",
    "retrieval": "nearest: s001",
    "text": '"cab"',
}


@LABELLED
def test_an_answer_can_be_said(name: str) -> None:
    task = build(CASES[name])
    (answer,) = task.predict([grey(1)])
    said = re.fullmatch(SAID[name], task.say(answer))
    assert said, task.say(answer)


@LABELLED
def test_data_of_another_kind_are_refused(name: str) -> None:
    case = CASES[name]
    wrong = dataset([Text("a")] * N, "text") if case.kind != "text" else dataset([Values(np.ones(1))] * N, "values")
    with pytest.raises(CamsimError, match="--labels none"):
        case.task(network(case), case.decoder, wrong)


@LABELLED
def test_a_sample_without_its_truth_is_refused(name: str) -> None:
    case = CASES[name]
    data = dataset([None] * N, case.kind, case.classes, [None] * N)
    decoder = ValuesDecoder(scale=(1.0,)) if case.task is Regression else case.decoder
    task = case.task(network(case), decoder, data)
    with pytest.raises(CamsimError, match=r"s000: has no .*; label it"):
        task.truth(data.samples[0], SHAPE)


@LABELLED
def test_another_tasks_decoder_is_refused(name: str) -> None:
    case = CASES[name]
    other = EmbeddingDecoder() if case.task is not Retrieval else ValuesDecoder()
    with pytest.raises(CamsimError, match="its decoder gives answers of"):
        case.task(network(case), other, dataset(case.truths, case.kind, case.classes, case.targets))


@LABELLED
def test_nan_fails_the_prediction(name: str) -> None:
    case = CASES[name]
    task = build(case)
    task.network.function = lambda picture: np.full_like(np.asarray(case.answers[0], dtype=np.float64), np.nan)
    with pytest.raises(CamsimError, match="simple: output 'output' holds NaN"):
        task.predict([grey(0)])
