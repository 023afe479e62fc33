"""The search on a model with a known weakness."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import audit
import camsim
from audit.search.ledger import Evaluation, Ledger
from camsim.errors import CamsimError

from ..conftest import PythonModel, make_dataset


def test_it_finds_the_knob_that_hurts() -> None:
    """The model calls a picture bright above a level that only a longer exposure can lift dark scenes to."""

    def logits(image: np.ndarray) -> tuple[float, float]:
        level = image.mean() / 255 - 0.285
        return -200 * level, 200 * level

    profile = camsim.load("machine-vision/imx250")
    searched = profile.model_copy(
        update={
            "search": {"sensor.exposure": camsim.Range(relative=0.4), "sensor.read_noise": camsim.Range(relative=0.3)}
        }
    )
    result = audit.run(PythonModel(logits), make_dataset(40), profiles=[searched], search=40, max_drop=0.1)
    (case,) = result.results["worst_cases"]
    exposure = next(knob for knob in case["knobs"] if knob["name"] == "sensor.exposure")
    assert exposure["to"] > 1.2 * exposure["from"]
    assert exposure["low"] <= exposure["to"] <= exposure["high"]
    rows = {row["role"]: row for row in result.results["profiles"]}
    assert rows["profile"]["drop"]["value"] == 0
    assert rows["worst_case"]["drop"]["value"] == 0.5
    assert rows["worst_case"]["samples"] == 20
    assert result.verdict == "FAIL"


def test_a_ledger_survives_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "search.ledger"
    point = np.array([0.1, 1 / 3])
    Ledger.open(path).add(point, Evaluation(0.25, 3))
    assert Ledger.open(path).find(point) == Evaluation(0.25, 3)
    assert Ledger.open(path).find(point + 1e-15) is None
    path.write_text("{")
    with pytest.raises(CamsimError, match="is damaged"):
        Ledger.open(path)
