"""The examples with clear and with infrared pixels: grey is grey, and what their comments say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import camsim

PROFILES = Path(__file__).parents[2] / "examples" / "profiles"


@pytest.mark.parametrize("name", ["door-camera-rgb-ir", "car-camera-rccb"])
def test_a_grey_card_is_grey(name: str) -> None:
    camera = camsim.compile(PROFILES / f"{name}.yaml")
    with torch.no_grad():
        shown = camera(torch.full((1, 3, 32, 32), 0.18), seed=None)
    expected = 0.18 ** (1 / 2.2) if name.startswith("car") else 1.055 * 0.18 ** (1 / 2.4) - 0.055
    torch.testing.assert_close(shown, torch.full_like(shown, expected), atol=8e-3, rtol=0)


def test_clear_pixels_are_full_at_white_and_filtered_ones_at_half_of_it() -> None:
    camera = camsim.compile(PROFILES / "car-camera-rccb.yaml")
    with torch.no_grad():
        raw = camera.capture(torch.ones(1, 3, 8, 8), seed=None)[0, 0]
    share = (raw - 64) / (4095 - 64)
    assert 0.9 < share[0, 1] < 1
    assert share[0, 0] == pytest.approx(1 / 6.6824, abs=0.01)


def test_infrared_lamps_do_not_show_and_the_infrared_pixels_see_them() -> None:
    """More infrared in the light: brighter mosaics, the same picture."""
    dim = camsim.load(PROFILES / "door-camera-rgb-ir.yaml")
    bright = dim.sensor.replace({"response": {"kind": "inverse_isp", "infrared": (0.5, 0.2, 0.1)}})
    cameras = [camsim.compile(dim), camsim.compile(dim.model_copy(update={"sensor": bright}))]
    scene = torch.full((1, 3, 32, 32), 0.2)
    with torch.no_grad():
        raws = [camera.capture(scene, seed=None)[0, 0] - 240 for camera in cameras]
        pictures = [camera(scene, seed=None) for camera in cameras]
    assert float(raws[1][0, 0] / raws[0][0, 0]) == pytest.approx(2, abs=0.02)
    np.testing.assert_allclose(pictures[0], pictures[1], rtol=0, atol=4e-3)
