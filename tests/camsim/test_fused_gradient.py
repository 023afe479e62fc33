"""Gradients of the fused path against the plain one in float64, and against differences of its own values."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

import camsim
from camsim.kernels import run
from camsim.profile import Profile

from .fusing import (
    BILINEAR,
    BLACK,
    CCM,
    CLIP,
    MALVAR,
    MENON,
    NOT_NORMALISED,
    PHASES,
    POWER,
    SRGB,
    WB,
    StageDict,
    chain,
    clip,
    cross,
    gaussian,
    median,
    mosaic,
    threads,
    unsharp,
)

# What torch says of itself when torch.func.jvp is first used.
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")

KNOBS, INPUT = 1e-5, 1e-4
"""Relative to `scales`."""

CHAINS: dict[str, list[StageDict]] = {
    "bilinear, cross, gaussian, power": [BLACK, BILINEAR, WB, CCM, cross(), gaussian(), CLIP, POWER],
    "malvar, unsharp, srgb": [BLACK, MALVAR, WB, CCM, unsharp(), CLIP, SRGB],
    "matrices between filters of the luma": [BLACK, BILINEAR, gaussian(), CCM, unsharp(axis="vertical"), WB, SRGB],
    "filters of all channels": [BLACK, MALVAR, WB, gaussian("rgb"), cross("rgb"), unsharp("rgb"), CLIP, POWER],
    "luma, then all channels": [BLACK, BILINEAR, CCM, unsharp(), gaussian("rgb"), cross(), SRGB],
    "filters after the encoding": [BLACK, MALVAR, WB, CLIP, POWER, unsharp(), gaussian("rgb"), CLIP],
    "vertical after the encoding": [BLACK, BILINEAR, CCM, SRGB, unsharp("rgb", "vertical"), cross(), CLIP],
    "clip in the mosaic": [BLACK, clip(0.3, 0.5), BILINEAR, WB, POWER],
    "clip in mid-chain": [BLACK, MALVAR, clip(0.25, 0.6), WB, CCM, gaussian(), clip(0.3, 0.5), SRGB],
    "clip of encoded values": [BLACK, BILINEAR, WB, POWER, clip(0.6, 0.75)],
    "clip before and after srgb": [BLACK, BILINEAR, WB, clip(0.25, 0.7), SRGB, clip(0.6, 0.75)],
    "power above 1": [BLACK, BILINEAR, CCM, {**POWER, "gamma": 0.6}],
    "not normalised": [NOT_NORMALISED, MALVAR, WB, CLIP, SRGB],
    "no matrix": [BLACK, BILINEAR, SRGB],
}
each_chain = pytest.mark.parametrize("stages", CHAINS.values(), ids=CHAINS)


def gradients(camera: camsim.Emulator, raw: Tensor) -> dict[str, Tensor]:
    """Of the ISP's knobs and the mosaic, of a sum that every pixel enters with another, positive weight."""
    raw = raw.detach().clone().requires_grad_()
    knobs = {name: knob for name, knob in camera.named_parameters() if name.startswith("isp.")}
    loss = (camera.develop(raw) * weights(raw).to(raw.dtype)).square().sum()
    found = torch.autograd.grad(loss, [raw, *knobs.values()])
    return dict(zip(["mosaic", *knobs], found, strict=True))


def weights(raw: Tensor) -> Tensor:
    generator = torch.Generator().manual_seed(8)
    return 0.5 + torch.rand(raw.shape[0], 3, *raw.shape[-2:], generator=generator, dtype=torch.float64)


def scales(camera: camsim.Emulator, raw: Tensor, exact: dict[str, Tensor]) -> dict[str, Tensor]:
    """What an error of a gradient is measured by: the largest entry of the same knob's, and of the mosaic's.

    What an amount or a width of a filter changes at one pixel it takes back at the next, and the sum over pixels nearly
    vanishes: there, the sum of the pixels' absolute shares.
    """
    found = {}
    for name, gradient in exact.items():
        found[name] = gradient.abs().max()
        if name.endswith((".amount", ".radius", ".sigma")):
            knob = camera.get_parameter(name).detach()

            def turned(value: Tensor, name: str = name) -> Tensor:
                image: Tensor = torch.func.functional_call(camera.isp, {name.removeprefix("isp."): value}, (raw,))
                return image

            image, slope = torch.func.jvp(turned, (knob,), (torch.ones_like(knob),))
            found[name] = (2 * weights(raw).square() * image * slope).detach().abs().sum()
    return found


def assert_gradients_agree(profile: Profile, raw: Tensor) -> None:
    fused, double = camsim.compile(profile, fused=True), camsim.compile(profile, dtype=torch.float64)
    path = fused._fused_isp(raw)
    assert path is not None
    assert path.has_gradient
    ours, exact = gradients(fused, raw), gradients(double, raw.double())
    scale = scales(double, raw.double(), exact)
    assert ours.keys() == exact.keys()
    for name, gradient in ours.items():
        assert gradient.dtype == torch.float32
        off = (gradient - exact[name]).abs().max() / scale[name]
        assert off <= (INPUT if name == "mosaic" else KNOBS), (name, float(off))


@each_chain
@pytest.mark.parametrize("cfa", PHASES)
def test_every_adjoint_operation_on_every_phase(stages: list[StageDict], cfa: str) -> None:
    profile = chain(*stages, cfa=cfa)
    assert_gradients_agree(profile, mosaic(profile, 2, 17, 31, low=0.2, high=0.7))


@each_chain
@pytest.mark.parametrize("size", [(2, 2), (3, 2), (2, 5), (5, 7), (16, 16), (15, 33)], ids="{0[0]}x{0[1]}".format)
def test_every_size(stages: list[StageDict], size: tuple[int, int]) -> None:
    profile = chain(*stages, cfa="GBRG")
    assert_gradients_agree(profile, mosaic(profile, 2, *size, low=0.25, high=0.65, seed=1))


@each_chain
def test_several_tiles(stages: list[StageDict], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "TILE_HEIGHT", 10)
    monkeypatch.setattr(run, "TILE_WIDTH", 32)
    monkeypatch.setattr(run, "SMALLEST_TILE", 1)
    profile = chain(*stages, cfa="GRBG")
    assert_gradients_agree(profile, mosaic(profile, 2, 33, 75, low=0.2, high=0.7, seed=2))


def test_tiles_and_threads_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mosaic's gradient to the bit; a knob's is a sum over tiles in float64, rounded once."""
    profile = chain(*CHAINS["malvar, unsharp, srgb"])
    raw = mosaic(profile, 2, 40, 70)
    camera = camsim.compile(profile, fused=True)
    with threads(1):
        expected = gradients(camera, raw)
    for height, width, count in ((8, 16, 1), (40, 32, 2), (16, 80, 3)):
        monkeypatch.setattr(run, "TILE_HEIGHT", height)
        monkeypatch.setattr(run, "TILE_WIDTH", width)
        with threads(count):
            found = gradients(camera, raw)
        for name, gradient in found.items():
            if name == "mosaic":
                assert torch.equal(gradient, expected[name])
            else:
                torch.testing.assert_close(gradient, expected[name], rtol=1e-6, atol=0)


def test_values_below_black_and_above_white_get_none() -> None:
    """Where the mosaic is clipped; the values lie well away from the limits."""
    profile = chain(BLACK, clip(0.0, 0.9), BILINEAR, WB, POWER)
    raw = mosaic(profile, 1, 12, 20, low=0.3, high=0.5)
    raw[..., 2::5, 3::4], raw[..., 1::7, 1::5] = 100.0, 4000.0
    clipped = (raw == 100) | (raw == 4000)
    assert 10 < clipped.sum() < 100
    assert_gradients_agree(profile, raw)
    gradient = gradients(camsim.compile(profile, fused=True), raw)["mosaic"]
    assert torch.equal(gradient == 0, clipped)


def test_black_through_a_power_has_the_chords_slope() -> None:
    """As camsim.isp.gamma.power says: 1e-6 ** (1 / 2.2 - 1), and not the infinity of the formula."""
    profile = chain(BLACK, BILINEAR, POWER)
    black, white = (torch.tensor(level).reshape(2, 2).tile(4, 4) for level in (profile.raw_format.black, (4095.0,) * 4))
    raw = black[None, None].clone().requires_grad_()
    camsim.compile(profile, fused=True).develop(raw).sum().backward()
    # One in each channel: what a pixel hands on to all pixels, white - black DN being 1.
    shares = torch.tensor([[4.0, 2.0], [2.0, 4.0]]).tile(4, 4)
    assert raw.grad is not None
    inside = (..., slice(2, -2), slice(2, -2))
    expected = shares * 1e-6 ** (1 / 2.2 - 1) / (white - black)
    torch.testing.assert_close(raw.grad[0, 0][inside], expected[inside], rtol=1e-5, atol=0)


def test_frozen_knobs_and_a_mosaic_alone() -> None:
    profile = chain(*CHAINS["bilinear, cross, gaussian, power"])
    raw = mosaic(profile, 1, 9, 14)
    camera = camsim.compile(profile, fused=True)
    both = gradients(camera, raw)

    def loss(raw: Tensor) -> Tensor:
        return (camera.develop(raw) * weights(raw).float()).square().sum()

    loss(raw).backward()
    for name, knob in camera.named_parameters():
        if name.startswith("isp."):
            assert torch.equal(knob.grad, both[name]), name  # type: ignore[arg-type]
        else:
            assert knob.grad is None
    camera.requires_grad_(False)
    alone = raw.clone().requires_grad_()
    loss(alone).backward()
    assert alone.grad is not None
    assert torch.equal(alone.grad, both["mosaic"])
    assert not camera.develop(raw).requires_grad
    camera.get_parameter("isp.gamma.gamma").requires_grad_()
    [gamma] = torch.autograd.grad(loss(raw), camera.get_parameter("isp.gamma.gamma"))
    assert torch.equal(gamma, both["isp.gamma.gamma"])


@each_chain
def test_values_with_a_gradient_are_those_without(stages: list[StageDict]) -> None:
    profile = chain(*stages)
    raw = mosaic(profile, 2, 13, 22)
    camera = camsim.compile(profile, fused=True)
    with_gradient = camera.develop(raw)
    assert with_gradient.requires_grad
    with torch.no_grad():
        assert torch.equal(camera.develop(raw), with_gradient)


@each_chain
def test_differences_of_its_own_values(stages: list[StageDict]) -> None:
    """Independent of the plain path: the sum moves as the gradient says, along a direction in knobs and mosaic."""
    profile = chain(*stages, cfa="BGGR")
    raw = mosaic(profile, 2, 12, 18, low=0.25, high=0.65)
    camera, double = camsim.compile(profile, fused=True), camsim.compile(profile, dtype=torch.float64)
    found = gradients(camera, raw)
    scale = scales(double, raw.double(), found)
    generator = torch.Generator().manual_seed(5)
    values = {name: knob.detach().clone() for name, knob in camera.named_parameters()}
    for name in found:
        value = raw if name == "mosaic" else values[name]
        size = 0.3 * value.abs() if name == "mosaic" else value.abs().clamp_min(0.1)
        direction = size * torch.sign(found[name]) * (0.5 + torch.rand(value.shape, generator=generator))
        expected = (found[name].double() * direction).sum()

        def moved(step: float, name: str = name, direction: Tensor = direction) -> Tensor:
            with torch.no_grad():
                given = raw + step * direction if name == "mosaic" else raw
                knobs = {} if name == "mosaic" else {name: values[name] + step * direction}
                picture = torch.func.functional_call(camera, knobs, (given,), {"mosaic": True})
                return (picture.double() * weights(raw)).square().sum()

        step = 2e-3
        slope = (moved(step) - moved(-step)) / (2 * step)
        largest = abs(expected) if name == "mosaic" else scale[name] * direction.abs().sum()
        assert abs(slope - expected) <= 0.01 * largest, name


@pytest.mark.parametrize(
    "stages",
    [[BLACK, MENON, WB, CLIP, POWER], [BLACK, BILINEAR, median(), CLIP, SRGB], [BLACK, MALVAR, median("rgb", 5), SRGB]],
    ids=["menon", "median 3", "median 5"],
)
def test_chains_without_an_adjoint_go_stage_by_stage(stages: list[StageDict]) -> None:
    profile = chain(*stages)
    raw = mosaic(profile, 1, 14, 20)
    fused, plain = camsim.compile(profile, fused=True), camsim.compile(profile, fused=False)
    ours, theirs = gradients(fused, raw), gradients(plain, raw)
    for name, gradient in ours.items():
        assert torch.equal(gradient, theirs[name]), name
    assert torch.equal(fused.develop(raw), plain.develop(raw))
    with torch.no_grad():
        assert (fused.develop(raw) - plain.develop(raw)).abs().max() <= 5e-6


def test_chains_whose_adjoint_reaches_too_far_go_stage_by_stage() -> None:
    """Forwards 81 px, backwards twice that."""
    profile = chain(BLACK, BILINEAR, gaussian(sigma=10.0), unsharp(radius=10.0), CLIP, SRGB)
    raw = mosaic(profile, 1, 24, 26)
    fused, plain = camsim.compile(profile, fused=True), camsim.compile(profile, fused=False)
    ours, theirs = gradients(fused, raw), gradients(plain, raw)
    assert all(torch.equal(gradient, theirs[name]) for name, gradient in ours.items())
    with torch.no_grad():
        assert (fused.develop(raw) - plain.develop(raw)).abs().max() <= 5e-6


@pytest.mark.parametrize("width", [3, 26, 250])
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_gradient_that_is_no_number_leaves_nothing_behind(bad: float, width: int) -> None:
    camera = camsim.compile(chain(BLACK, BILINEAR, WB, CCM, gaussian(), CLIP, POWER), fused=True)
    raw = mosaic(camera.profile, 1, 12, width)
    before = gradients(camera, raw)
    for other in (raw, mosaic(camera.profile, 1, 12, 300)):
        image = camera.develop(other)
        torch.autograd.grad(image, list(camera.isp.parameters()), torch.full_like(image, bad))
    for name, gradient in gradients(camera, raw).items():
        assert torch.equal(gradient, before[name]), name


def test_sums_of_some_tiles_at_a_time_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    camera = camsim.compile(chain(BLACK, BILINEAR, WB, CCM, cross(), CLIP, POWER), fused=True)
    raw = mosaic(camera.profile, 3, 70, 300)
    found = []
    for most in (2**21, 1):
        monkeypatch.setattr(run, "MOST_SUMS", most)
        camera.zero_grad()
        camera.develop(raw).square().sum().backward()
        found.append({name: knob.grad for name, knob in camera.named_parameters() if knob.grad is not None})
    assert found[0].keys() == found[1].keys()
    for name, gradient in found[0].items():
        torch.testing.assert_close(found[1][name], gradient, rtol=1e-6, atol=1e-6 * float(gradient.abs().max()))
