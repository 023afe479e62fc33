"""The report of a tuning: its figures and sentences, and that nothing from outside gets through unescaped."""

from __future__ import annotations

import copy
import re
from typing import Any

import numpy as np
import pytest

from audit.report.optimize import render_optimize, summary

HOSTILE = "<script>alert(1)</script>\x1b[31m"


@pytest.fixture
def results() -> dict[str, Any]:
    checks = [(0, None, 2.0, 0.5), (10, 1.5, 1.0, 0.7), (20, 0.9, 1.1, 0.65)]
    return {
        "schema": 1,
        "camsim": "0.1.0",
        "kind": "optimize",
        "answer": "better",
        "model": {"name": "m.onnx", "sha256": "0" * 64, "classes": 2, "input": {"assumed": []}},
        "data": {
            "name": "photos",
            "description": "Photographs.",
            "sha256": "1" * 64,
            "samples": 100,
            "parts": {"train": 40, "validation": 20, "held_out": 40},
        },
        "profile": "lab/one",
        "title": "A camera",
        "exposure": 0.05,
        "group": "white_balance",
        "limits": "physical",
        "loss": "cross_entropy",
        "seed": 3,
        "method": "gradient descent",
        "no_gradient": None,
        "plan": {"steps": 20, "rate": 0.1, "batch": 8, "patience": 6},
        "stopped": "all steps done",
        "best_step": 10,
        "trajectory": [
            {"step": step, "train_loss": train, "loss": loss, "score": score} for step, train, loss, score in checks
        ],
        "held_out": {
            "measure": "accuracy",
            "confidence": 0.95,
            "samples": 40,
            "noise_seeds": [3, 4, 5],
            "frozen": {"value": 0.5, "low": 0.35, "high": 0.65},
            "learned": {"value": 0.725, "low": 0.57, "high": 0.84},
            "gain": {"value": 0.225, "low": 0.081, "high": 0.362},
        },
        "profiles": {"frozen": "frozen/lab/one", "learned": "learned/lab/one"},
        "files": {"frozen": "frozen.yaml", "learned": "learned.yaml"},
        "knobs": [
            {
                "name": "isp.white_balance.gains",
                "unit": "1",
                "from": [2.0, 1.0, 1.5],
                "to": [9.25, 1.0, 3.0],
                "low": [-16.0] * 3,
                "high": [16.0] * 3,
            }
        ],
    }


@pytest.fixture
def manifest() -> dict[str, Any]:
    return {
        "command": "camsim optimize m.onnx",
        "created": "2026-01-02T03:04:05+00:00",
        "duration_s": 1.5,
        "versions": {"camsim": "0.1.0"},
        "machine": "a machine",
        "model_sha256": "0" * 64,
        "data_sha256": "1" * 64,
        "seed": 3,
        "profiles": {"lab/one": "2" * 64},
        "notes": [],
    }


def pictures(*names: str) -> dict[str, Any]:
    return {"a/1.png": {name: np.full((12, 16, 3), 90, np.uint8) for name in names}}


ALL = ("lab/one", "frozen/lab/one", "learned/lab/one")


def test_the_figures_are_on_the_page(results: dict[str, Any], manifest: dict[str, Any]) -> None:
    page = render_optimize(results, manifest, pictures(*ALL))
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))
    for words in ("+22.5 points", "8.1 to 36.2", "72.5", "57.0 to 84.0", "isp.white_balance.gains[0]", "9.25", "5 %"):
        assert words in text
    assert "1 other number stayed where it was" in text
    assert "40 to tune on, 20 to choose by, 40 held out" in text
    assert page.count("<img ") == 3
    assert 'id="trajectory-plot"' in page
    assert 'id="gain-plot"' in page


def test_the_summary_says_it_in_words(results: dict[str, Any]) -> None:
    assert summary(results) == (
        "The knobs of lab/one at 5 % of its exposure were tuned for m.onnx. On 40 samples held out, accuracy is 50.0% "
        "with the camera frozen and 72.5% with it learned: a gain of 22.5 points (95% interval 8.1 to 36.2)."
    )


@pytest.mark.parametrize(
    ("answer", "words"),
    [("better", "better than the frozen one"), ("worse", "worse than the frozen"), ("unclear", "cannot be told")],
)
def test_the_banner_says_what_the_interval_says(
    results: dict[str, Any], manifest: dict[str, Any], answer: str, words: str
) -> None:
    page = render_optimize(results | {"answer": answer}, manifest, {})
    assert words in page
    chip = {"better": "pass", "worse": "fail", "unclear": "inconclusive"}[answer]
    assert f'class="banner {chip}"' in page


def test_what_limits_the_figures_is_said(results: dict[str, Any], manifest: dict[str, Any]) -> None:
    assert "Before you rely on this" not in render_optimize(results, manifest, {})
    results |= {"method": "pattern search", "no_gradient": "unknown operator Foo", "best_step": 0}
    results["model"]["input"]["assumed"] = ["color"]
    page = render_optimize(results, manifest, {})
    for words in ("Tuned without gradients", "unknown operator Foo", "Nothing was learned", "preprocessing is partly"):
        assert words in page


def test_own_exposure_shows_two_cameras(results: dict[str, Any], manifest: dict[str, Any]) -> None:
    page = render_optimize(results | {"exposure": 1.0}, manifest, pictures(*ALL[1:]))
    assert page.count("<img ") == 2
    assert "of its exposure" not in page


def test_hostile_strings_are_escaped(results: dict[str, Any], manifest: dict[str, Any]) -> None:
    hostile = copy.deepcopy(results)
    hostile["model"]["name"] = hostile["stopped"] = hostile["title"] = HOSTILE
    hostile["data"]["name"] = hostile["data"]["description"] = hostile["no_gradient"] = HOSTILE
    hostile["knobs"][0]["name"] = HOSTILE
    page = render_optimize(hostile, manifest | {"command": HOSTILE}, {HOSTILE: pictures(*ALL)["a/1.png"]})
    assert "<script>alert" not in page
    assert "\x1b" not in page
    assert "&lt;script&gt;alert(1)" in page
