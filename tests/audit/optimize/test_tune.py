"""Tuning from end to end: in a twentieth of the light the brightness classifier sees nothing but dark."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import audit
import camsim
from audit.camera import open_camera
from audit.data import Dataset
from audit.models import Model, TorchModel
from audit.optimize import Plan, Tuned, tune_camera
from audit.optimize.parts import three_parts
from audit.task import PixelTask
from camsim import catalog
from camsim.errors import CamsimError, NoDataError

CAMERA = "seed/drone/bi-s-ga"
PLAN = Plan(steps=60, batch=8)


def tune(model: Any, data: Dataset, **options: Any) -> Tuned:
    return audit.tune(model, data, CAMERA, **{"exposure": 0.05, "limits": "physical", "plan": PLAN} | options)


def test_it_beats_the_frozen_camera_at_5_percent_as_torch_and_as_onnx(
    torch_model: TorchModel, onnx_model: Model, scenes: Dataset
) -> None:
    as_torch, as_onnx = tune(torch_model, scenes), tune(onnx_model, scenes)
    for tuned in (as_torch, as_onnx):
        assert tuned.gain.frozen.value == pytest.approx(0.5, abs=0.1)
        assert tuned.gain.learned.value > 0.9
        assert tuned.gain.gain.low > 0.1
        assert tuned.results["answer"] == "better"
        assert tuned.results["method"] == "gradient descent"
    for name, knob in as_torch.learned.knobs().items():  # the same network, so the same way
        np.testing.assert_allclose(as_onnx.learned.knobs()[name].value, knob.value, rtol=0.02, atol=0.02)


def test_the_figures_are_those_of_an_audit_of_the_two_profiles(torch_model: TorchModel, scenes: Dataset) -> None:
    """On the held-out samples, with the run's seed and the two after it."""
    tuned = tune(torch_model, scenes, plan=Plan(steps=20, batch=8), seed=5)
    held_out = three_parts(scenes.samples, 5).held_out
    accuracies = []
    for seed in (5, 6, 7):
        data = replace(scenes, samples=held_out)
        rows = audit.run(torch_model, data, profiles=[tuned.learned], reference=tuned.frozen, seed=seed).to_frame()
        right = rows.assign(right=rows.prediction == rows.target).groupby("profile").right.mean()
        accuracies.append([right[tuned.frozen.name], right[tuned.learned.name]])
    frozen, learned = np.mean(accuracies, axis=0)
    assert (tuned.gain.frozen.value, tuned.gain.learned.value) == pytest.approx((frozen, learned), abs=1e-12)


def test_the_knobs_stay_within_their_limits_and_the_sensor_as_it_was(torch_model: TorchModel, scenes: Dataset) -> None:
    tuned = tune(torch_model, scenes, limits="plausible", plan=Plan(steps=20, batch=8))
    base = camsim.load(CAMERA)
    moved = {
        name for name, knob in tuned.learned.knobs().items() if (knob.value != tuned.frozen.knobs()[name].value).any()
    }
    assert "isp.white_balance.gains" in moved
    assert all(name.startswith("isp.") for name in moved)
    for name, (low, high) in base.ranges().items():
        if name in moved:
            assert np.all((low <= tuned.learned.knobs()[name].value) & (tuned.learned.knobs()[name].value <= high))


def test_a_group_moves_alone(torch_model: TorchModel, scenes: Dataset) -> None:
    tuned = tune(torch_model, scenes, group="gamma", plan=Plan(steps=10, batch=8))
    knobs = {
        name for name, knob in tuned.learned.knobs().items() if (knob.value != tuned.frozen.knobs()[name].value).any()
    }
    assert knobs == {"isp.gamma.gamma"}


def test_where_nothing_can_be_gained_the_camera_stays(torch_model: TorchModel, scenes: Dataset) -> None:
    """In good light, and with steps so bold that they only do harm."""
    tuned = tune(torch_model, scenes, exposure=1, plan=Plan(steps=4, rate=200, batch=8))
    assert tuned.results["best_step"] == 0
    assert tuned.gain.gain.value == 0
    assert tuned.results["answer"] == "unclear"
    assert all(knob["from"] == knob["to"] for knob in tuned.results["knobs"])


def test_the_same_run_gives_the_same_result(torch_model: TorchModel, scenes: Dataset) -> None:
    first, second = (tune(torch_model, scenes, plan=Plan(steps=8, batch=8)) for _ in range(2))
    assert first.results == second.results
    other = tune(torch_model, scenes, plan=Plan(steps=8, batch=8), seed=1)
    assert other.results["trajectory"] != first.results["trajectory"]


class Interrupting:
    """Progress that stops the work after so many steps."""

    def __init__(self, after: int) -> None:
        self.left = after

    def start(self, what: str, total: int) -> None: ...

    def advance(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise KeyboardInterrupt


def test_an_interrupted_run_goes_on_to_the_same_result(
    torch_model: TorchModel, scenes: Dataset, tmp_path: Path
) -> None:
    options: dict[str, Any] = {"plan": Plan(steps=30, batch=8)}
    whole = tune(torch_model, scenes, out=tmp_path / "whole", **options)
    with pytest.raises(KeyboardInterrupt):
        tune(torch_model, scenes, out=tmp_path / "part", progress=Interrupting(17), **options)
    with pytest.raises(CamsimError, match="holds an unfinished run; add --resume"):
        tune(torch_model, scenes, out=tmp_path / "part", **options)
    with pytest.raises(CamsimError, match="had another exposure"):
        tune(torch_model, scenes, out=tmp_path / "part", resume=True, exposure=0.1, **options)
    again = tune(torch_model, scenes, out=tmp_path / "part", resume=True, **options)
    assert again.results == whole.results
    files = {"manifest.json", "results.json", "report.html", "frozen.yaml", "learned.yaml"}
    assert {path.name for path in (tmp_path / "part").iterdir()} == files
    assert json.loads((tmp_path / "part" / "results.json").read_text()) == json.loads(json.dumps(whole.results))
    assert catalog.load(tmp_path / "part" / "learned.yaml") == whole.learned


class WithoutGradients:
    """The classifier as a function of pictures, with a threshold of one's own."""

    name, sha256 = "brightness", "2" * 64
    classes = ("dark", "bright")

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold

    def log_probabilities(self, images: Any) -> NDArray[np.float64]:
        level = np.array([40 * (image.mean() / 255 - self.threshold) for image in images])
        logits = np.stack([-level, level], axis=1)
        result: NDArray[np.float64] = logits - np.logaddexp(logits[:, :1], logits[:, 1:])
        return result

    def describe(self) -> dict[str, object]:
        return {"assumed": []}


def test_without_gradients_a_pattern_search_tunes(scenes: Dataset) -> None:
    """The threshold lies a little above what half of the bright scenes reach: what plausible knobs can make up for."""
    camera = open_camera(camsim.load(CAMERA))
    bright = [camera.shoot(s.load(), 0, s.id).mean() / 255 for s in scenes.samples if s.target == "bright"]
    model = WithoutGradients(float(np.quantile(bright, 0.6)))
    tuned = tune(model, scenes, exposure=1, limits="plausible", plan=Plan(steps=40))
    assert tuned.results["method"] == "pattern search"
    assert tuned.results["no_gradient"] == "is neither an ONNX model nor a PyTorch module, but WithoutGradients"
    assert tuned.gain.gain.low > 0
    with pytest.raises(CamsimError, match="too far apart to search without gradients"):
        tune(model, scenes)


class Pixels(torch.nn.Module):
    """Each pixel bright or dark by itself."""

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return 20 * (image.mean(dim=1, keepdim=True) - 0.4)


def test_any_task_will_do_such_as_segmentation(scenes: Dataset) -> None:
    masks = {sample.id: np.full((16, 16), int(sample.target == "bright")) for sample in scenes.samples}
    tuning = tune_camera(
        PixelTask(Pixels(), masks),
        scenes.samples,
        camsim.load(CAMERA),
        group="white_balance",
        exposure=0.4,
        limits="physical",
        plan=Plan(steps=20, batch=8),
    )
    assert 0 < tuning.gain.frozen.value < tuning.gain.learned.value
    assert tuning.gain.gain.low > 0


def test_wrong_inputs_are_refused_in_a_line(torch_model: TorchModel, scenes: Dataset, tmp_path: Path) -> None:
    unlabelled = replace(
        scenes, class_names=None, samples=tuple(replace(sample, target=None) for sample in scenes.samples)
    )
    few = replace(scenes, samples=scenes.samples[:12])
    cases: list[tuple[Any, dict[str, Any], type[CamsimError], str]] = [
        (unlabelled, {}, CamsimError, "made: has no labels"),
        (few, {}, NoDataError, "at least 20 samples .* got 12"),
        (scenes, {"group": "gains"}, CamsimError, "unknown knob group 'gains'"),
        (scenes, {"group": "noise"}, CamsimError, "no differentiable knob"),
        (scenes, {"exposure": 0}, CamsimError, "exposure must be above 0"),
        (scenes, {"exposure": 1e9}, CamsimError, "outside"),
        (scenes, {"limit": 5}, CamsimError, "limit chooses from a folder"),
        (scenes, {"resume": True}, CamsimError, "resume needs the folder"),
    ]
    for data, options, kind, message in cases:
        with pytest.raises(kind, match=message) as error:
            tune(torch_model, data, **options)
        assert "\n" not in str(error.value)
    with pytest.raises(CamsimError, match="unknown profile 'seed/drne'"):
        audit.tune(torch_model, scenes, "seed/drne")
