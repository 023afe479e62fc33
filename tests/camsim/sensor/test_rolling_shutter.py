"""Rolling shutter: banding under flicker, skew of what moves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.integrate
import scipy.ndimage
import torch
from pydantic import ValidationError
from torch import Tensor

import camsim
from camsim.errors import CamsimError
from camsim.export import CameraGraph
from camsim.sensor import SampleId, SensorModule
from camsim.sensor.rolling_shutter import flicker_gain, skewed
from camsim.validation import validate

from .sensors import sensor

FLICKER = {"line_time": 20.0, "flicker_frequency": 100.0, "flicker_depth": 0.6}


def number(value: float) -> Tensor:
    return torch.tensor(value, dtype=torch.float64)


def shoot(
    scene: Tensor, seed: int | None, ids: list[SampleId] | None = None, time: float = 0.003, **more: Any
) -> Tensor:
    spec = sensor(exposure_time=time, rolling_shutter=more)
    with torch.no_grad():
        dn: Tensor = SensorModule(spec).to(scene.dtype)(scene, seed, list(range(len(scene))) if ids is None else ids)
    return dn


def even(height: int, level: float = 0.5, width: int = 4) -> Tensor:
    return torch.full((1, 3, height, width), level, dtype=torch.float64)


def bands(dn: Tensor) -> Tensor:
    """(B, H) each row's light over 0.5."""
    return (dn.mean((1, 3)) - 500) / (1.5 * 8000 * 0.5)


@pytest.mark.parametrize(("duration", "phase"), [(0.0, 0.1), (0.003, 0.0), (0.0149, 0.77), (0.02, 0.3)])
def test_the_gain_is_the_integral_over_the_exposure(duration: float, phase: float) -> None:
    starts = np.linspace(0, 0.03, 7)
    ours = flicker_gain(torch.tensor(starts), number(duration), number(100.0), number(0.6), number(phase))

    def lamp(t: float) -> float:
        return float(1 + 0.6 * np.cos(2 * np.pi * (100 * t + phase)))

    wanted = [
        scipy.integrate.quad(lamp, start, start + duration)[0] / duration if duration else lamp(start)
        for start in starts
    ]
    np.testing.assert_allclose(ours, wanted, rtol=1e-10)


def test_period_and_amplitude_of_the_bands() -> None:
    """A period of 1 / (frequency x line time) = 500 rows; of depth x |sinc(frequency x exposure time)|."""
    rows = bands(shoot(even(1500), None, **FLICKER))[0].numpy()
    amplitude = 0.6 * np.sin(np.pi * 0.3) / (np.pi * 0.3)
    wanted = 1 + amplitude * np.cos(2 * np.pi * (np.arange(1500) / 500 + 0.15))
    np.testing.assert_allclose(rows, wanted, atol=1e-4)  # of rounding to DN
    spectrum = np.abs(np.fft.rfft(rows - rows.mean()))
    assert spectrum.argmax() == 3
    assert spectrum[3] / 750 == pytest.approx(amplitude, rel=1e-3)


@pytest.mark.parametrize("time", [0.01, 0.02, 0.05])
def test_an_exposure_of_whole_periods_has_no_bands(time: float) -> None:
    assert torch.equal(
        shoot(even(700), None, time=time, **FLICKER), shoot(even(700), None, **(FLICKER | {"flicker_depth": 0.0}))
    )


def test_all_rows_at_once_are_lighter_or_darker_together() -> None:
    rows = bands(shoot(even(40), None, **(FLICKER | {"line_time": 0.0, "flicker_phase": 0.85})))[0]
    wanted = 1 + 0.6 * np.sinc(0.3) * np.cos(2 * np.pi * (0.15 + 0.85))
    torch.testing.assert_close(rows, torch.full_like(rows, wanted), atol=1e-4, rtol=0)


def test_the_phase_is_drawn_for_each_sample_and_stays_its_own() -> None:
    scene = even(400, width=64).expand(6, 3, 400, 64).contiguous()
    whole = shoot(scene, 4, ["a", "b", "c", "d", "e", "f"], **FLICKER)
    found = [np.angle(np.fft.fft(row.numpy())[1]) for row in bands(whole)[:, :400]]
    assert np.std(found) > 0.5
    assert torch.equal(shoot(scene[[3]], 4, ["d"], **FLICKER), whole[[3]])
    assert torch.equal(shoot(scene[[5, 0]], 4, ["f", "a"], **FLICKER), whole[[5, 0]])
    fixed = bands(shoot(scene, 4, **(FLICKER | {"flicker_phase": 0.25})))
    assert (fixed - fixed.mean(0)).abs().max() < 0.02  # shot noise


def test_phases_are_spread_evenly() -> None:
    scene = even(2, width=2).expand(2000, 3, 2, 2).contiguous()
    lit = bands(shoot(scene, 1, time=0.0, **(FLICKER | {"line_time": 0.0, "flicker_depth": 1.0})))[:, 0]
    assert abs(float(lit.mean()) - 1) < 4 * np.sqrt(0.5 / 2000)
    assert abs(float(lit.var()) / 0.5 - 1) < 0.1


def test_flicker_is_light_and_not_warmth() -> None:
    """Dark current does not flicker."""
    spec = sensor(exposure_time=0.003, dark_current=1e5, rolling_shutter=FLICKER)
    with torch.no_grad():
        dn = SensorModule(spec)(even(700, 0.0), None, [0])
    assert (dn == 500 + 1.5 * 300).all()


def test_the_skew_of_an_upright_edge() -> None:
    """vx x line time = 0.2 px a row: an edge leans by that slope, and the middle row stays."""
    x = torch.arange(120, dtype=torch.float64)
    scene = torch.sigmoid((x - 60) / 2).expand(1, 3, 101, 120).contiguous()
    image = skewed(scene, torch.tensor([10_000.0, 0.0], dtype=torch.float64), number(20e-6), "bicubic")[0, 0]
    places = [float(np.interp(0.5, row[30:90].numpy(), np.arange(30, 90))) for row in image]
    slope, middle = np.polyfit(np.arange(101) - 50, places, 1)
    assert slope == pytest.approx(0.2, rel=1e-3)
    assert middle == pytest.approx(60, abs=1e-3)


def test_rows_are_those_of_the_picture_a_little_later() -> None:
    """Row by row against scipy's shift of the whole picture."""
    generator = torch.Generator().manual_seed(3)
    scene = torch.rand(2, 3, 25, 31, dtype=torch.float64, generator=generator)
    velocity, line = (4000.0, -2500.0), 30e-6
    ours = skewed(scene, torch.tensor(velocity, dtype=torch.float64), number(line), "bilinear")
    for row in (5, 12, 19):
        late = (row - 12) * line
        for sample in range(2):
            moved = scipy.ndimage.shift(
                scene[sample, 1].numpy(), (velocity[1] * late, velocity[0] * late), order=1, mode="mirror"
            )
            np.testing.assert_allclose(ours[sample, 1, row], moved[row], atol=1e-12)


def test_a_picture_that_falls_with_its_readout_is_stretched() -> None:
    """vy x line time = 0.25: what spans 100 rows of the picture spans 100 / (1 - 0.25) of the frame."""
    y = torch.arange(400, dtype=torch.float64)[:, None]
    scene = ((y - 199.5).abs() < 50).double().expand(1, 3, 400, 8).contiguous()
    image = skewed(scene, torch.tensor([0.0, 25_000.0], dtype=torch.float64), number(10e-6), "bilinear")
    assert float(image[0, 0, :, 0].sum()) == pytest.approx(100 / 0.75, abs=1)


def test_nothing_moves_without_velocity_or_line_time() -> None:
    scene = torch.rand(1, 3, 9, 12, dtype=torch.float64, generator=torch.Generator().manual_seed(5))
    still = shoot(scene, 3, **{"line_time": 20.0, "velocity": [0.0, 0.0]})
    at_once = shoot(scene, 3, **{"line_time": 0.0, "velocity": [500.0, 300.0]})
    with torch.no_grad():
        plain = SensorModule(sensor())(scene, 3, [0])
    assert torch.equal(still, plain)
    assert torch.equal(at_once, plain)


def test_gradients() -> None:
    knobs = [number(value).requires_grad_() for value in (0.003, 100.0, 0.6)]
    start = torch.linspace(0, 0.02, 5, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(flicker_gain, (start, *knobs, number(0.3).requires_grad_()))
    generator = torch.Generator().manual_seed(4)
    scene = torch.rand(1, 3, 7, 8, dtype=torch.float64, generator=generator).requires_grad_()
    velocity = torch.tensor([0.27, -0.093], dtype=torch.float64, requires_grad=True)
    line = number(1.0).requires_grad_()
    assert torch.autograd.gradcheck(lambda *given: skewed(*given, "bicubic"), (scene, velocity, line))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_every_knob_has_a_gradient(dtype: torch.dtype) -> None:
    more = FLICKER | {"velocity": [4000.0, 2000.0], "flicker_phase": 0.2}
    module = SensorModule(sensor(exposure_time=0.003, rolling_shutter=more)).to(dtype)
    scene = torch.rand(1, 3, 24, 24, dtype=dtype, generator=torch.Generator().manual_seed(1)).requires_grad_()
    dn = module(scene, None, [0])
    assert dn.dtype == dtype
    dn.square().sum().backward()
    for name, parameter in module.named_parameters():
        if name.startswith("rolling_shutter") or name == "exposure_time":
            assert parameter.grad is not None, name
            assert (parameter.grad != 0).all(), name


def test_float32_sees_the_same() -> None:
    more = FLICKER | {"velocity": [4000.0, 2000.0]}
    scene = torch.rand(2, 3, 33, 41, generator=torch.Generator().manual_seed(1))
    single, double = (shoot(scene.to(dtype), None, **more) for dtype in (torch.float32, torch.float64))
    assert (single.double() - double).abs().max() <= 1


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"line_time": 20.0}, "line_time changes nothing without flicker_frequency"),
        ({"line_time": 20.0, "flicker_depth": 0.5}, "flicker_frequency, in Hz, and flicker_depth go together"),
        ({"line_time": 20.0, "velocity": [1.0, 1.0], "flicker_phase": 0.5}, "flicker_phase changes nothing"),
        ({"line_time": 20.0, "velocity": [0.0, 6e4]}, "the picture would outrun its readout"),
        (FLICKER | {"flicker_depth": 1.5}, r"must lie in \[0, 1\], got 1.5"),
    ],
)
def test_what_makes_no_sense_is_refused(changes: dict[str, Any], match: str) -> None:
    with pytest.raises(ValidationError, match=match):
        sensor(exposure_time=0.01, rolling_shutter=changes)


def test_flicker_needs_the_exposure_time() -> None:
    with pytest.raises(ValidationError, match=r"rolling_shutter\.flicker_frequency needs exposure_time, in s"):
        sensor(rolling_shutter=FLICKER)
    assert "exposure_time" in sensor(exposure_time=0.01, rolling_shutter=FLICKER).knobs()
    moving = {"line_time": 20.0, "velocity": [100.0, 0.0]}
    assert "exposure_time" not in sensor(exposure_time=0.01, rolling_shutter=moving).knobs()


def with_shutter() -> camsim.Profile:
    profile = camsim.load("machine-vision/imx250")
    more = {"exposure_time": 0.004, "rolling_shutter": FLICKER | {"velocity": [300.0, 0.0]}}
    return profile.model_copy(update={"sensor": profile.sensor.replace(more)})


def test_in_a_profile(tmp_path: Any) -> None:
    profile = with_shutter()
    camsim.save(profile, tmp_path / "one.yaml")
    assert camsim.load(tmp_path / "one.yaml") == profile
    camera = camsim.compile(profile)
    assert {name for name, _ in camera.named_parameters()} == set(profile.knobs())
    assert profile.knobs()["sensor.rolling_shutter.line_time"].unit == "us"
    with torch.no_grad():
        dark = camera(torch.full((1, 3, 40, 40), 0.4), seed=1)
    assert 0 < dark.mean() < 1


def test_an_export_says_that_it_leaves_it_out_of_the_graph() -> None:
    with pytest.raises(CamsimError, match="rolling_shutter differs from frame to frame and cannot be exported"):
        CameraGraph(camsim.compile(with_shutter()), "scene")
    CameraGraph(camsim.compile(with_shutter()), "raw")


def test_the_laboratory_has_steady_light() -> None:
    found, plain = (validate(profile, size=64) for profile in (with_shutter(), camsim.load("machine-vision/imx250")))
    assert [one.measured for one in found.quantities] == [one.measured for one in plain.quantities]
