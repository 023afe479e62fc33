"""Effects beyond shot and read noise, in the whole sensor."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

import camsim
from audit.forensics.sensor_parts import mix, parts_that_differ
from camsim.errors import CamsimError
from camsim.export import CameraGraph
from camsim.sensor import MatrixResponse, Sensor, SensorModule

from .sensors import check_independence

EYE = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
LINES = {"row_noise": 1.5, "column_noise": 0.8}
PATTERN = {"prnu": 2.0, "dsnu": 3.0, "unit": 7}
WARM = {
    **{"dark_current": 40.0, "exposure_time": 2.0},
    **{"temperature": 33.0, "reference_temperature": 25.0, "doubling": 8.0},
}
ALL = {**LINES, **PATTERN, **WARM}


def sensor(**changes: Any) -> Sensor:
    fields: dict[str, Any] = {
        **{"cfa": "GRBG", "bit_depth": 14, "black_level": 100.0, "white_level": 16383.0, "system_gain": 1.5},
        **{"full_well": 9000.0, "read_noise": 2.0, "exposure": 8000.0, "response": MatrixResponse(matrix=EYE)},
    }
    return Sensor(**(fields | changes)).resolve(np.eye(3))


def scenes(batch: int, height: int, width: int) -> Tensor:
    return torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("effects", [LINES, PATTERN, WARM, ALL], ids=["lines", "pattern", "dark", "all"])
def test_results_do_not_depend_on_batch_order_or_threads(effects: dict[str, Any]) -> None:
    camera = SensorModule(sensor(**effects), fused=True).float()
    check_independence(camera, scenes(4, 33, 71))


def test_frames_cut_at_the_right_or_below_keep_the_patterns() -> None:
    camera = SensorModule(sensor(**PATTERN, **WARM))
    scene = scenes(1, 20, 30).double()
    with torch.no_grad():
        assert torch.equal(camera(scene[..., :9, :13], None, [0]), camera(scene, None, [0])[..., :9, :13])


@pytest.mark.parametrize("name", [*LINES, "prnu", "dsnu", "dark_current"])
def test_an_effect_of_strength_zero_is_none(name: str) -> None:
    more = {name: 0.0} | ({"exposure_time": 1.0} if name == "dark_current" else {})
    scene = scenes(2, 9, 12).double()
    with torch.no_grad():
        assert torch.equal(SensorModule(sensor(**more))(scene, 3, [0, 1]), SensorModule(sensor())(scene, 3, [0, 1]))


def test_moments_in_the_dark_and_in_the_light() -> None:
    """Variances add up; dark electrons come with their own shot noise, light with PRNU, the readout with DSNU."""
    camera = SensorModule(sensor(**ALL))
    ids = list(range(200))
    dark = 40 * 2 * 2
    for light in (0.0, 0.4):
        frames = torch.full((1, 3, 64, 64), light, dtype=torch.float64).expand(200, 3, 64, 64)
        with torch.no_grad():
            electrons = (camera(frames, 1, ids)[:, 0] - 100) / 1.5
        mean = 8000 * light
        assert electrons.mean().item() == pytest.approx(mean + dark, abs=4 * np.hypot(3, 0.02 * mean) / 64 + 0.3)
        temporal = electrons.var(0).mean().item()
        assert temporal == pytest.approx(mean + dark + 4 + 1.5**2 + 0.8**2 + 1 / 12 / 1.5**2, rel=0.01)
        spatial = electrons.mean(0).var().item() - temporal / 200
        assert spatial == pytest.approx(9 + (0.02 * mean) ** 2, rel=0.08)


def test_parameters_are_exactly_the_knobs_and_carry_gradients() -> None:
    camera = SensorModule(sensor(**ALL, bit_depth=16, white_level=65535.0))
    plain = {"black_level", "system_gain", "full_well", "read_noise", "exposure"}
    fixed = {"unit", "reference_temperature"}
    assert {name for name, _ in camera.named_parameters()} == plain | set(ALL) - fixed
    assert {name for name, _ in SensorModule(sensor()).named_parameters()} == plain
    scene = (1.3 * scenes(1, 16, 16)).double().requires_grad_()
    camera(scene, 0, [0]).square().sum().backward()
    assert scene.grad is not None
    for name, parameter in camera.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert (parameter.grad != 0).all(), name


def test_a_sensor_is_fused_with_and_without_them() -> None:
    scene = scenes(1, 8, 8)
    for effects in ({}, LINES, ALL):
        assert SensorModule(sensor(**effects), fused=True).float().can_fuse(scene)


def with_sensor(**effects: Any) -> camsim.Profile:
    profile = camsim.load("board/rpi-hq-imx477")
    return profile.model_copy(update={"sensor": profile.sensor.replace(effects)})


def test_fused_on_request_takes_every_effect_and_says_what_else_stands_in_the_way() -> None:
    camera = camsim.compile(with_sensor(**LINES, blooming={"drained": 0.5}), fused=True)
    assert camera.capture(scenes(1, 8, 8), dtype=torch.uint16).shape == (1, 1, 8, 8)
    with pytest.raises(CamsimError, match=r"fused=True is not possible: .*torch\.float32"):
        camera.double().capture(scenes(1, 8, 8))


def test_a_profile_with_them_is_written_and_read(tmp_path: Any) -> None:
    profile = with_sensor(**ALL)
    camsim.save(profile, tmp_path / "one.yaml")
    assert camsim.load(tmp_path / "one.yaml") == profile
    assert profile.knobs()["sensor.prnu"].unit == "%"
    assert "sensor.unit" not in profile.knobs()
    assert "sensor.prnu" not in camsim.load("board/rpi-hq-imx477").knobs()


def test_the_knobs_turn_by_functional_call() -> None:
    camera = camsim.compile(with_sensor(**ALL))
    scene = scenes(1, 8, 8)
    turned = torch.func.functional_call(camera.sensor, {"prnu": torch.tensor(0.0)}, (scene, None, [0]))
    fields = {name: value for name, value in ALL.items() if name != "prnu"}
    assert torch.equal(turned, camsim.compile(with_sensor(**fields)).sensor(scene, None, [0]))


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"prnu": 21.0}, r"prnu\n.*must lie in \[0, 20\] %, got 21"),
        ({"row_noise": -1.0}, "row_noise"),
        ({"dsnu": 1.0, "unit": -1}, "unit"),
        ({"unit": 1}, "unit changes nothing without prnu or dsnu"),
        ({"dark_current": 1.0}, "dark_current needs exposure_time"),
        (WARM | {"doubling": None}, "temperature and reference_temperature given without doubling"),
        (WARM | {"dark_current": None}, "temperature changes nothing without dark_current"),
    ],
)
def test_what_makes_no_sense_is_refused(changes: dict[str, Any], match: str) -> None:
    with pytest.raises(ValidationError, match=match):
        sensor(**changes)


def test_a_fixed_pattern_is_not_exported_in_silence() -> None:
    camera = camsim.compile(with_sensor(prnu=1.0, dsnu=1.0))
    with pytest.raises(CamsimError, match=r"the fixed pattern of prnu and dsnu cannot be exported"):
        CameraGraph(camera, "scene")
    CameraGraph(camera, "raw")


def test_parts_of_two_sensors_that_make_sense_only_together() -> None:
    """For an attribution: a unit without its pattern, or a warmth without its current, would be no sensor."""
    first, second = sensor(), sensor(**ALL)
    parts = parts_that_differ(first, second)
    assert set(parts) == {"row_noise", "column_noise", "fixed_pattern", "dark_current"}
    for part in parts:
        mixed = mix(first, second, {part})
        assert mix(mixed, second, set(parts_that_differ(mixed, second))) == second
    other = sensor(bit_depth=16, white_level=65535.0, system_gain=6.0, **ALL)
    assert mix(first, other, {"noise"}).prnu == 2
