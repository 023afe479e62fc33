"""`audit.run` from Python: known answers, and what may never pass."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import audit
import camsim
from audit.camera import open_camera
from audit.data import Dataset, Sample
from camsim.errors import CamsimError, NoDataError

from .conftest import PythonModel, by_brightness, make_dataset

DEVICES = ["still/nikon-d850", "machine-vision/imx250"]


def test_a_sturdy_model_passes(brightness: PythonModel, dataset: Dataset) -> None:
    result = audit.run(brightness, dataset, profiles=DEVICES, max_drop=0.3)
    assert result.verdict == "PASS"
    assert result.exit_code == 0
    assert [row["role"] for row in result.results["profiles"]] == ["reference", "profile", "profile"]
    frame = result.to_frame()
    assert len(frame) == 3 * len(dataset.samples)
    assert (frame.prediction == frame.target).all()


def test_shuffled_labels_do_not_look_like_a_drop(brightness: PythonModel, dataset: Dataset) -> None:
    """Accuracy is half everywhere: low, and the same on every device."""
    names = [("dark", "bright")[n // 2 % 2] for n in range(len(dataset.samples))]
    samples = tuple(Sample(s.id, name, s.loader) for s, name in zip(dataset.samples, names, strict=True))
    shuffled = Dataset("shuffled", samples, dataset.class_names, dataset.sha256, "Shuffled.")
    result = audit.run(brightness, shuffled, profiles=DEVICES, max_drop=0.3)
    assert all(row["metrics"]["accuracy"]["value"] == 0.5 for row in result.results["profiles"])
    assert all(row["drop"]["value"] == 0 for row in result.results["profiles"][1:])


def test_a_constant_model_neither_drops_nor_flips(dataset: Dataset) -> None:
    result = audit.run(PythonModel(lambda image: (1.0, 0.0)), dataset, profiles=DEVICES, max_flips=0.3)
    for row in result.results["profiles"][1:]:
        assert row["flips"]["value"] == row["drop"]["value"] == row["metrics"]["jsd"]["value"] == 0


def test_a_device_that_shows_black_fails(brightness: PythonModel, dataset: Dataset) -> None:
    black = camsim.load("still/nikon-d850").with_knobs({"sensor.exposure": 0.001}, name="lens-cap")
    result = audit.run(brightness, dataset, profiles=[black], max_drop=0.05)
    assert result.verdict == "FAIL"
    assert result.results["profiles"][1]["drop"]["value"] == 0.5


def test_a_model_that_breaks_on_a_device_does_not_pass(dataset: Dataset) -> None:
    """NaN on a device's pictures: those cells are missing, so the profile cannot pass."""
    black = camsim.load("still/nikon-d850").with_knobs({"sensor.exposure": 0.001}, name="lens-cap")

    def logits(image: np.ndarray) -> tuple[float, float]:
        return (float("nan"),) * 2 if image.mean() < 2 else by_brightness(image)

    result = audit.run(PythonModel(logits), dataset, profiles=[black, "machine-vision/imx250"], max_drop=0.3)
    row = result.results["profiles"][1]
    assert row["verdict"] == "INCONCLUSIVE"
    assert row["samples"] == 0
    assert row["errors"] == ["python: gave NaN"]
    assert result.results["profiles"][2]["verdict"] == "PASS"
    assert result.verdict == "INCONCLUSIVE"


def test_a_model_that_cannot_run_at_all_is_an_error(dataset: Dataset) -> None:
    with pytest.raises(CamsimError, match="gave NaN"):
        audit.run(PythonModel(lambda image: (np.nan, 0.0)), dataset, profiles=DEVICES)


def test_without_labels_flips_are_the_default_gate(brightness: PythonModel) -> None:
    result = audit.run(brightness, make_dataset(40, labelled=False), profiles=DEVICES)
    gate = result.results["gate"]
    assert (gate["max_drop"], gate["max_flips"], gate["given"]) == (None, 0.1, False)
    assert "accuracy" not in result.results["profiles"][1]["metrics"]
    assert result.verdict == "PASS"


def test_classes_are_matched_by_name_not_by_place(brightness: PythonModel, dataset: Dataset) -> None:
    """The folders' order (bright, dark) is not the model's (dark, bright)."""
    result = audit.run(brightness, dataset, profiles=DEVICES)
    assert result.results["profiles"][0]["metrics"]["accuracy"]["value"] == 1


def test_class_folders_that_the_model_does_not_know_are_refused(dataset: Dataset) -> None:
    model = PythonModel(by_brightness)
    model.classes = ("drak", "bright")
    with pytest.raises(CamsimError, match=r"'dark'.*did you mean 'drak'"):
        audit.run(model, dataset, profiles=DEVICES)
    model.classes = None
    model.logits = lambda image: (1.0, 2.0, 3.0)
    with pytest.raises(CamsimError, match=r"2 classes but the model has 3"):
        audit.run(model, dataset, profiles=DEVICES)


def test_unreadable_samples_are_left_out_everywhere_and_reported(brightness: PythonModel, dataset: Dataset) -> None:
    def broken() -> torch.Tensor:
        raise CamsimError("is cut short")

    samples = (*dataset.samples, Sample("zzz", "dark", broken))
    damaged = Dataset("damaged", samples, dataset.class_names, dataset.sha256, "One is broken.")
    result = audit.run(brightness, damaged, profiles=DEVICES, max_drop=0.3)
    assert result.results["data"]["unreadable"] == [{"sample": "zzz", "reason": "zzz: is cut short"}]
    assert {row["samples"] for row in result.results["profiles"]} == {20}
    only_broken = Dataset("broken", (samples[-1],), None, dataset.sha256, "Broken.")
    with pytest.raises(NoDataError, match="is cut short"):
        audit.run(brightness, only_broken, profiles=DEVICES)


def test_save_writes_a_folder_that_holds_the_same(brightness: PythonModel, dataset: Dataset, tmp_path: Path) -> None:
    result = audit.run(brightness, dataset, profiles=DEVICES, search=3, max_drop=0.3)
    report = result.save(tmp_path / "run")
    assert report.read_text().startswith("<!doctype html>")
    assert json.loads((tmp_path / "run" / "results.json").read_text()) == result.results
    (case,) = result.results["worst_cases"]
    assert camsim.load(tmp_path / "run" / case["file"]) == result.worst[0]


def test_two_profiles_of_one_name_are_refused(brightness: PythonModel, dataset: Dataset) -> None:
    other = camsim.load("machine-vision/imx250").with_knobs({}, name="still/nikon-d850")
    with pytest.raises(CamsimError, match="two different profiles"):
        audit.run(brightness, dataset, profiles=["still/nikon-d850", other])
    twin = camsim.load("machine-vision/imx250").with_knobs({}, name="reference/srgb")
    with pytest.raises(CamsimError, match="the reference and another profile"):
        audit.run(brightness, dataset, profiles=[twin])


def test_a_picture_does_not_depend_on_the_pictures_around_it(dataset: Dataset) -> None:
    camera = open_camera(camsim.load("seed/drone/me-s-me"))
    scenes = {sample.id: sample.load() for sample in dataset.samples[:4]}
    forward = {name: camera.shoot(scene, 0, name) for name, scene in scenes.items()}
    backward = {name: camera.shoot(scene, 0, name) for name, scene in reversed(scenes.items())}
    for name in scenes:
        np.testing.assert_array_equal(forward[name], backward[name])
    assert not np.array_equal(forward["000"], camera.shoot(scenes["000"], 1, "000"))


@pytest.mark.parametrize("options", [{"batch": 0}, {"search": -1}, {"resume": True}, {"search_from": "seed/drone"}])
def test_bad_options(brightness: PythonModel, dataset: Dataset, options: dict[str, object]) -> None:
    with pytest.raises(CamsimError):
        audit.run(brightness, dataset, profiles=DEVICES, **options)  # type: ignore[arg-type]


def test_a_worst_case_says_how_it_was_searched_and_has_a_certificate(brightness: PythonModel) -> None:
    result = audit.run(brightness, make_dataset(24), profiles=["machine-vision/imx250"], search=15, max_drop=0.3)
    (case,) = result.results["worst_cases"]
    assert case["evaluations"] <= 15
    strategy = case["strategy"]
    assert (strategy["name"], strategy["gradients"]) == ("default", False)
    assert "neither an ONNX model nor a PyTorch module" in strategy["why_not"]
    certificate = case["certificate"]
    assert certificate["samples"] == case["judged_samples"] == 12
    assert certificate["seeds"] == [0, 1, 2]
    assert case["best_so_far"][-1][1] == case["objective"] >= case["objective_at_base"]
    again = audit.replay(brightness, make_dataset(24), case=result.worst[0], device="machine-vision/imx250")
    assert json.loads(json.dumps(again.to_json())) == certificate


def test_a_search_on_too_few_scenes_is_refused(brightness: PythonModel) -> None:
    with pytest.raises(CamsimError, match="too few to search on one half"):
        audit.run(brightness, make_dataset(3), profiles=["machine-vision/imx250"], search=4, max_drop=0.3)
