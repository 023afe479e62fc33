"""Exposure against the same device before a brighter scene."""

from __future__ import annotations

import pytest
import torch

import camsim
from audit.axes import axis_profiles

SCENE = torch.rand(2, 3, 22, 30, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("ev", [-3.0, 2.0])
def test_it_is_the_scene_times_a_power_of_two(ev: float, fused: bool) -> None:
    """To the bit: such a factor changes no float's digits, and the noise is that of the sample."""
    device = camsim.load("phone/pixel-4a-imx363")
    (step,) = axis_profiles(device, "exposure", [ev])
    with torch.no_grad():
        expected = camsim.compile(device, fused=fused).capture(SCENE * 2.0**ev, seed=4, ids=["a", "b"])
        assert torch.equal(camsim.compile(step, fused=fused).capture(SCENE, seed=4, ids=["a", "b"]), expected)


def test_the_sensor_sees_what_the_optics_let_through() -> None:
    text = camsim.profile_file.to_yaml(camsim.load("phone/pixel-4a-imx363"))
    optics = "optics: {glare: {uniform: 0.05}, vignetting: {kind: cos4}, focal_length: 4.0, half_diagonal: 3.9}\n"
    (device,) = camsim.profile_file.read_profiles(
        text.replace("sensor:\n  cfa", optics + "sensor:\n  cfa"), "made.yaml"
    )
    assert device.optics is not None
    (step,) = axis_profiles(device, "exposure", [1])
    with torch.no_grad():
        expected, found = (
            camsim.compile(profile, dtype=torch.float64).capture(scene.double(), seed=None)
            for profile, scene in ((device, SCENE * 2), (step, SCENE))
        )
    torch.testing.assert_close(found, expected, rtol=0, atol=0)
