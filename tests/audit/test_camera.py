"""A lineup of cameras against each camera alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import camsim
from audit.camera import Lineup, open_camera
from camsim.sensor import SensorModule

NAMES = ["still/nikon-d850", "seed/drone/bi-s-ga", "machine-vision/imx250", "seed/drone/me-u-me", "seed/drone/ma-s-ga"]
SCENE = torch.rand(3, 30, 37, generator=torch.Generator().manual_seed(3)) * 1.2


def test_a_picture_is_the_emulators_image_in_8_bits() -> None:
    camera = open_camera(camsim.load("still/nikon-d850"))
    with torch.no_grad():
        image = camera.emulator(SCENE[None], 5, ["some"])[0]
    levels = np.rint(np.clip(image.permute(1, 2, 0).numpy(), 0, 1) * np.float32(255))
    picture = camera.shoot(SCENE, 5, "some")
    assert picture.dtype == np.uint8
    np.testing.assert_array_equal(picture, levels)


def test_a_lineup_gives_the_pictures_of_each_camera_alone() -> None:
    cameras = [open_camera(camsim.load(name)) for name in NAMES]
    lineup = Lineup(cameras)
    shots = list(lineup.shoot(SCENE, 5, "some"))
    assert lineup.names == tuple(NAMES)
    assert [list(shot) for shot in shots] == [[NAMES[0]], [NAMES[1], NAMES[3], NAMES[4]], [NAMES[2]]]
    for shot in shots:
        for camera in cameras:
            if camera.name in shot:
                np.testing.assert_array_equal(shot[camera.name], camera.shoot(SCENE, 5, "some"))


def test_each_sensor_is_exposed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    exposed = []
    capture = SensorModule.capture_uint16
    monkeypatch.setattr(
        SensorModule, "capture_uint16", lambda self, *given: exposed.append(self) or capture(self, *given)
    )
    list(Lineup([open_camera(camsim.load(name)) for name in NAMES]).shoot(SCENE, 5, "some"))
    assert len(exposed) == 3


def test_one_exposure_does_not_serve_sensors_that_differ() -> None:
    """The same device but for a knob of its sensor."""
    device = camsim.load("still/nikon-d850")
    darker = device.with_knobs({"sensor.exposure": 500.0}, name="darker")
    lineup = Lineup([open_camera(device), open_camera(darker)])
    pictures = {name: picture for shot in lineup.shoot(SCENE, 5, "some") for name, picture in shot.items()}
    assert pictures["darker"].mean() < pictures[device.name].mean() - 20
