"""Samples shot a few at a time: the same pictures as alone, in order, whatever is between them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch

import camsim
from audit.camera import Lineup, open_camera
from audit.corruptions import CorruptedLineup, choose_steps
from audit.data import Sample
from audit.shooting import TOGETHER, Shot, shoot
from audit.tasks.classification import Classification
from camsim.errors import CamsimError

from .conftest import PythonModel, by_brightness, make_dataset

# Fused; with a median; with a fixed pattern and further effects, stage by stage; with optics.
NAMES = ["reference/srgb", "seed/drone/bi-s-ga", "phone/oneplus-6-imx519", "automotive/imx490-hdr"]
SIZES = [(40, 48)] * 5 + [(33, 47)] * 2 + [(40, 48)]


@pytest.fixture(scope="module")
def lineup() -> Lineup:
    return Lineup([open_camera(camsim.load(name)) for name in NAMES])


def scenes(sizes: Sequence[tuple[int, int]]) -> list[Sample]:
    generator = torch.Generator().manual_seed(0)
    light = [torch.rand(3, *size, generator=generator) for size in sizes]
    return [Sample(f"{place:03}", None, lambda one=one: one) for place, one in enumerate(light)]  # type: ignore[misc]


def shots(samples: Sequence[Sample], lineup: Lineup | CorruptedLineup) -> list[Shot]:
    task = Classification(PythonModel(by_brightness), make_dataset(4, labelled=False))
    return list(shoot(task, samples, lineup, 7))


def test_pictures_are_those_of_each_camera_alone(lineup: Lineup) -> None:
    samples = scenes(SIZES)
    both = CorruptedLineup(lineup, choose_steps("fog=2"))
    taken = shots(samples, both)
    assert [shot.sample.id for shot in taken] == [sample.id for sample in samples]
    assert [shot.shape for shot in taken] == SIZES
    for shot, sample in zip(taken, samples, strict=True):
        assert set(shot.pictures) == set(both.names)
        for camera in both.cameras:
            np.testing.assert_array_equal(shot.pictures[camera.name], camera.shoot(sample.load(), 7, sample.id))


def test_small_scenes_of_one_size_are_shot_together(lineup: Lineup, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    real = Lineup.shoot_together

    def counted(self: Lineup, light: torch.Tensor, seed: int, samples: Sequence[str]):  # type: ignore[no-untyped-def]
        seen.append(len(light))
        return real(self, light, seed, samples)

    monkeypatch.setattr(Lineup, "shoot_together", counted)
    shots(scenes(SIZES), lineup)
    assert seen == [TOGETHER, 1, 2, 1]
    seen.clear()
    monkeypatch.setattr("audit.shooting.SHOT_BYTES", 2 * len(NAMES) * 3 * 40 * 48)
    shots(scenes(SIZES), lineup)
    assert seen == [2, 2, 1, 2, 1]


def test_what_is_broken_stands_in_its_place_and_the_others_are_as_they_were(lineup: Lineup) -> None:
    def broken() -> torch.Tensor:
        raise CamsimError("gone")

    samples = scenes(SIZES)
    whole = shots(samples, lineup)
    samples[2] = Sample("002", None, broken)
    taken = shots(samples, lineup)
    assert [shot.unreadable for shot in taken] == [None, None, "002: gone", *[None] * 5]
    for shot, expected in zip(taken, whole, strict=True):
        if shot.unreadable is None:
            assert {k: v.tobytes() for k, v in shot.pictures.items()} == {
                k: v.tobytes() for k, v in expected.pictures.items()
            }


def test_scenes_that_cannot_be_shown_are_each_told_of(lineup: Lineup) -> None:
    """Too small to be corrupted, three of them together."""
    small = shots(scenes([(20, 40)] * 3), CorruptedLineup(lineup, choose_steps("fog=2")))
    assert [shot.unreadable is not None and shot.unreadable[:3] for shot in small] == ["000", "001", "002"]
