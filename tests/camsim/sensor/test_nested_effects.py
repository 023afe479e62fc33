"""Effects with knobs of their own, in the whole sensor, the profile and what works on profiles."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor

import camsim
import camsim.sensor
from audit.forensics.sensor_parts import LEVEL_FIELDS, NOISE_FIELDS, mix, parts_that_differ
from audit.search.groups import GROUPS
from audit.search.space import Space
from camsim.errors import CamsimError
from camsim.export import CameraGraph, to_onnx
from camsim.profile_diff import differences
from camsim.sensor import EFFECTS, UNIT_EFFECTS, Sensor, SensorModule
from camsim.spec import Range, Spec

from .sensors import check_independence, sensor

GAINS = {"analog_gain": 1.5, "adc_noise": 2.0, "digital_gain": 1.3}
NESTED: dict[str, Any] = {
    "hot_pixels": {"fraction": 0.05, "median": 300.0, "spread": 0.7},
    "blooming": {"drained": 0.4},
    "black_drift": {"sigma": 3.0, "per_kelvin": 0.2},
    "adc_nonlinearity": {"bow": 20.0, "s_bend": 8.0, "ripple": 3.0, "dnl": 0.15},
    "stuck_pixels": {"low": 0.02, "high": 0.02},
}
ALL: dict[str, Any] = {
    **GAINS,
    **NESTED,
    **{"read_noise": 2.0, "read_noise_shape": -0.1, "unit": 7, "exposure_time": 0.5, "dark_current": 20.0},
    **{"temperature": 33.0, "reference_temperature": 25.0, "doubling": 8.0},
}


def scenes(batch: int, height: int, width: int) -> Tensor:
    return 1.4 * torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(0))


def with_sensor(**effects: Any) -> camsim.Profile:
    profile = camsim.load("machine-vision/imx250")
    return profile.model_copy(update={"sensor": profile.sensor.replace(effects)})


def test_every_effect_is_a_file_and_a_key() -> None:
    assert set(EFFECTS) <= set(Sensor.model_fields)
    for name in EFFECTS:
        module = importlib.import_module(f"camsim.sensor.{name}")
        if hasattr(module, "__path__"):  # a folder of several kinds
            continue
        members = vars(module).values()
        specs = [m for m in members if inspect.isclass(m) and issubclass(m, Spec) and m.__module__.endswith(name)]
        assert len(specs) == 1, name
    files = {module.name for module in pkgutil.iter_modules(camsim.sensor.__path__)}
    assert set(EFFECTS) <= files


def test_results_do_not_depend_on_batch_order_or_threads() -> None:
    camera = SensorModule(sensor(**ALL), fused=True).float()
    check_independence(camera, scenes(4, 33, 71))
    assert set(camera.further) >= {*GAINS, *NESTED, "read_noise_shape"}


@pytest.mark.parametrize(
    "nothing",
    [
        {"adc_noise": 0.0},
        {"digital_gain": 1.0},
        {"analog_gain": 1.0},
        {"black_drift": {"sigma": 0.0}},
        {"blooming": {"drained": 1.0}},
        {"adc_nonlinearity": {}},
        {"stuck_pixels": {}},
        {"hot_pixels": {"fraction": 0.0, "median": 100.0}, "exposure_time": 1.0},
        {"exposure_time": 1.0},
    ],
    ids=lambda given: next(iter(given)),
)
def test_an_effect_of_strength_zero_is_none(nothing: dict[str, Any]) -> None:
    scene = scenes(2, 9, 12).double()
    with torch.no_grad():
        pair = [SensorModule(sensor(read_noise=2.0, **more))(scene, 3, [0, 1]) for more in (nothing, {})]
    assert torch.equal(*pair)


def test_parameters_are_exactly_the_knobs_and_carry_gradients() -> None:
    spec = sensor(**ALL)
    camera = SensorModule(spec)
    names = {f"{path}.{field}" for path, part in spec.parts().items() for field in part.knobs()}
    assert {f"sensor.{name}" for name, _ in camera.named_parameters()} == names
    assert "sensor.exposure_time" not in sensor(exposure_time=1.0).knobs()
    scene = scenes(1, 24, 24).double().requires_grad_()
    camera(scene, 0, [0]).square().sum().backward()
    assert scene.grad is not None
    for name, parameter in camera.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert (parameter.grad != 0).all(), name


def test_moments_are_the_exact_ones() -> None:
    """Light, warmth, heavy-tailed read noise, drift and ADC noise behind all gains, within four errors."""
    more: dict[str, Any] = {
        **{"read_noise": 4.0, "read_noise_shape": -0.1, "analog_gain": 2.0, "adc_noise": 5.0, "digital_gain": 2.0},
        **{"dark_current": 100.0, "exposure_time": 1.0, "black_drift": {"sigma": 4.0}},
        **{"bit_depth": 16, "white_level": 65535.0},
    }
    camera = SensorModule(sensor(**more))
    frames = torch.full((6000, 3, 4, 4), 0.3, dtype=torch.float64)
    with torch.no_grad():
        dn = camera(frames, 1, range(6000))[:, 0].numpy()
    k, light = 3.0, 0.3 * 8000 + 100
    variance = 4 * (k**2 * (light + 16) + 25 + 16 + 1 / 12)  # the digital gain of 2 multiplies rounding too
    mean = 500 + 2 * k * light
    shared = 4 * 16 / 6000  # of the drift, which all pixels of a frame share
    assert abs(dn.mean() - mean) < 4 * np.sqrt(variance / dn.size + shared)
    assert abs(dn.var() / variance - 1) < 4 * np.sqrt(2 / dn.size + 2 * (64 / variance) ** 2 / 6000)


def test_a_profile_with_them_is_written_read_and_told_apart(tmp_path: Path) -> None:
    profile = with_sensor(**ALL)
    camsim.save(profile, tmp_path / "one.yaml")
    assert camsim.load(tmp_path / "one.yaml") == profile
    knobs = profile.knobs()
    assert knobs["sensor.hot_pixels.median"].unit == "e-/s"
    assert {name for name, _ in camsim.compile(profile).named_parameters()} == set(knobs)
    turned = profile.with_knobs({"sensor.hot_pixels.median": 400.0, "sensor.read_noise": 1.0}, name="turned")
    assert {row[0] for row in differences(profile, turned)} == {"sensor.hot_pixels.median", "sensor.read_noise"}
    assert "sensor.hot_pixels.median" in turned.provenance
    assert {"sensor.hot_pixels", "sensor.stuck_pixels.low"} <= profile.field_paths()
    assert "sensor.hot_pixels.median" not in camsim.load("machine-vision/imx250").field_paths()


def test_an_error_says_where_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "one.yaml"
    camsim.save(with_sensor(**ALL), path)
    text = path.read_text(encoding="utf-8").replace("drained: 0.4", "drained: 4")
    path.write_text(text, encoding="utf-8")
    line = next(place for place, row in enumerate(text.splitlines(), 1) if "drained" in row)
    with pytest.raises(CamsimError, match=rf"one\.yaml:{line}: sensor\.blooming\.drained: must lie in \[0, 1\], got 4"):
        camsim.load(path)


def test_every_knob_of_the_sensor_belongs_to_a_group() -> None:
    profile = with_sensor(**ALL, row_noise=1.0, column_noise=1.0, prnu=1.0, dsnu=1.0)
    for knob in profile.knobs():
        if knob.startswith("sensor."):
            assert sum(group.holds_knob(profile, knob) for group in GROUPS.values()) == 1, knob


def test_a_search_turns_them() -> None:
    wide = {"sensor.hot_pixels.median": Range(interval=(100.0, 900.0)), "sensor.read_noise": Range(relative=0.5)}
    profile = with_sensor(**ALL).model_copy(update={"search": wide})
    space = Space.of(profile, "noise")
    low, high = (space.at(np.full(space.size, place)).sensor for place in (0.0, 1.0))
    assert low.hot_pixels is not None
    assert high.hot_pixels is not None
    assert (low.hot_pixels.median, high.hot_pixels.median) == (100, 900)
    assert (low.read_noise, high.read_noise) == (1, 3)
    assert low.stuck_pixels == high.stuck_pixels == profile.sensor.stuck_pixels


def test_parts_of_two_sensors_can_be_exchanged() -> None:
    """Hot pixels belong to a unit and to the warmth: all of that is one part."""
    first, second = sensor(read_noise=2.0), sensor(**(ALL | {"analog_gain": 1.0, "digital_gain": 1.0}))
    parts = parts_that_differ(first, second)
    assert "dark_current" in parts
    assert "fixed_pattern" not in parts
    for part in parts:
        mixed = mix(first, second, {part})
        assert mix(mixed, second, set(parts_that_differ(mixed, second))) == second
    more = {"bit_depth": 16, "white_level": 65535.0, "system_gain": 6.0}
    other = sensor(**(ALL | more | {"black_drift": {"sigma": 3.0}}))
    levels = mix(first, other, {"levels"})
    assert levels.digital_gain == 1.3
    assert levels.gain == pytest.approx(first.gain * (65535 - 500) / (16383 - 500))
    assert mix(first, other, {"noise"}).hot_pixels == other.hot_pixels


@pytest.mark.parametrize("name", [*UNIT_EFFECTS, "blooming"])
def test_what_cannot_be_exported_is_refused(name: str) -> None:
    given: dict[str, Any] = {"prnu": 1.0, "dsnu": 1.0} | NESTED
    more = {"exposure_time": 1.0} if name == "hot_pixels" else {}
    camera = camsim.compile(with_sensor(**{name: given[name]}, **more))
    with pytest.raises(CamsimError, match=rf"{name}.* cannot be exported"):
        CameraGraph(camera, "scene")
    CameraGraph(camera, "raw")


def test_every_key_of_the_sensor_goes_with_a_part() -> None:
    """A key that no part takes along would be lost between two devices."""
    alone = {"system_gain", "white_level", "exposure", "response", "iso"}
    assert {*LEVEL_FIELDS, *NOISE_FIELDS} | alone == set(Sensor.model_fields)
    assert not {*LEVEL_FIELDS} & {*NOISE_FIELDS}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_a_gpu_gives_the_same_values_and_gradients() -> None:
    results = []
    for place in ("cpu", "cuda"):
        camera = SensorModule(sensor(**ALL)).to(place)
        scene = scenes(2, 40, 30).double().to(place).requires_grad_()
        dn = camera(scene, 3, [0, 1])
        gradients = torch.autograd.grad(dn.square().mean(), [scene, *camera.parameters()])
        results.append([dn.detach().cpu(), *[gradient.cpu() for gradient in gradients]])
    for here, there in zip(*results, strict=True):
        assert (here - there).abs().max() <= 1e-6 * max(1.0, here.abs().max().item())


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of torch's exporter
def test_what_can_be_exported_gives_the_same() -> None:
    names = ("black_drift", "adc_nonlinearity")
    climate = {"temperature": 33.0, "reference_temperature": 25.0}
    camera = camsim.compile(with_sensor(**GAINS, **{name: NESTED[name] for name in names}, **climate))
    session = onnxruntime.InferenceSession(to_onnx(camera, "scene").SerializeToString())
    scene = scenes(2, 33, 46)
    with torch.no_grad():
        expected = camera(scene, seed=None).numpy()
    (found,) = session.run(None, {"scene": scene.numpy()})
    assert np.abs(found - expected).max() < 1e-5
