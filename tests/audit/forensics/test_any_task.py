"""Forensics and searches of a task that is no classification: graded scores, and answers to keep without labels."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

import audit
from audit.data import Dataset
from audit.tasks.custom import CustomTask

from ..conftest import make_dataset

LEVELS = {"dark": 0.24, "bright": 0.74}


def light(picture: NDArray[np.uint8]) -> float:
    """How light a picture is, in [0, 1]."""
    return float(picture.mean() / 255)


def near(answer: float, other: float) -> float:
    return max(0.0, 1 - 4 * abs(answer - other))


def near_label(answer: float, name: str) -> float:
    return near(answer, LEVELS[name])


def task(data: Dataset) -> CustomTask:
    return CustomTask(light, data, agreement=near, score=near_label, sha256="0" * 64)


@pytest.mark.parametrize("labelled", [True, False])
def test_the_shares_add_up_to_the_drop(labelled: bool) -> None:
    data = make_dataset(8, labelled=labelled)
    found = audit.explain(task(data), data, device="seed/drone/bi-s-ga", sobol_rows=0, shown=1)
    results = found.results
    assert results["score"] == ("score" if labelled else "agreement")
    assert sum(player["value"]["value"] for player in results["players"]) == pytest.approx(results["drop"]["value"])
    assert "no gradients for custom task" in str(results["sensitivity"]["gradient"])


def test_a_search_raises_the_loss_of_any_task() -> None:
    data = make_dataset(12)
    found = audit.search_cameras(
        task(data), data, profile="still/nikon-d850", budget=10, curve=0, cross_check=False, max_drop=0.2
    )
    results = found.results
    assert results["task"] == {"key": "custom", "title": "Custom task", "score": "score"}
    (worst, *_) = results["cases"]
    assert worst["certificate"]["loss"] >= worst["certificate"]["loss_of_device"] - 0.02
    assert results["strategy"]["gradients"] is False
