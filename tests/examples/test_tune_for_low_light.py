"""The example: behind a tuned camera a classifier sees more at 5 % of the light, as PyTorch and as ONNX."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

import audit
from audit.optimize import Plan

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of torch's exporter
def test_tuned_cameras_beat_the_frozen_one_on_held_out_patches(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    example = importlib.import_module("tune_for_low_light")
    monkeypatch.setattr(sys.modules["train_tree_classifier"], "EPOCHS", 5)
    monkeypatch.setattr(example, "CAMERA", "seed/drone/bi-s-ga")
    monkeypatch.setattr(example, "PLAN", Plan(steps=120))
    network = example.train_classifier(shared / "data" / "aerial_trees", tmp_path)
    for gain in example.tune_camera(network, audit.open_dataset(tmp_path / "test"), tmp_path):
        assert gain.samples == 240
        assert gain.gain.low > 0
    assert (tmp_path / "onnx" / "learned.yaml").is_file()
    assert capsys.readouterr().out.count("held-out patches") == 2
