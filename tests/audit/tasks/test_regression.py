"""Regression figures against scikit-learn, and where the scale comes from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

from audit.data.truth import Values
from audit.decoders import ValuesDecoder
from audit.predictions import Numbers
from audit.tasks.regression import Regression
from camsim.errors import CamsimError

from .simple import Simple, dataset, drawn, value

RNG = np.random.default_rng(0)
TRUTHS = RNG.normal([100, -3], [5, 0.2], (30, 2))
ANSWERS = TRUTHS + RNG.normal(0, [2, 0.1], (30, 2))


def build(truths: Any = TRUTHS, width: int = 2, labelled: bool = True, **decoder: Any) -> Regression:
    given = [Values(np.asarray(row, dtype=np.float64)) for row in truths]
    data = dataset(given, "values") if labelled else dataset([None], None)
    return Regression(Simple(lambda picture: np.zeros(width)), ValuesDecoder(**decoder), data)


def rows(task: Regression) -> list[Any]:
    found = []
    for sample, numbers in zip(task.data.samples, ANSWERS, strict=True):
        mark = task.mark(Numbers(numbers), Numbers(numbers), task.truth(sample, (16, 16)))
        found.append({"score": mark.score, **mark.own})
    return found


def test_figures_are_those_of_scikit_learn() -> None:
    task, (weights, _) = build(), drawn(30)
    found = rows(task)
    for weight in weights:
        given = weight[None]
        squared = mean_squared_error(TRUTHS, ANSWERS, sample_weight=weight)
        assert value(task, "rmse", found, given)[0] == pytest.approx(squared**0.5, rel=1e-12)
        assert value(task, "r2", found, given)[0] == pytest.approx(r2_score(TRUTHS, ANSWERS, sample_weight=weight))
        each = mean_absolute_error(TRUTHS, ANSWERS, sample_weight=weight, multioutput="raw_values")
        assert value(task, "mae/1", found, given)[0] == pytest.approx(each[1])
    assert np.mean([row["absolute_error"] for row in found]) == pytest.approx(mean_absolute_error(TRUTHS, ANSWERS))


def test_a_number_that_does_not_vary_has_no_r2() -> None:
    task = build()
    found = rows(task)
    once = np.zeros((1, 30))
    once[0, 4] = 3  # the same sample three times
    assert np.isnan(value(task, "r2", found, once)[0])
    assert value(task, "rmse", found, once)[0] > 0


def test_the_scale_is_declared_or_the_spread_of_the_truths() -> None:
    task = build()
    np.testing.assert_allclose(task.scale, TRUTHS.std(axis=0))
    assert task.describe()["settings"] == {
        "scale": task.scale.tolist(),
        "scale_source": "standard deviation of 30 truths",
    }
    assert "scale standard deviation of 30 truths" in task.describe()["assumed"]  # type: ignore[operator]
    declared = build(scale=(4.0,))
    np.testing.assert_array_equal(declared.scale, [4, 4])
    assert declared.describe()["assumed"] == ["color RGB"]
    assert declared.sha256 != task.sha256
    np.testing.assert_array_equal(build(labelled=False, std=(2.0, 3.0)).scale, [2, 3])
    with pytest.raises(CamsimError, match="declare 'scale' in the decoder"):
        build(labelled=False)
    with pytest.raises(CamsimError, match="all truths are equal; declare 'scale'"):
        build(np.ones((3, 2)))


def test_the_score_falls_to_0_at_the_scale_and_the_loss_goes_on() -> None:
    task = build([[0.0], [1.0]], width=1, scale=(2.0,))
    truth = np.array([0.0])
    marks = [task.mark(Numbers(np.array([error])), Numbers(truth), truth) for error in (0.0, 1.0, -2.0, 4.0)]
    assert [mark.score for mark in marks] == [1, 0.5, 0, 0]
    assert [mark.agreement for mark in marks] == [1, 0.5, 0, 0]
    assert [mark.flip for mark in marks] == [False, False, True, True]
    np.testing.assert_allclose([mark.loss for mark in marks], [0, 1 / 3, 1 / 2, 2 / 3])
    assert {mark.confidence for mark in marks} == {None}


def test_truths_that_do_not_fit_are_refused() -> None:
    with pytest.raises(CamsimError, match="s000: has 3 numbers, the model gives 2"):
        build(np.ones((2, 3)))
    task = build([[1.0, 2.0], [np.nan, 2.0]], scale=(1.0,))
    with pytest.raises(CamsimError, match="s001: its truth holds NaN"):
        task.truth(task.data.samples[1], (16, 16))


def test_numbers_have_names_where_the_model_names_them() -> None:
    def named(*names: str) -> Regression:
        data = dataset([Values(row) for row in TRUTHS], "values")
        return Regression(Simple(lambda picture: np.zeros(2), names), ValuesDecoder(), data)

    task = named("temperature", "humidity")
    assert task.say(Numbers(np.array([3.21, -0.5]))) == "temperature 3.21, humidity -0.5"
    assert [metric.title for metric in task.further] == ["MAE of temperature", "MAE of humidity"]
    assert build().say(Numbers(np.array([3.21, -0.5]))) == "3.21, -0.5"
    assert build(np.ones((3, 5)), 5, scale=(1.0,)).say(Numbers(np.arange(5.0))) == "0, 1, 2, 3 ..."
    for names in (("one",), ("one", "two", "three")):
        with pytest.raises(CamsimError, match=f"gives 2 numbers, but 'classes' lists {len(names)} names"):
            named(*names)
