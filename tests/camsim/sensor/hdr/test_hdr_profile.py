"""The HDR profile that ships, and HDR sensors in profiles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import camsim
from audit.forensics.sensor_parts import mix, parts_that_differ
from audit.search.groups import GROUPS
from camsim.errors import CamsimError
from camsim.export import CameraGraph
from camsim.isp import Linearize
from camsim.linear_sensor import LinearSensor
from camsim.sensor import SensorModule
from camsim.sensor.missing_noise import PresentNoise
from camsim.validation import validate

HDR = "automotive/imx490-hdr"


def dynamic_range(name: str) -> float:
    """dB, by EMVA 1288 release 4.0 Linear: light that saturates over light with a signal-to-noise ratio of 1.

    Light is in e- of the first photodiode; the noise in the dark counts as at least that of rounding, 0.49 DN.
    """
    profile = camsim.load(name)
    sensor = profile.resolved_sensor()
    module = SensorModule(sensor).double()
    with torch.no_grad():
        end = module(torch.full((1, 3, 8, 8), 1e5, dtype=torch.float64), None, [0])
        if sensor.hdr is not None:
            end = profile.isp[0].build(profile.raw_format)(end)
    dark = np.sqrt(max(0.24, (sensor.gain * sensor.read_noise) ** 2 + 1 / 12))
    return float(20 * np.log10(float(end.mean() - 64) / (dark + 0.5 * sensor.gain)))


def test_its_dynamic_range_is_what_its_file_says() -> None:
    assert dynamic_range(HDR) == pytest.approx(102.3, abs=0.1)
    assert dynamic_range(HDR) - dynamic_range("automotive/imx490") == pytest.approx(24.3, abs=0.2)


def test_its_isp_undoes_its_companding_and_its_bits_hold_its_white() -> None:
    profile = camsim.load(HDR)
    hdr, stage = profile.sensor.hdr, profile.isp[0]
    assert hdr is not None
    assert hdr.companding is not None
    assert isinstance(stage, Linearize)
    assert (stage.given, stage.linear) == (hdr.companding.companded, hdr.companding.linear)
    assert isinstance(profile.sensor.white_level, float | int)
    assert 2 ** (hdr.bits - 1) < profile.sensor.white_level < 2**hdr.bits
    knees = np.array(hdr.companding.knees)
    steps = np.diff(knees[:, 0]) / np.diff(knees[:, 1])
    shot = np.sqrt((knees[:-1, 0] - 64).clip(0) * profile.sensor.system_gain)  # DN, where each step begins
    assert np.all(steps[1:] / np.sqrt(12) < shot[1:])


def test_lights_far_above_white_are_told_apart() -> None:
    """Even light over 4 orders of magnitude: this device shows it rising, one reading of it does not."""
    levels = torch.logspace(-2, np.log10(60), 16)
    scenes = levels[:, None, None, None].expand(16, 3, 16, 16).contiguous()
    with torch.no_grad():
        shown, plain = (camsim.compile(name)(scenes, seed=None).mean((1, 2, 3)) for name in (HDR, "automotive/imx490"))
    assert torch.all(shown.diff() > 0.005)
    assert shown[-1] < 1
    assert torch.all(plain[levels > 1.1] > 0.99)


def test_written_read_turned_and_searched(tmp_path: Path) -> None:
    profile = camsim.load(HDR)
    camsim.save(profile, tmp_path / "one.yaml")
    assert camsim.load(tmp_path / "one.yaml") == profile
    camera = camsim.compile(profile)
    assert {name for name, _ in camera.named_parameters()} == set(profile.knobs())
    gain = [0.26, 2.0, 0.5]
    turned = profile.with_knobs({"sensor.hdr.gain": gain}, name="turned")
    assert turned.sensor.hdr is not None
    assert turned.knobs()["sensor.hdr.gain"].value.tolist() == gain
    for knob in profile.knobs():
        if knob.startswith("sensor."):
            assert sum(group.holds_knob(profile, knob) for group in GROUPS.values()) == 1, knob


def test_the_fused_pass_knows_it() -> None:
    module = SensorModule(camsim.load(HDR).resolved_sensor(), fused=True).float()
    assert module.further == ("hdr",)
    assert module.can_fuse(torch.rand(1, 3, 8, 8))
    assert camsim.compile(HDR).captures_frame_by_frame


def test_an_export_gives_what_the_camera_gives() -> None:
    camera = camsim.compile(HDR)
    scene = 30 * torch.rand(1, 3, 16, 18, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        graph = CameraGraph(camera, "scene")(scene)
        torch.testing.assert_close(graph, camera(scene, seed=None), atol=2e-5, rtol=0)


def test_what_asks_for_one_reading_refuses_it() -> None:
    with pytest.raises(CamsimError, match=r"sensor\.hdr merges several readings"):
        validate(HDR, size=64)
    with pytest.raises(CamsimError, match="DN are not in proportion to the light"):
        LinearSensor.of(camsim.load(HDR), "night.raw")
    noise = PresentNoise(torch.zeros(1, 3, 8, 8), torch.eye(3))
    with pytest.raises(CamsimError, match=r"is not known with sensor\.hdr"):
        camsim.compile(HDR).capture(torch.rand(1, 3, 8, 8), noise=noise)


def test_parts_of_it_and_of_another_sensor_can_be_exchanged() -> None:
    first, second = (camsim.load(name).resolved_sensor() for name in (HDR, "automotive/imx490"))
    for part in parts_that_differ(first, second):
        mixed = mix(second, first, {part})
        assert (mixed.hdr is not None) == (part == "levels")
    fields: dict[str, Any] = {"hdr": first.hdr.model_dump() | {"gain": [0.26, 2.0, 0.5]}} if first.hdr else {}
    assert parts_that_differ(first, first.replace(fields)) == ("hdr",)
