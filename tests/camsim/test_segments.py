"""Chains with plain stages in between what is fused, against the plain path in float64."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.func import functional_call, grad, jvp, vmap

import camsim
from camsim import emulator, segments
from camsim.cfa import BAYER
from camsim.errors import CamsimError
from camsim.isp.demosaic.half_size import HalfSizeStage
from camsim.isp.denoise.guided import GuidedDenoiseStage
from camsim.isp.green_equalization import GreenEqualizationStage
from camsim.isp.lens_shading.radial import RadialLensShadingStage
from camsim.isp.resize import ResizeStage
from camsim.isp.white_balance.grey_world import GreyWorldStage
from camsim.kernels import run
from camsim.kernels.program import CODE, Op
from camsim.lowering.chain import Chain
from camsim.profile import Profile
from camsim.spec import Stage

from .fusing import (
    BILINEAR,
    BLACK,
    CCM,
    CLIP,
    MALVAR,
    MENON,
    PHASES,
    POWER,
    SRGB,
    WB,
    StageDict,
    bilateral,
    chain,
    clip,
    cross,
    gaussian,
    median,
    mosaic,
    threads,
    unsharp,
)
from .test_fused_gradient import INPUT, KNOBS

# What torch says of itself when torch.func.jvp is first used.
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")

GUIDED: StageDict = {"kind": "denoise", "method": "guided", "radius": 2, "eps": 0.01}
CHROMA: StageDict = gaussian("chroma", 1.2)
GREY: StageDict = {"kind": "white_balance", "method": "grey_world"}
GREENS: StageDict = {"kind": "green_equalization", "threshold": 0.3}
RESIZE: StageDict = {"kind": "resize", "size": [23, 30]}
HALF: StageDict = {"kind": "demosaic", "method": "half_size"}
SHADING: StageDict = {"kind": "lens_shading", "method": "radial", "coefficients": [0.3, 0.1, 0.0]}

CHAINS: dict[str, tuple[list[StageDict], str]] = {
    "in the middle": ([BLACK, MALVAR, WB, CCM, GUIDED, unsharp(), CLIP, SRGB], "FPF"),
    "twice": ([BLACK, BILINEAR, WB, GUIDED, CCM, gaussian(), CHROMA, CLIP, POWER], "FPFPF"),
    "at the end": ([BLACK, BILINEAR, WB, CCM, CLIP, SRGB, GUIDED], "FP"),
    "on the mosaic": ([BLACK, GREENS, MALVAR, WB, CCM, cross(), CLIP, POWER], "FPF"),
    "of the whole frame": ([BLACK, BILINEAR, GREY, CCM, gaussian("rgb"), CLIP, SRGB], "FPF"),
    "by place, and then another": ([BLACK, MALVAR, SHADING, CHROMA, unsharp("rgb"), CLIP, SRGB], "FPPF"),
    "of another size": ([BLACK, MALVAR, WB, RESIZE, CCM, unsharp(), CLIP, SRGB], "FPF"),
    "half the size": ([BLACK, HALF, WB, CCM, gaussian(), CLIP, POWER], "FPF"),
    "after the encoding": ([BLACK, BILINEAR, WB, CLIP, SRGB, GUIDED, cross(), CLIP], "FPF"),
    "nothing worth a pass between two": ([BLACK, BILINEAR, WB, GUIDED, WB, CHROMA, CLIP, SRGB], "FPF"),
    "nothing worth a pass at the end": ([BLACK, BILINEAR, SRGB, GUIDED, CLIP], "FP"),
    "nothing worth a pass but together": ([BLACK, HALF, WB, CLIP, CCM, GUIDED, SRGB], "FPFPF"),
    "mosaics in and out": ([BLACK, clip(-0.5, 1.5), GREENS, clip(0.1, 0.9), BILINEAR, CLIP, SRGB], "FPF"),
}
each_chain = pytest.mark.parametrize(("stages", "pieces"), CHAINS.values(), ids=CHAINS)


def _stays_plain(stage: Stage) -> bool:
    kinds = (GuidedDenoiseStage, GreyWorldStage, GreenEqualizationStage, ResizeStage, HalfSizeStage)
    return isinstance(stage, (*kinds, RadialLensShadingStage)) or getattr(stage, "channels", "") == "chroma"


@pytest.fixture(autouse=True)
def some_stages_stay_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever row operations there are."""
    add = Chain.__dict__["add"]

    def taken(self: Chain, stage: Stage) -> None:
        if _stays_plain(stage):
            raise NotImplementedError
        add.__get__(self, Chain)(stage)

    monkeypatch.setattr(Chain, "add", taken)


def cut(camera: camsim.Emulator, *, backwards: bool = False) -> str:
    """F for what is fused, P for what is not."""
    made = camera._segments(torch.empty(1, 1, 2, 2), backwards)
    return "" if made is None else "".join(type(piece).__name__[1] for piece in made._pieces)


def all_three(profile: Profile, raw: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Of the chain in segments, plain in float32 and plain in float64."""
    with torch.no_grad():
        ours, plain = (camsim.compile(profile, fused=fused).develop(raw) for fused in (None, False))
        return ours, plain, camsim.compile(profile, dtype=torch.float64).develop(raw.double())


def assert_as_good_as_plain(profile: Profile, raw: Tensor) -> None:
    """2e-6 of range where the curve is not steep, or twice what the plain path in float32 is off; and so on average.

    In the shadows of x^(1/2.2) an error of one rounding in linear light is large on any path, and the largest of them a
    matter of luck.
    """
    ours, plain, exact = all_three(profile, raw)
    assert ours.dtype == torch.float32
    assert ours.shape == exact.shape
    error, theirs, lit = (ours - exact).abs(), (plain - exact).abs(), exact > 0.25
    assert lit.double().mean() > 0.5
    assert error[lit].max() <= max(2e-6, 2 * float(theirs[lit].max()))
    assert error.mean() <= 2 * theirs.mean() + 2.0**-23
    assert error.max() <= max(2e-5, 8 * float(theirs.max()))


@each_chain
def test_where_chains_are_cut(stages: list[StageDict], pieces: str) -> None:
    camera = camsim.compile(chain(*stages))
    assert cut(camera) == pieces
    assert not camera.is_fused
    assert cut(camsim.compile(chain(*stages), fused=False)) == ""


@each_chain
@pytest.mark.parametrize("cfa", PHASES)
def test_every_phase_agrees_with_float64(stages: list[StageDict], pieces: str, cfa: str) -> None:
    profile = chain(*stages, cfa=cfa)
    assert_as_good_as_plain(profile, mosaic(profile, 2, 17, 31, low=0.2, high=0.7))


@each_chain
@pytest.mark.parametrize("size", [(5, 7), (6, 5), (16, 16), (33, 20), (20, 300), (300, 21)], ids=str)
def test_every_size_agrees_with_float64(stages: list[StageDict], pieces: str, size: tuple[int, int]) -> None:
    profile = chain(*stages, cfa="GBRG")
    assert_as_good_as_plain(profile, mosaic(profile, 1, *size, low=0.2, high=0.7, seed=3))


@pytest.mark.parametrize("size", [(2, 2), (2, 3), (3, 2)], ids=str)
def test_the_smallest_images(size: tuple[int, int]) -> None:
    profile = chain(BLACK, BILINEAR, GREY, CCM, unsharp(), gaussian("rgb"), cross(), CLIP, SRGB)
    assert cut(camsim.compile(profile)) == "FPF"
    assert_as_good_as_plain(profile, mosaic(profile, 3, *size))


@each_chain
@pytest.mark.parametrize("given_dtype", [torch.float32, torch.uint16, torch.int32])
def test_integers_and_bytes(stages: list[StageDict], pieces: str, given_dtype: torch.dtype) -> None:
    profile = chain(*stages)
    camera = camsim.compile(profile)
    raw = mosaic(profile, 2, 19, 35).round()
    with torch.no_grad():
        image = camera.develop(raw)
        assert torch.equal(camera.develop(raw.to(given_dtype)), image)
        levels = camera.develop(raw.to(given_dtype), dtype=torch.uint8)
        assert torch.equal(levels, (image.clamp(0, 1) * 255).round().to(torch.uint8))
        for dtype, expected in ((None, image), (torch.uint8, levels)):
            out = torch.empty_like(expected)
            assert camera.develop(raw.to(given_dtype), dtype=dtype, out=out) is out
            assert torch.equal(out, expected)
    # With gradients on, neither bytes nor ``out`` have one.
    assert not camera.develop(raw.requires_grad_(), dtype=torch.uint8).requires_grad
    out = torch.empty_like(image)
    assert not camera.develop(raw, out=out).requires_grad
    assert torch.equal(out, image)


@each_chain
def test_a_mosaic_of_another_device_is_refused(stages: list[StageDict], pieces: str) -> None:
    camera = camsim.compile(chain(*stages))
    for dtype in (torch.float32, torch.float64, torch.int32, torch.uint16):
        for width in (9, 20):
            with pytest.raises(ValueError, match=r"reach from .* but lab/x gives DN from 0 to 4095"):
                camera.develop(torch.full((1, 1, 20, width), 5000, dtype=dtype))


@each_chain
def test_fused_true_names_the_plain_stage(stages: list[StageDict], pieces: str) -> None:
    with pytest.raises(
        CamsimError, match=r"fused=True is not possible: (denoise|white_balance|tone|green_eq|lens_|res|demos)"
    ):
        camsim.compile(chain(*stages), fused=True)


def test_fused_true_names_the_first_plain_stage() -> None:
    with pytest.raises(CamsimError, match=r"is not possible: denoise: this stage has no fused form; use fused=False$"):
        camsim.compile(chain(BLACK, BILINEAR, GUIDED, GREY, SRGB), fused=True)


@each_chain
def test_threads_do_not_show(stages: list[StageDict], pieces: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "SMALLEST_TILE", 8)
    profile = chain(*stages)
    raw = mosaic(profile, 1, 60, 70)
    made = []
    for count in (1, 2, 3):
        with threads(count), torch.no_grad():
            made.append(camsim.compile(profile).develop(raw))
    torch.testing.assert_close(made[1], made[0], rtol=0, atol=1e-6)  # torch's own sums depend on threads
    if GREY not in stages:
        assert torch.equal(made[1], made[0])
        assert torch.equal(made[2], made[0])


@pytest.mark.parametrize("plain", [[HALF], [GREENS, BILINEAR]], ids=["half size", "greens"])
def test_tiles_do_not_show(plain: list[StageDict], monkeypatch: pytest.MonkeyPatch) -> None:
    """Of passes over a mosaic that goes on, and over an image; forwards and backwards."""
    profile = chain(BLACK, clip(0.2, 0.6), *plain, WB, CCM, unsharp(), gaussian("rgb"), CLIP, SRGB)
    camera, raw = camsim.compile(profile), mosaic(profile, 2, 80, 150)
    with torch.no_grad():
        expected = camera.develop(raw)
    wanted = gradients_of(camera, raw)
    monkeypatch.setattr(run, "SMALLEST_TILE", 1)
    for height, width, count in ((7, 16, 1), (16, 32, 2), (40, 48, 3)):
        monkeypatch.setattr(run, "TILE_HEIGHT", height)
        monkeypatch.setattr(run, "TILE_WIDTH", width)
        with threads(count):
            with torch.no_grad():
                assert torch.equal(camera.develop(raw), expected)
            for name, gradient in gradients_of(camera, raw).items():
                torch.testing.assert_close(gradient, wanted[name], rtol=2e-5, atol=1e-9, msg=name)


def gradients_of(camera: camsim.Emulator, raw: Tensor) -> dict[str, Tensor]:
    """Of the ISP's knobs and the mosaic, of a sum that every pixel of the picture enters with another weight."""
    raw = raw.detach().clone().requires_grad_()
    knobs = {name: knob for name, knob in camera.named_parameters() if name.startswith("isp.")}
    image = camera.develop(raw)
    found = torch.autograd.grad((image * weights_of(image).to(image.dtype)).square().sum(), [raw, *knobs.values()])
    return dict(zip(["mosaic", *knobs], found, strict=True))


def weights_of(image: Tensor) -> Tensor:
    return 0.5 + torch.rand(image.shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)


def scale_of(camera: camsim.Emulator, raw: Tensor, name: str, gradient: Tensor) -> Tensor:
    """What an error is measured by: the largest entry; for a knob whose pixels' shares cancel, the sum of their sizes.

    See `test_fused_gradient.scales`.
    """
    if not name.endswith((".amount", ".radius", ".sigma", ".eps")):
        return gradient.abs().max()
    knob = camera.get_parameter(name).detach()

    def turned(value: Tensor) -> Tensor:
        image: Tensor = functional_call(camera.isp, {name.removeprefix("isp."): value}, (raw,))
        return image

    image, slope = jvp(turned, (knob,), (torch.ones_like(knob),))
    return (2 * weights_of(image).square() * image * slope).detach().abs().sum()


def assert_gradients_agree(profile: Profile, raw: Tensor) -> None:
    """With float64: within the limits of fused chains, or twice as far off as the plain path in float32."""
    double = camsim.compile(profile, dtype=torch.float64)
    ours, plain = gradients_of(camsim.compile(profile), raw), gradients_of(camsim.compile(profile, fused=False), raw)
    exact = gradients_of(double, raw.double())
    assert ours.keys() == exact.keys()
    for name, gradient in ours.items():
        size = scale_of(double, raw.double(), name, exact[name])
        off, plain_off = (float((found - exact[name]).abs().max() / size) for found in (gradient, plain[name]))
        assert off <= max(INPUT if name == "mosaic" else KNOBS, 2 * plain_off), (name, off, plain_off)


@each_chain
@pytest.mark.parametrize("cfa", ["RGGB", "GBRG"])
def test_gradients_of_every_chain(stages: list[StageDict], pieces: str, cfa: str) -> None:
    profile = chain(*stages, cfa=cfa)
    assert cut(camsim.compile(profile), backwards=True) == pieces
    assert_gradients_agree(profile, mosaic(profile, 2, 17, 31, low=0.25, high=0.65))


@pytest.mark.parametrize("size", [(5, 6), (16, 17), (33, 15)], ids=str)
@pytest.mark.parametrize("name", ["by place, and then another", "of the whole frame", "half the size"])
def test_gradients_of_every_size(name: str, size: tuple[int, int]) -> None:
    profile = chain(*CHAINS[name][0], cfa="GRBG")
    assert_gradients_agree(profile, mosaic(profile, 2, *size, low=0.25, high=0.65, seed=4))


@pytest.mark.parametrize(
    ("stages", "pieces"),
    [
        ([BLACK, MENON, WB, CCM, unsharp(), CLIP, POWER], "FPF"),
        ([BLACK, MALVAR, WB, CCM, median(), CLIP, SRGB], "FPF"),
        ([BLACK, BILINEAR, bilateral(), WB, CCM, CLIP, SRGB, median("rgb"), CLIP], "FPFP"),
        ([BLACK, BILINEAR, gaussian(sigma=10.0), unsharp(radius=10.0), CLIP, SRGB], "FF"),
    ],
    ids=["menon", "median", "bilateral and median", "far"],
)
def test_gradients_around_what_has_none_that_is_fused(stages: list[StageDict], pieces: str) -> None:
    """Forwards one pass, backwards several."""
    profile = chain(*stages)
    camera = camsim.compile(profile)
    assert camera.is_fused
    assert cut(camera, backwards=True) == pieces
    raw = mosaic(profile, 2, 24, 31, low=0.25, high=0.65)
    assert_gradients_agree(profile, raw)
    torch.testing.assert_close(
        camera.develop(raw), camsim.compile(profile, fused=False).develop(raw), rtol=0, atol=5e-6
    )


def test_filters_that_together_reach_too_far_take_two_passes() -> None:
    profile = chain(BLACK, BILINEAR, gaussian(sigma=10.0), gaussian(sigma=10.0), gaussian(sigma=5.0), SRGB)
    camera = camsim.compile(profile)
    assert cut(camera) == "FF"
    assert_as_good_as_plain(profile, mosaic(profile, 2, 31, 45))


def passes(camera: camsim.Emulator) -> list[list[Op]]:
    made = camera._segments(torch.empty(1, 1, 2, 2), False)
    assert made is not None
    fused = [piece._isp for piece in made._pieces if isinstance(piece, segments._Fused)]
    return [[Op(code) for code in isp.program.table[:, CODE]] for isp in fused]


def test_what_the_passes_do() -> None:
    first, second = passes(camsim.compile(chain(BLACK, BILINEAR, WB, GUIDED, CCM, gaussian(), CLIP, SRGB)))
    assert first == [Op.LOAD, Op.BILINEAR, Op.STORE]
    assert second == [Op.LOAD_IMAGE, Op.MATRIX, Op.HORIZONTAL, Op.VERTICAL, Op.STORE]


# Profiles that are shipped.

OTHERS = [
    profile
    for profile in camsim.select("all")
    if profile.sensor.cfa not in BAYER or profile.sensor.hdr is not None or profile.name.endswith("/parametrised")
]
"""Those that `test_fused_profiles` leaves out: fused, in segments, or stage by stage."""


@pytest.mark.parametrize("profile", OTHERS, ids=lambda profile: profile.name)
@pytest.mark.parametrize("size", [(38, 54), (37, 51)], ids=str)
def test_other_shipped_profiles(profile: Profile, size: tuple[int, int]) -> None:
    generator = torch.Generator().manual_seed(11)
    scene = 0.1 + 0.6 * torch.rand(2, 3, *size, generator=generator)
    with torch.no_grad():
        raw = camsim.compile(profile).capture(scene, seed=None)
    assert_as_good_as_plain(profile, raw)
    camera = camsim.compile(profile)
    with torch.no_grad():
        levels = camera.develop(raw.to(torch.uint16), dtype=torch.uint8)
        image = camera.develop(raw.to(torch.uint16))
    assert torch.equal(levels, (image.clamp(0, 1) * 255).round().to(torch.uint8))


@pytest.mark.parametrize("profile", OTHERS, ids=lambda profile: profile.name)
def test_gradients_of_other_shipped_profiles(profile: Profile) -> None:
    generator = torch.Generator().manual_seed(12)
    scene = 0.15 + 0.3 * torch.rand(1, 3, 24, 30, generator=generator)
    with torch.no_grad():
        raw = camsim.compile(profile).capture(scene, seed=None)
    assert_gradients_agree(profile, raw)


# Any chain.

CHANNELS = st.sampled_from(["luma", "rgb"])
FUSABLE = st.sampled_from(
    [
        WB,
        CCM,
        cross(),
        unsharp("rgb"),
        unsharp(axis="vertical"),
        gaussian(sigma=0.6),
        gaussian("rgb", 1.1),
        median(),
        CLIP,
    ]
)
PLAIN = st.sampled_from([GUIDED, CHROMA, GREY, SHADING, RESIZE, median("chroma")])
AFTER = st.sampled_from([GUIDED, CHROMA, RESIZE, median("chroma"), cross(), unsharp("rgb"), gaussian("rgb"), CLIP])


@st.composite
def chains(draw: st.DrawFn) -> list[StageDict]:
    stages = [
        BLACK,
        *draw(st.lists(st.sampled_from([CLIP, GREENS]), max_size=2)),
        draw(st.sampled_from([BILINEAR, MALVAR, HALF])),
        *draw(st.lists(st.one_of(FUSABLE, PLAIN), max_size=5)),
        CLIP,
        draw(st.sampled_from([SRGB, POWER])),
        *draw(st.lists(AFTER, max_size=3)),
    ]
    return stages


@settings(max_examples=80)
@given(chains(), st.sampled_from(PHASES), st.tuples(st.integers(6, 24), st.integers(6, 40)), st.integers(0, 9))
def test_any_chain_agrees_with_float64(stages: list[StageDict], cfa: str, size: tuple[int, int], seed: int) -> None:
    profile = chain(*stages, cfa=cfa)
    raw = mosaic(profile, 1, *size, low=0.25, high=0.6, seed=seed)
    ours, plain, exact = all_three(profile, raw)
    error, theirs, lit = (ours - exact).abs(), (plain - exact).abs(), exact > 0.25
    assert error.mean() <= 2 * theirs.mean() + 2.0**-22
    assert (error[lit] <= max(4e-6, 4 * float(theirs.max()))).all()


# torch.func, copies, other ways in.

MIXED = [BLACK, MALVAR, WB, GUIDED, unsharp(), GREY, CCM, gaussian("rgb"), CLIP, POWER, CHROMA]
TURNED = {
    "fused, first": "isp.white_balance.gains",
    "fused, in the middle": "isp.sharpen.amount",
    "fused, last": "isp.gamma.gamma",
    "plain": "isp.denoise.eps",
    "plain, last": "isp.denoise_3.sigma",
}


@pytest.fixture
def camera() -> camsim.Emulator:
    return camsim.compile(chain(*MIXED))


@pytest.fixture(scope="module")
def raw() -> Tensor:
    return mosaic(chain(*MIXED), 2, 14, 22, low=0.2)


def apart(camera: camsim.Emulator, name: str, value: Tensor) -> camsim.Emulator:
    other = camsim.compile(camera.profile)
    with torch.no_grad():
        other.get_parameter(name).copy_(value)
    return other


@pytest.mark.parametrize("name", TURNED.values(), ids=TURNED)
@pytest.mark.parametrize("with_gradient", [True, False])
def test_knobs_turned_for_a_call(camera: camsim.Emulator, raw: Tensor, name: str, with_gradient: bool) -> None:
    assert cut(camera) == "FPFPFP"
    base = camera.get_parameter(name).detach()
    values = torch.stack([base * factor for factor in (0.9, 1.0, 1.1)])
    with torch.set_grad_enabled(with_gradient):
        many = camera.develop_each(raw, {name: values})
        for value, picture in zip(values, many, strict=True):
            alone = apart(camera, name, value).develop(raw)
            torch.testing.assert_close(picture, alone, rtol=0, atol=2e-6)
            once = functional_call(camera, {name: value}, (raw,), {"mosaic": True})
            torch.testing.assert_close(once, alone, rtol=0, atol=2e-6)
    assert (many[0] - many[2]).abs().max() > 1e-4


@pytest.mark.parametrize("name", TURNED.values(), ids=TURNED)
def test_gradients_of_turned_knobs(camera: camsim.Emulator, raw: Tensor, name: str) -> None:
    base = camera.get_parameter(name).detach()
    values = torch.stack([base * factor for factor in (0.9, 1.0, 1.1)])

    def loss(value: Tensor) -> Tensor:
        image: Tensor = functional_call(camera, {name: value}, (raw,), {"mosaic": True})
        return image.square().mean()

    expected = []
    for value in values:
        other = apart(camera, name, value)
        expected += torch.autograd.grad(other.develop(raw).square().mean(), other.get_parameter(name))
    once = torch.stack([grad(loss)(value) for value in values])
    scale = max(float(gradient.abs().max()) for gradient in expected)
    torch.testing.assert_close(once.detach(), torch.stack(expected), rtol=1e-4, atol=1e-5 * scale)
    mapped = vmap(grad(loss))(values)
    torch.testing.assert_close(mapped.detach(), torch.stack(expected), rtol=1e-3, atol=1e-4 * scale)
    leaves = values.clone().requires_grad_()
    camera.develop_each(raw, {name: leaves}).square().mean((1, 2, 3, 4)).sum().backward()
    assert leaves.grad is not None
    torch.testing.assert_close(leaves.grad, torch.stack(expected), rtol=1e-3, atol=1e-4 * scale)


@pytest.mark.parametrize("name", ["mosaic", *TURNED.values()])
@pytest.mark.parametrize("with_gradient", [True, False])
def test_forward_mode_goes_stage_by_stage(raw: Tensor, name: str, with_gradient: bool) -> None:
    found = []
    for fused in (None, False):
        camera = camsim.compile(chain(*MIXED), fused=fused)

        def develop(value: Tensor, camera: camsim.Emulator = camera) -> Tensor:
            knobs, given = ({}, value) if name == "mosaic" else ({name: value}, raw)
            image: Tensor = functional_call(camera, knobs, (given,), {"mosaic": True})
            return image

        value = raw if name == "mosaic" else camera.get_parameter(name).detach()
        with torch.set_grad_enabled(with_gradient):
            found.append(jvp(develop, (value,), (torch.ones_like(value),)))
    assert found[1][1].abs().max() > 0
    for ours, plain in zip(*found, strict=True):
        torch.testing.assert_close(ours, plain, rtol=0, atol=float(1e-5 * plain.detach().abs().max()))


def test_second_derivatives_are_refused(camera: camsim.Emulator, raw: Tensor) -> None:
    given = raw.clone().requires_grad_()
    [first] = torch.autograd.grad(camera.develop(given).square().sum(), given, create_graph=True)
    with pytest.raises(CamsimError, match="no second derivative; compile the camera with fused=False"):
        first.square().sum().backward()


def test_integers_with_knobs_turned(camera: camsim.Emulator, raw: Tensor) -> None:
    dn = raw.round().to(torch.uint16)
    gammas = torch.tensor([2.0, 2.4])
    with torch.no_grad():
        from_integers = camera.develop_each(dn, {"isp.gamma.gamma": gammas})
        assert torch.equal(from_integers, camera.develop_each(raw.round(), {"isp.gamma.gamma": gammas}))


@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, lambda camera: pickle.loads(pickle.dumps(camera))],
    ids=["copy", "deep", "pickle"],
)
def test_copies_after_a_develop(camera: camsim.Emulator, raw: Tensor, copied: Any) -> None:
    expected = camera.develop(raw).detach()
    other = copied(camera)
    assert torch.equal(other.develop(raw), expected)
    if copied is not copy.copy:  # which shares its knobs
        with torch.no_grad():
            other.get_parameter("isp.sharpen.amount").fill_(0.0)
            other.get_parameter("isp.denoise.eps").fill_(1.0)
        assert (other.develop(raw) - expected).abs().max() > 1e-3
        assert torch.equal(camera.develop(raw), expected)


def test_knobs_are_read_at_every_call(camera: camsim.Emulator, raw: Tensor) -> None:
    with torch.no_grad():
        before = camera.develop(raw)
        for name in TURNED.values():
            knob = camera.get_parameter(name)
            kept = knob.clone()
            knob.mul_(1.2)
            turned = camera.develop(raw)
            assert torch.equal(turned, apart(camera, name, knob).develop(raw))
            assert not torch.equal(turned, before), name
            knob.copy_(kept)
        assert torch.equal(camera.develop(raw), before)


@pytest.mark.parametrize("stages", [MIXED, [BLACK, HALF, CLIP, SRGB], [BLACK, BILINEAR, GUIDED, CLIP, SRGB]])
def test_inference_mode_first(stages: list[StageDict]) -> None:
    """What was kept then may not stand in the way of a gradient."""
    profile = chain(*stages)
    camera, raw = camsim.compile(profile), mosaic(profile, 1, 12, 16)
    with torch.inference_mode():
        inside = camera.develop(raw)
    mosaics = raw.clone().requires_grad_()
    image = camera.develop(mosaics)
    torch.testing.assert_close(image, inside, rtol=0, atol=2e-6)
    image.sum().backward()
    assert mosaics.grad is not None
    with torch.inference_mode():
        made_inside = camsim.compile(profile)
        assert torch.equal(made_inside.develop(raw), inside)
    with torch.no_grad():
        assert torch.equal(made_inside.develop(raw), inside)


def test_frozen_knobs_and_the_gradient_of_the_mosaic(raw: Tensor) -> None:
    camera, plain = (camsim.compile(chain(*MIXED), fused=fused).requires_grad_(False) for fused in (None, False))
    found = []
    for other in (camera, plain):
        mosaics = raw.clone().requires_grad_()
        other.develop(mosaics).square().sum().backward()
        assert mosaics.grad is not None
        found.append(mosaics.grad)
    torch.testing.assert_close(found[0], found[1], rtol=0, atol=float(1e-4 * found[1].abs().max()))
    assert not camera.develop(raw).requires_grad


def test_tracing_looks_into_the_stages(camera: camsim.Emulator, raw: Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = camsim.compile(camera.profile, fused=False).develop(raw)
    assert not torch.equal(camera.develop(raw), plain)  # other roundings
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
    assert torch.equal(camera.develop(raw), plain)


def test_float64_goes_stage_by_stage(camera: camsim.Emulator, raw: Tensor) -> None:
    plain = camsim.compile(camera.profile, fused=False)
    assert torch.equal(camera.develop(raw.double()), plain.develop(raw.double()))
    double, plain = (camsim.compile(camera.profile, dtype=torch.float64, fused=fused) for fused in (None, False))
    assert torch.equal(double.develop(raw.double()), plain.develop(raw.double()))


def test_in_a_group(camera: camsim.Emulator, raw: Tensor) -> None:
    whole = camsim.compile(chain(BLACK, MALVAR, WB, CLIP, SRGB))
    group = camsim.CameraGroup([camera, whole, camera])
    assert not group.is_fused
    with torch.no_grad():
        for dtype in (None, torch.uint8):
            for one, image in zip(group.cameras, group.develop(raw, dtype=dtype), strict=True):
                assert torch.equal(image, one.develop(raw, dtype=dtype))


# Large frames.


@pytest.mark.parametrize(
    "stages",
    [
        MIXED,
        [BLACK, GREENS, MALVAR, GUIDED, unsharp(), CLIP, SRGB],
        [BLACK, GREENS, MENON, SHADING, CHROMA, RESIZE, CLIP, SRGB],
        [BLACK, BILINEAR, gaussian(), SRGB, GUIDED, CHROMA],
    ],
    ids=["mixed", "mosaic", "place and size", "at the end"],
)
def test_plain_stages_of_large_frames_go_tile_by_tile(stages: list[StageDict], monkeypatch: pytest.MonkeyPatch) -> None:
    profile = chain(*stages)
    raw = mosaic(profile, 2, 75, 101, low=0.2)
    with torch.no_grad():
        expected = camsim.compile(profile).develop(raw)
    whole = gradients_of(camsim.compile(profile), raw)
    tiles: list[tuple[int, ...]] = []
    develop_tiled = segments.develop_tiled

    def noted(isp: Any, image: Tensor, *how: int) -> Tensor:
        tiles.append(tuple(image.shape))
        return develop_tiled(isp, image, *how)

    monkeypatch.setattr(segments, "develop_tiled", noted)
    monkeypatch.setattr(segments, "TILED_FROM", 1)
    monkeypatch.setattr(segments, "TILE", 32)
    with torch.no_grad():
        made = camsim.compile(profile).develop(raw)
        levels = camsim.compile(profile).develop(raw, dtype=torch.uint8)
    assert tiles
    torch.testing.assert_close(made, expected, rtol=0, atol=2e-6)
    assert torch.equal(levels, (made.clamp(0, 1) * 255).round().to(torch.uint8))
    for name, gradient in gradients_of(camsim.compile(profile), raw).items():
        off = (gradient - whole[name]).abs().max() / whole[name].abs().max()
        assert off <= 1e-4, (name, float(off))


@pytest.mark.parametrize("name", ["phone/oppo-reno-10x-48mp", "still/fujifilm-x-t2"])
def test_tiles_of_other_cells(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    camera = camsim.compile(name)
    full = camera.profile.raw_format.full_scale
    raw = full * (0.2 + 0.4 * torch.rand(1, 1, 75, 101, generator=torch.Generator().manual_seed(1)))
    with torch.no_grad():
        expected = camsim.compile(name, dtype=torch.float64).develop(raw.double())
        for module in (segments, emulator):
            monkeypatch.setattr(module, "TILED_FROM", 1)
            monkeypatch.setattr(module, "TILE", 32)
        assert (camera.develop(raw) - expected).abs().max() < 1e-5


def test_develop_each_of_large_frames(camera: camsim.Emulator, raw: Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "TILED_FROM", 1)
    for name in TURNED.values():
        value = camera.get_parameter(name).detach()
        many = camera.develop_each(raw, {name: torch.stack([value, 1.1 * value])})
        for one, picture in zip((value, 1.1 * value), many, strict=True):
            torch.testing.assert_close(picture, apart(camera, name, one).develop(raw), rtol=0, atol=2e-6)
