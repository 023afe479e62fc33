"""The small models of each task: their pictures, one of them from end to end, and the page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audit.data.truth import Boxes, Depth, Keypoints, Poses
from audit.tasks.open import TASKS
from benchmarks.launch import ROOT
from benchmarks.page import replace_between
from benchmarks.tasks import data
from benchmarks.tasks.cases import CASES
from benchmarks.tasks.measure import CLOSE, PROFILES, largest_difference, measure
from benchmarks.tasks.page import BEGIN, markdown

GENERATED = [name for name in CASES if name != "trees"]


def test_every_task_has_a_model() -> None:
    assert {case.task for case in CASES.values()} == set(TASKS)


@pytest.mark.parametrize("name", GENERATED)
def test_pictures_are_the_same_however_many_and_other_for_another_seed(name: str) -> None:
    few, more, other = (CASES[name].data(seed, count) for seed, count in ((3, 4), (3, 6), (4, 4)))
    assert few.sha256 == CASES[name].data(3, 4).sha256
    assert few.sha256 not in (more.sha256, other.sha256)
    for one, same, another in zip(few.samples, more.samples[:4], other.samples, strict=True):
        np.testing.assert_array_equal(one.load(), same.load())
        assert not np.array_equal(one.load(), another.load())
        assert one.target == same.target
        assert (one.target is None) != (one.truth is None)


def test_what_is_there_lies_where_it_is_said_to() -> None:
    for sample in data.masks(0, 30).samples:
        truth = sample.load_truth((data.SIDE, data.SIDE))
        assert isinstance(truth, Boxes)
        assert truth.masks is not None
        assert sum(mask.astype(int) for mask in truth.masks).max() == 1
        for (left, top, right, bottom), mask in zip(truth.corners.astype(int), truth.masks, strict=True):
            assert mask[top:bottom, left:right].sum() == mask.sum() > 0
            assert mask[top].any()
            assert mask[:, right - 1].any()
    for sample in data.keypoints(0, 30).samples:
        truth = sample.load_truth((data.SIDE, data.SIDE))
        assert isinstance(truth, Keypoints)
        tip, left, right = truth.points
        assert tip[1] < left[1] == right[1]
        assert left[0] <= tip[0] <= right[0]
        assert (truth.points > 0).all()
        assert (truth.points < data.SIDE).all()
    for sample in data.poses(0, 30).samples:
        truth = sample.load_truth((data.SIDE, data.SIDE))
        assert isinstance(truth, Poses)
        assert truth.visible.all()
        low, high = truth.points.min(axis=1), truth.points.max(axis=1)
        # A tip is thinner than half a pixel, and so above the pixels that count as covered.
        np.testing.assert_allclose(np.hstack([low, high]), truth.corners, atol=1.5)
        np.testing.assert_allclose(truth.areas, np.prod(high - low, axis=1) / 2, rtol=0.15)
    for sample in data.depth(0, 30).samples:
        truth = sample.load_truth((data.SIDE, data.SIDE))
        assert isinstance(truth, Depth)
        light = sample.load().mean(dim=0).numpy()
        assert truth.metres.min() >= 0.5
        # Near is bright, but for a box or two that are darker themselves.
        assert np.corrcoef(np.log(light).ravel(), np.log(truth.metres).ravel())[0, 1] < -0.5


@pytest.mark.shared
@pytest.mark.skipif(not data.PHOTOS.is_dir(), reason=f"{data.PHOTOS} is not there")
def test_tiles_that_are_judged_were_not_trained_on() -> None:
    trained, judged = (data.tree_crowns(seed, 12) for seed in (0, 1))
    assert {sample.cluster for sample in trained.samples} == {sample.cluster for sample in judged.samples}
    for sample in (*trained.samples, *judged.samples):
        assert sample.load().shape == (3, data.TILE, data.TILE)
        truth = sample.load_truth((data.TILE, data.TILE))
        assert isinstance(truth, Boxes)
        within = (truth.corners > 0).all(axis=1) & (truth.corners < data.TILE).all(axis=1)
        assert not truth.crowd[within].any()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["instances", "poses", "classification"])
def test_a_model_trained_here_says_the_same_as_a_file_and_as_a_module(name: str, tmp_path: Path) -> None:
    case = replace(CASES[name], steps=40, training=64, judged=16)
    entry = measure(case, tmp_path)
    assert entry["apart"] <= CLOSE
    assert entry["samples"] == 16
    assert entry["assumed"] == []
    assert set(entry["rows"]) == set(PROFILES)
    text = markdown({"processor": "one", "date": "today"}, {name: entry})
    assert f"| `{case.task}` | {case.pictures} | {entry['metric']['title']} |" in text


def results(**changes: float) -> dict[str, Any]:
    found = {"map": 0.5, "drop": 0.1} | changes
    metric = {key: {"value": found[key], "low": 0.0, "high": 1.0} for key in ("map", "drop")}
    row = {"profile": "p", "metrics": {"map": metric["map"]}, "drops": {}, "drop": metric["drop"], "flips": None}
    return {"profiles": [row]}


def test_a_difference_is_seen() -> None:
    assert largest_difference(results(), results()) == 0
    assert largest_difference(results(), results(drop=0.3)) == pytest.approx(0.2)
    missing = results()
    missing["profiles"][0]["drop"] = None
    assert largest_difference(results(), missing) == float("inf")


def test_the_page_has_the_markers() -> None:
    page = (ROOT / "docs" / "tasks.md").read_text(encoding="utf-8")
    assert "new figures" in replace_between(page, "new figures", BEGIN)
