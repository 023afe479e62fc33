"""Multi-label figures against scikit-learn and torchmetrics, and their conventions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, f1_score
from torchmetrics.functional.classification import multilabel_average_precision

from audit.data.truth import Labels
from audit.decoders import LabelChancesDecoder
from audit.tasks.multilabel import Multilabel
from camsim.errors import CamsimError

from .simple import Simple, dataset, drawn, grey, value

NAMES = ("a", "b", "c", "d")
RNG = np.random.default_rng(0)
PRESENT = RNG.random((40, 4)) < [0.5, 0.3, 0.1, 0.8]
# Rounded, so that there are ties.
CHANCES = np.round(np.clip(PRESENT * 0.3 + RNG.random((40, 4)) * 0.7, 0, 1), 1)


def build(classes: tuple[str, ...] | None = NAMES, **decoder: Any) -> Multilabel:
    truths = [Labels(frozenset(np.array(NAMES)[row])) for row in PRESENT]
    network = Simple(lambda picture: CHANCES[int(picture[0, 0, 0]) % 40], classes)
    return Multilabel(network, LabelChancesDecoder(holds="probabilities", **decoder), dataset(truths, "labels", NAMES))


def rows(task: Multilabel) -> list[Any]:
    answers = task.predict([grey(place) for place in range(40)])
    truths = [task.truth(sample, (16, 16)) for sample in task.data.samples]
    marks = [task.mark(a, a, t) for a, t in zip(answers, truths, strict=True)]
    return [{"score": mark.score, **mark.own} for mark in marks]


def weighted(function: Any, weights: NDArray[np.float64]) -> list[float]:
    return [float(function(weight)) for weight in weights]


def test_figures_are_those_of_scikit_learn() -> None:
    task, (weights, _) = build(), drawn(40)
    found = rows(task)
    named = CHANCES >= 0.5
    expected = weighted(lambda w: f1_score(PRESENT, named, average="macro", sample_weight=w), weights)
    np.testing.assert_allclose(value(task, "f1_macro", found, weights), expected, atol=1e-12)
    expected = weighted(lambda w: average_precision_score(PRESENT, CHANCES, sample_weight=w), weights)
    np.testing.assert_allclose(value(task, "map", found, weights), expected, atol=1e-12)
    assert np.mean([row["score"] for row in found]) == pytest.approx(
        f1_score(PRESENT, named, average="samples", zero_division=1)
    )
    for place, name in enumerate(NAMES):
        assert value(task, f"f1/{name}", found) == pytest.approx(f1_score(PRESENT[:, place], named[:, place]))


def test_average_precision_is_that_of_torchmetrics() -> None:
    expected = multilabel_average_precision(
        torch.from_numpy(CHANCES), torch.from_numpy(PRESENT.astype(np.int64)), num_labels=4
    )
    assert value(build(), "map", rows(build())) == pytest.approx(float(expected), abs=1e-6)


def test_a_class_without_labels_is_left_out_of_the_mean() -> None:
    task = build()
    found = rows(task)
    weights = np.where(PRESENT[:, 2], 0.0, 1.0)[None]  # no sample with c is drawn
    kept = ~PRESENT[:, 2]
    others = [0, 1, 3]
    expected = average_precision_score(PRESENT[kept][:, others], CHANCES[kept][:, others])
    assert value(task, "map", found, weights)[0] == pytest.approx(expected)
    # It is still named here and there: its F1 is 0, not undefined.
    assert value(task, "f1/c", found, weights)[0] == 0
    assert np.isnan(value(task, "f1/c", found, np.where(PRESENT[:, 2] | (CHANCES[:, 2] >= 0.5), 0.0, 1.0)[None])[0])
    assert np.isnan(value(task, "map", found, np.zeros((1, 40)))[0])


def test_nothing_named_of_nothing_is_right() -> None:
    task = build()
    nothing = task.predict([grey(0)])[0].__class__(np.zeros(4))
    mark = task.mark(nothing, nothing, np.zeros(4, dtype=bool))
    assert (mark.score, mark.loss, mark.own["exact"]) == (1.0, 0.0, 1.0)
    mark = task.mark(nothing, nothing, np.array([True, False, False, False]))
    assert (mark.score, mark.loss) == (0.0, 0.5)


def test_the_threshold_decides_what_is_named() -> None:
    first = CHANCES[0]
    for threshold in (0.0, 0.3, 0.9):
        task = build(threshold=threshold)
        assert rows(task)[0]["named"] == (first >= threshold).tolist()


def test_classes_that_the_data_do_not_know_do_not_count() -> None:
    names = ("x", "c", "a", "d", "b")
    network = Simple(lambda picture: np.array([0.9, 0.9, 0.1, 0.1, 0.1]), names)
    data = dataset([Labels(frozenset("c"))], "labels", NAMES)
    task = Multilabel(network, LabelChancesDecoder(holds="probabilities"), data)
    answer = task.predict([grey(0)])[0]
    mark = task.mark(answer, answer, task.truth(data.samples[0], (16, 16)))
    assert (mark.score, mark.own["named"]) == (1.0, [0, 0, 1, 0])


def test_names_that_do_not_fit_are_refused() -> None:
    with pytest.raises(CamsimError, match="not classes of the model; did you mean"):
        build(("a", "b", "cc", "d"))
    with pytest.raises(CamsimError, match="'classes' lists 3 names"):
        build(("a", "b", "c"))
    task = build()
    strange = dataset([Labels(frozenset({"e"}))], "labels", NAMES).samples[0]
    with pytest.raises(CamsimError, match="s000: 'e' is not one of the 4 classes"):
        task.truth(strange, (16, 16))


def test_probabilities_that_nobody_declared_are_noticed_before_anything_is_judged() -> None:
    seen = []

    def network(scores: Any) -> Simple:
        return Simple(lambda picture: (seen.append(picture), scores(picture))[1], NAMES)

    with pytest.raises(CamsimError, match=r"simple: output 'output' was taken for logits, but for all test pictures"):
        Multilabel(network(lambda picture: picture[0, :4, 0] / 255), LabelChancesDecoder(), dataset([None], None))
    assert len(seen) == 4
    # A picture for which logits happen to lie there is none to stumble over.
    task = Multilabel(
        network(lambda picture: picture[0, :4, 0] / 128 - 0.2), LabelChancesDecoder(), dataset([None], None)
    )
    (answer,) = task.predict([grey(60)])
    np.testing.assert_allclose(answer.probabilities, 1 / (1 + np.exp(-(60 / 128 - 0.2))))
