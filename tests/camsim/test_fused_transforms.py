"""torch.func and the fused path: knobs turned for one call, mapped over, differentiated."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.func import functional_call, grad, jacrev, jvp, vmap

import camsim
from camsim import emulator
from camsim.errors import CamsimError

from .fusing import (
    BILINEAR,
    BLACK,
    CCM,
    CLIP,
    MALVAR,
    MENON,
    POWER,
    SRGB,
    WB,
    StageDict,
    chain,
    gaussian,
    median,
    mosaic,
    unsharp,
)

LINEAR: list[StageDict] = [BLACK, MALVAR, WB, CCM, unsharp(), gaussian(), CLIP, POWER]
DIRECTIONAL: list[StageDict] = [BLACK, MENON, WB, CCM, unsharp(), median(), CLIP, POWER]
PROFILE = chain(*LINEAR)
each_chain = pytest.mark.parametrize("stages", [LINEAR, DIRECTIONAL], ids=["linear", "directional"])

FACTORS = (0.9, 1.0, 1.07)
KNOBS = ["black_level.level", "white_balance.gains", "color_matrix.matrix", "sharpen.radius", "gamma.gamma"]


@pytest.fixture
def camera() -> camsim.Emulator:
    return camsim.compile(PROFILE, fused=True)


@pytest.fixture(scope="module")
def raw() -> Tensor:
    return mosaic(PROFILE, 2, 13, 21, low=0.2)


def settings(camera: camsim.Emulator, *names: str) -> dict[str, Tensor]:
    """Three values for each knob."""
    return {
        f"isp.{name}": torch.stack([f * camera.get_parameter(f"isp.{name}").detach() for f in FACTORS])
        for name in names
    }


def apart(camera: camsim.Emulator, values: dict[str, Tensor], index: int, **how: bool | None) -> camsim.Emulator:
    """A camera of its own with one of the settings."""
    with torch.no_grad():
        other = camsim.compile(camera.profile, **how)  # type: ignore[arg-type]
        for name, value in values.items():
            other.get_parameter(name).copy_(value[index])
    return other


@pytest.mark.parametrize("with_gradient", [True, False], ids=["gradients on", "gradients off"])
@each_chain
def test_develop_each_is_each_camera_apart(raw: Tensor, stages: list[StageDict], with_gradient: bool) -> None:
    camera = camsim.compile(chain(*stages))
    values = settings(camera, *KNOBS)
    with torch.set_grad_enabled(with_gradient):
        many = camera.develop_each(raw, values)
        assert many.shape == (3, *raw.shape[:1], 3, *raw.shape[2:])
        for index, picture in enumerate(many):
            single = apart(camera, values, index).develop(raw)
            if stages is LINEAR or not with_gradient:
                assert torch.equal(picture, single)
            else:  # vmap of the plain path multiplies matrices in another order
                torch.testing.assert_close(picture, single, rtol=0, atol=1e-5)
    assert (many[0] - many[1]).abs().max() > 0.01


@pytest.mark.parametrize("fused", [None, False])
@pytest.mark.parametrize("stages", [LINEAR, DIRECTIONAL], ids=["linear", "directional"])
def test_develop_each_of_large_frames(
    raw: Tensor, monkeypatch: pytest.MonkeyPatch, stages: list[StageDict], fused: bool | None
) -> None:
    """Which the plain path cuts into tiles."""
    monkeypatch.setattr(emulator, "TILED_FROM", 1)
    camera = camsim.compile(chain(*stages), fused=fused)
    values = settings(camera, "gamma.gamma", "white_balance.gains")
    many = camera.develop_each(raw, values)
    for index, picture in enumerate(many):
        torch.testing.assert_close(picture, apart(camera, values, index).develop(raw), rtol=0, atol=1e-5)


def test_develop_each_has_the_gradients_of_each(camera: camsim.Emulator, raw: Tensor) -> None:
    values = {name: value.requires_grad_() for name, value in settings(camera, *KNOBS).items()}
    camera.develop_each(raw, values).square().sum().backward()
    for index in range(3):
        other = apart(camera, values, index, fused=True)
        other.develop(raw).square().sum().backward()
        for name, value in values.items():
            assert value.grad is not None
            assert torch.equal(value.grad[index], other.get_parameter(name).grad), name  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({}, "needs the values of at least one knob"),
        (
            {"isp.gama.gamma": torch.ones(3)},
            "'isp.gama.gamma' is not a knob of the ISP.*did you mean 'isp.gamma.gamma'",
        ),
        ({"sensor.read_noise": torch.ones(3)}, "'sensor.read_noise' is not a knob of the ISP"),
        ({"isp.white_balance.gains": torch.ones(3)}, r"shape \('K', 3\), K the same for all, got \(3,\)"),
        ({"isp.gamma.gamma": torch.ones(3), "isp.sharpen.radius": torch.ones(2)}, r"\('K',\), K the same.*got \(2,\)"),
    ],
    ids=["none", "misspelt", "sensor", "shape", "numbers"],
)
def test_develop_each_refuses(camera: camsim.Emulator, raw: Tensor, knobs: dict[str, Tensor], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        camera.develop_each(raw, knobs)


@pytest.mark.parametrize("name", KNOBS)
def test_a_knob_turned_for_one_call(camera: camsim.Emulator, raw: Tensor, name: str) -> None:
    before = camera.develop(raw)
    values = settings(camera, name)
    for index in range(3):
        for grad_enabled in (True, False):
            with torch.set_grad_enabled(grad_enabled):
                once = functional_call(camera, {f"isp.{name}": values[f"isp.{name}"][index]}, (raw,), {"mosaic": True})
            assert torch.equal(once, apart(camera, values, index, fused=True).develop(raw))
    assert torch.equal(camera.develop(raw), before)


def test_the_first_call_may_be_inside_a_transform(raw: Tensor) -> None:
    """When the chain is lowered: what is then the knob is no number yet."""
    values = settings(camsim.compile(PROFILE), "gamma.gamma", "sharpen.radius")

    def develop(knobs: dict[str, Tensor]) -> Tensor:
        result: Tensor = functional_call(fresh, knobs, (raw,), {"mosaic": True})
        return result

    expected = camsim.compile(PROFILE).develop_each(raw, values)
    fresh = camsim.compile(PROFILE)
    assert torch.equal(vmap(develop)(values), expected)
    fresh = camsim.compile(PROFILE)
    with torch.no_grad():
        assert torch.equal(vmap(develop)(values), expected)
    assert torch.equal(fresh.develop(raw), camsim.compile(PROFILE).develop(raw))


def loss_of(camera: camsim.Emulator, raw: Tensor, name: str) -> object:
    def loss(value: Tensor) -> Tensor:
        result: Tensor = functional_call(camera, {f"isp.{name}": value}, (raw,), {"mosaic": True}).square().mean()
        return result

    return loss


@pytest.mark.parametrize("name", KNOBS)
def test_grad_and_vmap_of_grad(camera: camsim.Emulator, raw: Tensor, name: str) -> None:
    values = settings(camera, name)[f"isp.{name}"]
    loss = loss_of(camera, raw, name)
    expected = []
    for index in range(3):
        other = apart(camera, {f"isp.{name}": values}, index, fused=True)
        [found] = torch.autograd.grad(other.develop(raw).square().mean(), other.get_parameter(f"isp.{name}"))
        expected.append(found)
        torch.testing.assert_close(grad(loss)(values[index]).detach(), found, rtol=1e-6, atol=0)
    torch.testing.assert_close(vmap(grad(loss))(values).detach(), torch.stack(expected), rtol=1e-6, atol=0)


def test_grad_of_the_mosaic_and_of_a_mapped_call(camera: camsim.Emulator, raw: Tensor) -> None:
    expected = raw.clone().requires_grad_()
    camera.develop(expected).square().sum().backward()
    assert expected.grad is not None
    found = grad(lambda mosaic: camera.develop(mosaic).square().sum())(raw)
    assert torch.equal(found.detach(), expected.grad)
    gammas = torch.tensor([2.0, 2.2, 2.4])

    def total(values: Tensor) -> Tensor:
        return camera.develop_each(raw, {"isp.gamma.gamma": values}).square().sum()

    loss = loss_of(camera, raw, "gamma.gamma")
    single = torch.stack([grad(loss)(gamma) for gamma in gammas]) * raw.shape[0] * 3 * 13 * 21
    torch.testing.assert_close(grad(total)(gammas).detach(), single.detach(), rtol=1e-5, atol=0)


def test_jacobian(camera: camsim.Emulator, raw: Tensor) -> None:
    def means(gains: Tensor) -> Tensor:
        result: Tensor = functional_call(camera, {"isp.white_balance.gains": gains}, (raw,), {"mosaic": True})
        return result.mean((0, 2, 3))

    gains = camera.get_parameter("isp.white_balance.gains")
    rows = [torch.autograd.grad(means(gains)[channel], gains)[0] for channel in range(3)]
    torch.testing.assert_close(jacrev(means)(gains.detach()).detach(), torch.stack(rows), rtol=1e-5, atol=1e-8)


def test_second_derivatives_are_refused(camera: camsim.Emulator, raw: Tensor) -> None:
    """Also where the gradient that comes in is constant, and a silent zero would be easy."""
    mosaic = raw.clone().requires_grad_()
    for image in (camera.develop(mosaic), camera.develop(mosaic).square()):
        [first] = torch.autograd.grad(image.sum(), mosaic, create_graph=True)
        with pytest.raises(CamsimError, match="no second derivative; compile the camera with fused=False"):
            first.square().sum().backward()
    loss = loss_of(camera, raw, "gamma.gamma")
    with pytest.raises(CamsimError, match="no second derivative"):
        grad(grad(loss))(torch.tensor(2.2))  # type: ignore[arg-type]
    plain = camsim.compile(PROFILE, fused=False)
    assert torch.isfinite(grad(grad(loss_of(plain, raw, "gamma.gamma")))(torch.tensor(2.2)))  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")
def test_forward_mode_is_refused(camera: camsim.Emulator, raw: Tensor) -> None:
    with pytest.raises(CamsimError, match="no forward-mode derivative; compile the camera with fused=False"):
        jvp(loss_of(camera, raw, "gamma.gamma"), (torch.tensor(2.2),), (torch.tensor(1.0),))  # type: ignore[arg-type]


def test_knobs_are_read_at_every_call(camera: camsim.Emulator, raw: Tensor) -> None:
    """In whichever way they were changed."""

    def expected(gamma: float) -> Tensor:
        return camsim.compile(PROFILE.with_knobs({"isp.gamma.gamma": gamma})).develop(raw)

    knob = camera.get_parameter("isp.gamma.gamma")
    with torch.no_grad():
        camera.develop(raw)
        knob.fill_(2.0)
        assert torch.equal(camera.develop(raw), expected(2.0))
        knob.data.fill_(1.8)
        assert torch.equal(camera.develop(raw), expected(1.8))
        knob.data = torch.tensor(1.6)
        assert torch.equal(camera.develop(raw), expected(1.6))
        camera.isp.gamma.gamma = torch.nn.Parameter(torch.tensor(1.4))
        assert torch.equal(camera.develop(raw), expected(1.4))
        camera.load_state_dict(camsim.compile(PROFILE).state_dict())
        assert torch.equal(camera.develop(raw), expected(2.2))
        for gamma in (1.5, 1.7, 1.9):  # each may lie where the one before lay
            turned = {"isp.gamma.gamma": torch.nn.Parameter(torch.tensor(gamma))}
            assert torch.equal(functional_call(camera, turned, (raw,), {"mosaic": True}), expected(gamma))
    optimizer = torch.optim.SGD(camera.parameters(), lr=0.1)
    camera.develop(raw).square().mean().backward()
    optimizer.step()
    with torch.no_grad():
        values = {name: value.tolist() for name, value in camera.named_parameters()}
        again = camsim.compile(PROFILE)
        for name, value in values.items():
            again.get_parameter(name).copy_(torch.tensor(value))
        assert torch.equal(camera.develop(raw), again.develop(raw))
        assert not torch.equal(camera.develop(raw), expected(2.2))


def test_inference_mode(raw: Tensor) -> None:
    expected = camsim.compile(PROFILE).develop(raw)
    with torch.inference_mode():
        inside = camsim.compile(PROFILE)
        assert torch.equal(inside.develop(raw), expected)
    with torch.no_grad():
        assert torch.equal(inside.develop(raw), expected)


def test_the_scale_follows_the_level_knob() -> None:
    """White less level, at each site."""
    profile = chain(BLACK, BILINEAR, SRGB, cfa="GBRG")
    raw = mosaic(profile, 1, 8, 8)
    camera = camsim.compile(profile, fused=True)
    level = torch.tensor([300.0, 200.0, 250.0, 100.0])
    turned = functional_call(camera, {"isp.black_level.level": level}, (raw,), {"mosaic": True})
    exact = camsim.compile(profile.with_knobs({"isp.black_level.level": level.numpy()}), dtype=torch.float64)
    assert (turned - exact.develop(raw.double())).abs().max() < 2e-6
