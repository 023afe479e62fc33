"""The knobs of the compiled emulator: names, gradients, turning them for one call."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.func import functional_call, grad, vmap

import camsim
from camsim.profile import Profile


@pytest.fixture(scope="module")
def camera(every_stage: Profile) -> camsim.Emulator:
    return camsim.compile(every_stage)


@pytest.fixture(scope="module")
def double(every_stage: Profile) -> camsim.Emulator:
    return camsim.compile(every_stage, dtype=torch.float64)


def scenes(batch: int = 1, height: int = 20, width: int = 22, dtype: torch.dtype = torch.float32) -> Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.rand(batch, 3, height, width, generator=generator, dtype=torch.float64).to(dtype)


def test_parameters_are_exactly_the_knobs(camera: camsim.Emulator, every_stage: Profile) -> None:
    assert {name for name, _ in camera.named_parameters()} == set(every_stage.knobs()) == set(camera.knobs)
    assert "isp.sharpen_2.radius" in camera.knobs
    assert "isp.denoise_2.sigma" in camera.knobs


def test_knobs_show_the_values_of_now(every_stage: Profile) -> None:
    camera = camsim.compile(every_stage)
    with torch.no_grad():
        camera.get_parameter("isp.white_balance.gains").mul_(1.1)
    np.testing.assert_allclose(camera.knobs["isp.white_balance.gains"].value, [2.2, 1.1, 1.65], rtol=1e-6)
    assert camera.knobs["isp.white_balance.gains"].bounds == (-16, 16)
    assert camera.knobs["sensor.read_noise"].unit == "e-"
    again = every_stage.with_knobs({name: knob.value for name, knob in camera.knobs.items()})
    assert torch.equal(camsim.compile(again)(scenes()), camera(scenes()))


def test_gradients_reach_every_knob_and_the_scene(every_stage: Profile) -> None:
    dim_well = every_stage.with_knobs({"sensor.full_well": 3000.0})  # so that some pixels saturate
    camera = camsim.compile(dim_well, dtype=torch.float64)
    scene = scenes(dtype=torch.float64).requires_grad_()
    camera(scene).square().sum().backward()
    for name, parameter in camera.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert (parameter.grad != 0).all(), name
    assert scene.grad is not None
    assert torch.isfinite(scene.grad).all()
    assert (scene.grad != 0).any()


@pytest.mark.parametrize("name", ["seed/microscope/ma-u-ga", "seed/drone/me-s-me", "reference/srgb"])
def test_gradients_of_shipped_profiles_are_finite(name: str) -> None:
    camera = camsim.compile(name)
    camera(scenes()).square().sum().backward()
    for knob, parameter in camera.named_parameters():
        assert parameter.grad is not None, knob
        assert torch.isfinite(parameter.grad).all(), knob


def turn(camera: camsim.Emulator, name: str, factor: float) -> Tensor:
    return camera.get_parameter(name).detach() * factor


def test_a_knob_turned_for_one_call_is_as_in_the_profile(every_stage: Profile, double: camsim.Emulator) -> None:
    scene = scenes(dtype=torch.float64)
    before = double(scene)
    for name in ("sensor.exposure", "isp.white_balance.gains", "isp.gamma.gamma", "isp.sharpen_2.amount"):
        turned = turn(double, name, 0.9)
        once = functional_call(double, {name: turned}, (scene,))
        anew = camsim.compile(every_stage.with_knobs({name: turned.numpy()}), dtype=torch.float64)(scene)
        assert (once - anew).abs().max() < 1e-12
        assert (once - before).abs().max() > 1e-3
    assert torch.equal(double(scene), before)


@pytest.mark.parametrize(
    ("name", "knob"),
    [
        (name, knob.removeprefix("isp."))
        for name in ("seed/drone/me-u-ga", "seed/microscope/ma-s-me")
        for knob in camsim.load(name).knobs()
        if knob.startswith("isp.")
    ],
)
def test_vmap_over_a_knob(name: str, knob: str) -> None:
    camera = camsim.compile(name, dtype=torch.float64)
    raw = camera.capture(scenes()).detach()
    values = torch.stack([turn(camera, f"isp.{knob}", factor) for factor in (0.95, 1.0, 1.02)])

    def develop(value: Tensor) -> Tensor:
        result: Tensor = functional_call(camera.isp, {knob: value}, (raw,))
        return result

    many = vmap(develop)(values)
    for value, picture in zip(values, many, strict=True):
        assert (develop(value) - picture).abs().max() < 1e-9
    per_value = vmap(grad(lambda value: develop(value).square().mean()))(values)
    assert per_value.shape == values.shape
    assert torch.isfinite(per_value).all()
