"""Figures of a classification audit, against scikit-learn on the model's own probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, brier_score_loss, log_loss

import audit
import camsim
from audit.camera import open_camera
from audit.stats.drop import MeanDrop
from audit.tasks.classification import BRIER, NLL, Classification
from audit.tasks.metric import Metric
from tests.audit.conftest import PythonModel, make_dataset

DEVICE = "machine-vision/imx250"
COUNT = 12


class ThreeWays(PythonModel):
    """Of three classes, of which the data have two; now right and now wrong."""

    classes = ("dark", "bright", "neither")

    def __init__(self) -> None:
        super().__init__(lambda image: (3 * (1 - image[0].mean() / 128), image[1].mean() / 90, image[2, 0, 0] / 90))


@pytest.fixture(scope="module")
def result() -> audit.Result:
    return audit.run(ThreeWays(), make_dataset(COUNT), profiles=[DEVICE], max_drop=0.5)


@pytest.fixture(scope="module")
def results(result: audit.Result) -> Mapping[str, Any]:
    return result.results


def on(device: str) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Log-probabilities (N, C) of the camera's pictures, and the true classes."""
    camera, model, data = open_camera(camsim.load(device)), ThreeWays(), make_dataset(COUNT)
    pictures = [camera.shoot(sample.load(), 0, sample.id) for sample in data.samples]
    return model.log_probabilities(pictures), np.array([model.classes.index(s.target) for s in data.samples])


def test_brier_score_and_likelihood_are_scikit_learns(results: Mapping[str, Any]) -> None:
    reference, row = results["profiles"]
    for found in (reference, row):
        log_p, targets = on(found["profile"])
        p, values = np.exp(log_p), {key: entry["value"] for key, entry in found["metrics"].items() if entry}
        assert values["accuracy"] == pytest.approx(accuracy_score(targets, log_p.argmax(axis=1)))
        expected = brier_score_loss(targets, p, labels=[0, 1, 2], scale_by_half=False)
        assert values["brier"] == pytest.approx(expected)
        assert values["nll"] == pytest.approx(log_loss(targets, p, labels=[0, 1, 2]))
        for key, most in (("brier", 2.0), ("nll", np.inf)):
            entry = found["metrics"][key]
            assert 0 <= entry["low"] < entry["value"] < entry["high"] <= most
    assert 0 < reference["metrics"]["accuracy"]["value"] < 1


@pytest.mark.parametrize(("metric", "largest"), [(BRIER, 2.0), (NLL, None)], ids=["Brier", "likelihood"])
def test_their_rise_is_of_paired_differences(results: Mapping[str, Any], metric: Metric, largest: float | None) -> None:
    reference, row = results["profiles"]
    scores = []
    for name in (reference["profile"], row["profile"]):
        log_p, targets = on(name)
        chosen = np.exp(log_p)[np.arange(COUNT), targets]
        others = (np.exp(log_p) ** 2).sum(axis=1)
        scores.append(1 - 2 * chosen + others if metric is BRIER else -np.log(chosen))
    bounds = None if largest is None else (-largest, largest)
    expected = MeanDrop.paired(*scores, "lower", bounds).interval(0.95)
    found = row["drops"][metric.key]
    assert (found["value"], found["low"], found["high"]) == pytest.approx((expected.value, expected.low, expected.high))


def test_they_are_told_of_labelled_data_alone_and_not_judged(results: Mapping[str, Any]) -> None:
    keys = [entry["key"] for entry in results["task"]["metrics"]]
    assert keys == ["accuracy", "ece", "brier", "nll", "confidence", "jsd"]
    reasons = " ".join(reason for row in results["profiles"] for reason in row["reasons"])
    assert "accuracy" in reasons
    assert "Brier" not in reasons
    without = audit.run(ThreeWays(), make_dataset(COUNT, labelled=False), profiles=[DEVICE]).results
    assert [entry["key"] for entry in without["task"]["metrics"]] == ["confidence", "jsd"]


def test_the_report_shows_them(result: audit.Result, tmp_path: Path) -> None:
    result.save(tmp_path / "run")
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    value = result.results["profiles"][1]["metrics"]["brier"]["value"]
    assert f"{value:.3f}" in page
    for heading in ("Brier", "Brier rise", "NLL, nats", "NLL rise, nats"):
        assert f">{heading}</th>" in page


def test_a_certain_error_has_a_mark() -> None:
    task = Classification(ThreeWays(), make_dataset(2))
    with np.errstate(divide="ignore"):
        sure = np.log([0.0, 1.0, 0.0])
    mark = task.mark(sure, sure, 0)
    assert mark.own["brier"] == 2.0
    assert 700 < mark.own["nll"] < 710
    assert task.mark(sure, sure, 1).own["brier"] == task.mark(sure, sure, 1).own["nll"] == 0.0
    assert task.mark(sure, sure, None).own["nll"] is None


def test_changed_answers_are_told_from_what_was_measured(results: Mapping[str, Any]) -> None:
    data, model = make_dataset(COUNT), ThreeWays()
    places = {sample.id: place for place, sample in enumerate(data.samples)}
    assert results["most_changed"]
    for one in results["most_changed"]:
        for device, key in ((results["reference"], "reference_answer"), (one["profile"], "answer")):
            log_p, _ = on(device)
            assert one[key] == model.classes[int(log_p[places[one["sample"]]].argmax())]


def test_no_picture_is_shown_to_the_model_twice() -> None:
    class Counting(ThreeWays):
        asked = 0

        def log_probabilities(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
            self.asked += len(images)
            return super().log_probabilities(images)

    model = Counting()
    assert audit.run(model, make_dataset(COUNT), profiles=[DEVICE], max_drop=0.5).results["most_changed"]
    first = model.asked  # with what is asked once, however many samples there are
    audit.run(model, make_dataset(2 * COUNT), profiles=[DEVICE], max_drop=0.5)
    assert model.asked - 2 * first == 2 * COUNT
