"""Corrupted pictures beside those of cameras."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import camsim
from audit.camera import Lineup, open_camera
from audit.corruptions import CorruptedCamera, CorruptedLineup, Step, corrupt
from camsim.errors import CamsimError

NAMES = ["reference/srgb", "still/nikon-d850", "phone/pixel-4a-imx363"]
STEPS = (Step("fog", 1), Step("gaussian_noise", 4))
SCENE = torch.rand(3, 35, 42, generator=torch.Generator().manual_seed(3))


@pytest.fixture(scope="module")
def lineup() -> Lineup:
    return Lineup([open_camera(camsim.load(name)) for name in NAMES])


def test_a_lineup_gives_the_same_pictures_and_those_made_of_the_reference(lineup: Lineup) -> None:
    both = CorruptedLineup(lineup, STEPS)
    assert both.names == (*NAMES, "corruption/fog@1", "corruption/gaussian_noise@4")
    shots = list(both.shoot(SCENE, 5, "some"))
    assert next(iter(shots[0])) == NAMES[0]
    pictures = {name: picture for shot in shots for name, picture in shot.items()}
    alone = {name: picture for shot in lineup.shoot(SCENE, 5, "some") for name, picture in shot.items()}
    assert set(pictures) == set(both.names)
    for name in NAMES:
        np.testing.assert_array_equal(pictures[name], alone[name])
    for step in STEPS:
        expected = corrupt(alone[NAMES[0]], step.key, step.severity, 5, "some")
        np.testing.assert_array_equal(pictures[step.name], expected)


def test_a_corrupted_camera_alone_shoots_the_same(lineup: Lineup) -> None:
    camera = CorruptedCamera(lineup.cameras[0], STEPS[1])
    both = CorruptedLineup(lineup, STEPS)
    assert camera.name == STEPS[1].name
    assert camera.profile == lineup.cameras[0].profile
    pictures = {name: picture for shot in both.shoot(SCENE, 5, "some") for name, picture in shot.items()}
    np.testing.assert_array_equal(camera.shoot(SCENE, 5, "some"), pictures[camera.name])


def test_without_corruptions_it_is_the_lineup(lineup: Lineup) -> None:
    small = SCENE[:, :20, :20]
    bare = CorruptedLineup(lineup, ())
    assert bare.names == lineup.names
    assert [list(shot) for shot in bare.shoot(small, 5, "some")] == [list(s) for s in lineup.shoot(small, 5, "some")]


def test_a_scene_that_is_too_small_is_refused_before_the_first_picture(lineup: Lineup) -> None:
    shots = CorruptedLineup(lineup, STEPS).shoot(SCENE[:, :20, :40], 5, "tiny.png")
    with pytest.raises(CamsimError, match=r"tiny\.png: is 40x20 px; corruptions need sides of at least 32 px"):
        next(shots)
