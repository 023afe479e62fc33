"""Every task through whole audits whose outcome is known: a perfect model, a constant one, shuffled truths, NaN."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import audit
from audit.axes.exposure import at_exposure_value
from audit.data import Dataset, Sample
from audit.data.truth import Boxes, ClassMap, Depth, Keypoints, Labels, Poses, Text, Truth, TruthKind, Values
from audit.models import open_network
from audit.tasks.open import TASKS
from camsim import Profile, catalog
from camsim.errors import CamsimError

SIDE, N = 16, 24
SHAPE = (SIDE, SIDE)
NAMES = ("a", "b", "c")
DARKEST, STEP = 40, 8
"""Samples are greys, so far apart that the reference camera's noise does not mix them up."""
MARGINS = {"max_drop": 0.2, "max_flips": 0.2}

REFERENCE = catalog.load("reference/srgb")
TWIN = Profile.model_validate(REFERENCE.model_dump() | {"name": "reference/twin"})
BLACK, BRIGHTER = at_exposure_value(REFERENCE, -10), at_exposure_value(REFERENCE, 0.4)

Outputs = Mapping[str, NDArray[Any]] | NDArray[Any]


@dataclass(frozen=True)
class Case:
    """A task, what is right for each sample, and outputs of a network that say just that."""

    declared: Mapping[str, object]
    truths: Sequence[Truth | str]
    outputs: Sequence[Outputs]
    lost: Outputs
    """What the network says of a black picture."""
    kind: TruthKind | None
    chance: tuple[float, float]
    """Of the first metric, where the truths are those of other samples."""
    best: float = 1.0
    classes: tuple[str, ...] | None = NAMES


def _words() -> list[str]:
    rng = np.random.default_rng(3)
    return ["".join(rng.choice(list("xyz"), rng.integers(3, 8))) for _ in range(N)]


def _spelled(word: str) -> NDArray[np.float64]:
    path = [index for letter in word for index in (0, "xyz".index(letter) + 1)] + [0]
    rows = np.full((len(path), 4), -5.0)
    rows[np.arange(len(path)), path] = 5.0
    return rows


def _boxes(masks: bool) -> tuple[list[Truth], list[Outputs]]:
    """Two objects in each picture, one in each half."""
    rng = np.random.default_rng(2)
    truths: list[Truth] = []
    outputs: list[Outputs] = []
    for place in range(N):
        start = np.array([[0, 0], [8, 8]]) + rng.integers(0, 3, (2, 2))
        corners = np.concatenate([start, start + rng.integers(3, 6, (2, 2))], axis=1).astype(np.float64)
        labels = np.array([place % 3, place // 3 % 3])
        outlines = np.zeros((2, *SHAPE), dtype=np.bool_)
        for mask, (left, top, right, bottom) in zip(outlines, corners.astype(int), strict=True):
            mask[top:bottom, left:right] = True
        names = tuple(NAMES[label] for label in labels)
        truths.append(Boxes(corners, names, np.zeros(2, dtype=np.bool_), SHAPE, tuple(outlines) if masks else None))
        scores = np.array([0.9, 0.8])
        if masks:
            outputs.append({"boxes": corners, "scores": scores, "labels": labels, "masks": outlines.astype(np.float64)})
        else:
            outputs.append(np.column_stack([corners, scores, labels]))
    return truths, outputs


def _poses() -> tuple[list[Truth], list[Outputs]]:
    """The same objects with three points each, the last not labelled."""
    rng = np.random.default_rng(4)
    truths: list[Truth] = []
    outputs: list[Outputs] = []
    for truth in _boxes(masks=False)[0]:
        assert isinstance(truth, Boxes)
        start, size = truth.corners[:, :2], truth.corners[:, 2:] - truth.corners[:, :2]
        points = start[:, None] + rng.random((2, 3, 2)) * size[:, None]
        visible = np.tile([True, True, False], (2, 1))
        same = {"points": points, "visible": visible, "areas": size.prod(axis=1) / 2}
        truths.append(Poses(truth.corners, truth.names, truth.crowd, SHAPE, **same))
        labels = [NAMES.index(name) for name in truth.names]
        scores = np.array([[0.9], [0.8]]) * np.eye(3)[labels]
        seen = np.concatenate([points, np.ones((2, 3, 1))], axis=2).reshape(2, 9)
        outputs.append(np.concatenate([start + size / 2, size, scores, seen], axis=1).T)
    return truths, outputs


@cache
def cases() -> dict[str, Case]:
    """By what `--task` calls them; two of some, for decoders of another kind."""
    rng = np.random.default_rng(1)
    bits = np.array([[place >> bit & 1 for bit in range(3)] for place in rng.permutation(N)])
    maps = [rng.integers(0, 3, (4, 4)).repeat(4, axis=0).repeat(4, axis=1).astype(np.int32) for _ in range(N)]
    values = rng.normal(0, 3, (N, 2))
    points = rng.uniform(2, SIDE - 2, (N, 3, 2))
    metres = [rng.uniform(1, 9, SHAPE).astype(np.float32) for _ in range(N)]
    words = _words()
    boxes, found = _boxes(masks=False)
    outlined, outlines = _boxes(masks=True)
    posed, tables = _poses()
    targets = [NAMES[place % 3] for place in range(N)]
    nothing = {name: array[:0] for name, array in outlines[0].items()} if isinstance(outlines[0], dict) else {}
    return {
        "classification": Case(
            {"task": "classification", "classes": NAMES, "output_kind": "logits"},
            targets,
            [8.0 * np.eye(3)[place % 3] for place in range(N)],
            8.0 * np.eye(3)[0],
            None,
            (0.1, 0.6),
        ),
        "multilabel": Case(
            {"decoder": {"kind": "label_chances", "holds": "logits"}, "classes": NAMES},
            [Labels(frozenset(name for name, there in zip(NAMES, row, strict=True) if there)) for row in bits],
            [np.where(row, 9.0, -9.0) for row in bits],
            np.full(3, -9.0),
            "labels",
            (0.2, 0.8),
        ),
        "detection": Case(
            {"decoder": {"kind": "boxes", "detections": "output"}, "classes": NAMES},
            boxes,
            found,
            np.zeros((0, 6)),
            "boxes",
            (0.0, 0.3),
        ),
        "instances": Case(
            {
                "decoder": {
                    "kind": "maskrcnn",
                    "boxes": "boxes",
                    "scores": "scores",
                    "labels": "labels",
                    "mask_extent": "input",
                },
                "classes": NAMES,
            },
            outlined,
            outlines,
            nothing,
            "boxes",
            (0.0, 0.3),
        ),
        "segmentation": Case(
            {"decoder": {"kind": "class_map", "holds": "logits"}, "classes": NAMES},
            [ClassMap(one) for one in maps],
            [9.0 * np.moveaxis(np.eye(3)[one], -1, 0) for one in maps],
            np.stack([np.ones(SHAPE), np.zeros(SHAPE), np.zeros(SHAPE)]) * 9,
            "class_map",
            (0.1, 0.35),
        ),
        "regression": Case(
            {"decoder": {"kind": "values", "scale": [3.0]}},
            [Values(row) for row in values],
            list(values),
            np.array([-30.0, 30.0]),
            "values",
            (2.0, 6.0),
            0.0,
            None,
        ),
        "keypoints": Case(
            {"decoder": {"kind": "coordinates"}},
            [Keypoints(one, np.array([True, place % 2 == 0, True]), 10.0, SHAPE) for place, one in enumerate(points)],
            list(points),
            np.full((3, 2), -9.0),
            "keypoints",
            (0.0, 0.3),
            classes=None,
        ),
        "poses": Case(
            {"decoder": {"kind": "yolov8_pose", "points": 3}, "classes": NAMES},
            posed,
            tables,
            np.zeros((4 + 3 + 9, 2)),
            "poses",
            (0.0, 0.3),
        ),
        "depth": Case(
            {"decoder": {"kind": "depth"}},
            [Depth(one) for one in metres],
            metres,
            np.full(SHAPE, 50.0),
            "depth",
            (0.3, 2.0),
            0.0,
            None,
        ),
        "relative depth": Case(
            {"decoder": {"kind": "depth", "inverse": True, "relative": "scale_and_shift"}},
            [Depth(one) for one in metres],
            [7 / one.astype(np.float64) - 3 for one in metres],
            np.arange(SIDE * SIDE, dtype=np.float64).reshape(SHAPE),
            "depth",
            (0.3, 2.0),
            0.0,
            None,
        ),
        "retrieval": Case(
            {"decoder": {"kind": "embedding"}},
            targets,
            [np.eye(8)[place % 3] + 0.1 * np.eye(8)[3 + place % 5] for place in range(N)],
            np.eye(8)[0],
            None,
            (0.0, 0.6),
        ),
        "text": Case(
            {"decoder": {"kind": "ctc", "characters": list("xyz")}},
            [Text(word) for word in words],
            [_spelled(word) for word in words],
            _spelled("")[:1],
            "text",
            (0.5, 1.2),
            0.0,
            None,
        ),
    }


CASES = pytest.mark.parametrize(
    "name",
    [
        *("classification", "multilabel", "detection", "instances", "segmentation", "regression"),
        *("keypoints", "poses", "depth", "relative depth", "retrieval", "text"),
    ],
)


def test_every_task_is_here() -> None:
    assert {name.split()[-1] for name in cases()} == set(TASKS)


def seen(picture: NDArray[np.uint8]) -> int | None:
    """Which sample a picture shows; None: it is black."""
    level = float(picture.mean())
    return None if level < DARKEST / 2 else min(N - 1, max(0, round((level - DARKEST) / STEP)))


def perfect(case: Case, picture: NDArray[np.uint8]) -> Outputs:
    place = seen(picture)
    return case.lost if place is None else case.outputs[place]


def constant(case: Case, picture: NDArray[np.uint8]) -> Outputs:
    return case.outputs[4]


def broken(case: Case, bad: Callable[[int | None], bool], picture: NDArray[np.uint8]) -> Outputs:
    """NaN for some pictures."""
    if not bad(seen(picture)):
        return perfect(case, picture)
    some = case.outputs[0]
    if isinstance(some, Mapping):
        return {name: np.full(array.shape, np.nan) for name, array in some.items()}
    return np.full(some.shape, np.nan)


def data(case: Case, order: Sequence[int] = tuple(range(N)), labelled: bool = True) -> Dataset:
    """Greys, with the truths in some order."""
    samples = []
    for place, other in enumerate(order):
        truth = case.truths[other] if labelled else None
        level = torch.tensor((DARKEST + STEP * place) / 255)
        light = ((level + 0.055) / 1.055) ** 2.4  # IEC 61966-2-1
        samples.append(
            Sample(
                f"s{place:02}",
                truth if isinstance(truth, str) else None,
                partial(torch.full, (3, *SHAPE), float(light)),
                None if truth is None or isinstance(truth, str) else partial(_given, truth),
            )
        )
    classes = case.classes if labelled else None
    return Dataset("greys", tuple(samples), classes, "0" * 64, "Greys.", case.kind if labelled else None)


def _given(truth: Truth) -> Truth:
    return truth


def run(case: Case, model: Callable[..., Outputs], given: Dataset, profiles: Sequence[Profile], **options: Any) -> Any:
    network = open_network(partial(model, case), overrides=case.declared)
    margins = MARGINS if given.truth or given.class_names else {"max_flips": MARGINS["max_flips"]}
    return audit.run(network, given, profiles=profiles, **(margins | options)).results


def rows(results: Any) -> list[Any]:
    return [row for row in results["profiles"] if row["role"] == "profile"]


def primary(results: Any, row: Any) -> Any:
    return row["metrics"][results["task"]["metrics"][0]["key"]]


def unchanged(results: Any, row: Any) -> None:
    """Every figure is the reference's, to the last bit; no drop of anything, and no flip."""
    reference = results["profiles"][0]
    for metric in results["task"]["metrics"]:
        if not metric["against_reference"]:
            assert row["metrics"][metric["key"]] == reference["metrics"][metric["key"]]
    assert row["further"] == reference["further"]
    drops = [*row["drops"].values(), row["drop"]]
    assert {found["value"] for found in drops if found is not None} <= {0.0}
    assert row["flips"]["value"] == 0.0
    same, exactly = ("jsd", 0.0) if results["task"]["key"] == "classification" else ("agreement", 1.0)
    assert row["metrics"][same]["value"] == exactly
    assert row["verdict"] != "FAIL"


@CASES
def test_a_perfect_model_a_twin_of_the_reference_and_a_black_picture(name: str) -> None:
    case = cases()[name]
    results = run(case, perfect, data(case), [TWIN, BLACK])
    assert results["task"]["key"] == name.split()[-1]
    assert results["data"]["labelled"]
    assert primary(results, results["profiles"][0])["value"] == pytest.approx(case.best, abs=1e-5)
    twin, black = rows(results)
    unchanged(results, twin)
    # Where all errors are 0, and their unit may be any, nothing tells how large one may be that was not drawn.
    assert twin["verdict"] == ("INCONCLUSIVE" if name == "regression" else "PASS")
    assert black["drop"]["low"] > MARGINS["max_drop"]
    assert black["flips"]["value"] > 0.6
    assert black["verdict"] == results["verdict"] == "FAIL"
    assert results["most_changed"]


@CASES
def test_a_model_that_always_says_the_same_does_not_change(name: str) -> None:
    case = cases()[name]
    results = run(case, constant, data(case), [TWIN, BLACK, BRIGHTER])
    for row in rows(results):
        unchanged(results, row)
    assert primary(results, results["profiles"][0])["value"] != pytest.approx(case.best, abs=0.05)


@CASES
def test_shuffled_truths_give_chance_and_no_drop(name: str) -> None:
    case = cases()[name]
    order = np.random.default_rng(7).permutation(N).tolist()
    results = run(case, perfect, data(case, order), [BRIGHTER])
    low, high = case.chance
    assert low <= primary(results, results["profiles"][0])["value"] <= high
    (row,) = rows(results)
    assert row["drop"]["low"] <= 0 <= row["drop"]["high"]
    assert row["verdict"] != "PASS"  # its flips are many
    assert row["flips"]["value"] > 0.3


@CASES
@pytest.mark.parametrize("labelled", [True, False])
def test_nan_is_never_a_pass(name: str, labelled: bool) -> None:
    case = cases()[name]
    under_black = partial(broken, case, lambda place: place is None)
    one_sample = partial(broken, case, lambda place: place == 3)
    given = data(case, labelled=labelled)
    for model, profiles in ((under_black, [BLACK]), (one_sample, [TWIN])):
        results = run(replace(case), lambda _, picture, model=model: model(picture), given, profiles)
        (row,) = rows(results)
        assert row["samples"] == (0 if profiles == [BLACK] else N - 1)
        assert any("NaN" in error or "could not be measured" in error for error in row["errors"])
        assert row["verdict"] == results["verdict"] == "INCONCLUSIVE"
    with pytest.raises(CamsimError, match="NaN"):
        run(case, lambda _, picture: broken(case, lambda place: True, picture), given, [TWIN])


@CASES
def test_without_labels(name: str) -> None:
    case = cases()[name]
    given = data(case, labelled=False)
    results = run(case, perfect, given, [TWIN, BLACK])
    assert not results["data"]["labelled"]
    twin, black = rows(results)
    unchanged(results, twin)
    assert twin["verdict"] == "PASS"
    assert twin["drop"] is black["drop"] is None
    assert black["flips"]["value"] > 0.6
    assert black["verdict"] == "FAIL"
    results = run(case, constant, given, [BLACK, BRIGHTER])
    for row in rows(results):
        unchanged(results, row)
