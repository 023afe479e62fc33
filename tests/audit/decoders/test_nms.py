"""Suppression gives kornia's boxes, class by class."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from kornia.geometry.bbox import nms

from audit.decoders.nms import suppress


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.7, 1.0])
def test_it_keeps_what_kornia_keeps(seed: int, threshold: float) -> None:
    rng = np.random.default_rng(seed)
    corners = rng.uniform(0, 80, (200, 2))
    corners = np.concatenate([corners, corners + rng.uniform(5, 60, (200, 2))], axis=1)
    scores, labels = rng.random(200), rng.integers(0, 3, 200)
    kept = suppress(corners, scores, labels, threshold, 1000)
    expected: list[int] = []
    for label in range(3):
        places = np.flatnonzero(labels == label)
        found = nms(torch.from_numpy(corners[places]), torch.from_numpy(scores[places]), threshold)
        expected += places[found.numpy()].tolist()
    assert kept.tolist() == sorted(expected, key=lambda place: -scores[place])
    assert suppress(corners, scores, labels, threshold, 7).tolist() == kept.tolist()[:7]


def test_equal_scores_go_by_their_place() -> None:
    corners = np.array([[0, 0, 10, 10], [50, 50, 60, 60], [0, 0, 10, 10]], dtype=float)
    assert suppress(corners, np.full(3, 0.5), np.zeros(3, int), 0.5, 10).tolist() == [0, 1]
    assert suppress(corners, np.full(3, 0.5), np.array([1, 0, 0]), 0.5, 10).tolist() == [0, 1, 2]


def test_nothing_comes_of_nothing() -> None:
    assert suppress(np.zeros((0, 4)), np.zeros(0), np.zeros(0, int), 0.5, 10).tolist() == []
    # Boxes without area overlap with nothing, not even with themselves.
    assert suppress(np.ones((2, 4)), np.ones(2), np.zeros(2, int), 0.5, 10).tolist() == [0, 1]
