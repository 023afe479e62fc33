"""The example trains a model that the audit can rank devices for."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

import audit

SCRIPT = Path(__file__).parents[2] / "examples" / "train_tree_classifier.py"


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of torch's exporter
def test_it_makes_a_model_and_test_data_that_an_audit_takes(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = importlib.util.spec_from_file_location("train_tree_classifier", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    monkeypatch.setattr(example, "EPOCHS", 2)
    example.main(shared / "data" / "aerial_trees", tmp_path)

    data = audit.open_dataset(tmp_path / "test", limit=40)
    assert data.class_names == ("background", "tree")
    result = audit.run(tmp_path / "trees.onnx", data, profiles=["still/nikon-d850", "seed/drone/me-s-me"])
    assert result.results["model"]["input"]["assumed"] == []
    assert {row["samples"] for row in result.results["profiles"]} == {40}
    assert all(row["drop"] is not None for row in result.results["profiles"][1:])
