"""The fused path on every phase and size, cut into tiles and threads in any way."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

import camsim
from camsim.kernels import run
from camsim.kernels.threads import run_on_threads
from camsim.profile import Profile

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
    chain,
    cross,
    developed,
    exact_and_bound,
    gaussian,
    median,
    mosaic,
    threads,
    unsharp,
)

CHAINS = {
    "bilinear": [BLACK, BILINEAR, WB, CCM, cross(), gaussian(sigma=0.5), CLIP, POWER],
    "malvar": [BLACK, MALVAR, WB, CCM, unsharp(), gaussian("rgb"), CLIP, SRGB],
    "menon": [BLACK, MENON, WB, CCM, unsharp(axis="vertical"), median(size=5), CLIP, SRGB, median("rgb"), CLIP],
}
SIZES = [(2, 2), (2, 3), (3, 2), (5, 7), (15, 16), (16, 17), (17, 31), (7, 32), (4, 33), (20, 300), (300, 20)]

each_chain = pytest.mark.parametrize("stages", CHAINS.values(), ids=CHAINS)


@each_chain
@pytest.mark.parametrize("cfa", PHASES)
@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
def test_every_phase_and_size(stages: list[dict[str, object]], cfa: str, size: tuple[int, int]) -> None:
    """2e-6 of range where the curve is not steep; in the shadows what float32 must be off by, see `exact_and_bound`."""
    profile = chain(*stages, cfa=cfa)
    raw = mosaic(profile, 2, *size)
    exact, bound = exact_and_bound(profile, raw)
    error = (developed(profile, raw, fused=True) - exact).abs()
    assert error[exact > 0.25].max() <= 2e-6
    assert (error <= bound).all()


@each_chain
def test_phases_differ(stages: list[dict[str, object]]) -> None:
    """Otherwise the test above could not fail."""
    raw = mosaic(chain(*stages), 1, 17, 31)
    images = [developed(chain(*stages, cfa=cfa), raw, fused=True) for cfa in PHASES]
    for i, image in enumerate(images):
        assert all((image - other).abs().max() > 0.05 for other in images[:i])


@pytest.fixture(scope="module", params=CHAINS.values(), ids=[*CHAINS])
def whole(request: pytest.FixtureRequest) -> tuple[Profile, Tensor, Tensor]:
    """A profile, two mosaics, and their pictures made in one tile each by one thread."""
    profile = chain(*request.param)
    raw = mosaic(profile, 2, 67, 83)
    with threads(1), pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "TILE_HEIGHT", 128)
        patch.setattr(run, "TILE_WIDTH", 128)
        return profile, raw, developed(profile, raw, fused=True)


@pytest.mark.parametrize(
    ("height", "width"), [(1, 16), (2, 48), (7, 64), (16, 16), (33, 32), (64, 80), (67, 96), (256, 256)]
)
def test_tiles_do_not_show(
    whole: tuple[Profile, Tensor, Tensor], monkeypatch: pytest.MonkeyPatch, height: int, width: int
) -> None:
    profile, raw, expected = whole
    monkeypatch.setattr(run, "TILE_HEIGHT", height)
    monkeypatch.setattr(run, "TILE_WIDTH", width)
    monkeypatch.setattr(run, "SMALLEST_TILE", 1)
    assert torch.equal(developed(profile, raw, fused=True), expected)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("smallest", [8, 64])
def test_threads_do_not_show(
    whole: tuple[Profile, Tensor, Tensor], monkeypatch: pytest.MonkeyPatch, count: int, smallest: int
) -> None:
    profile, raw, expected = whole
    monkeypatch.setattr(run, "SMALLEST_TILE", smallest)
    with threads(count):
        assert torch.equal(developed(profile, raw, fused=True), expected)


@pytest.mark.parametrize(("size", "expected"), [((64, 64), 1), ((512, 512), 3)], ids=["small", "large"])
def test_other_threads_are_woken_where_it_pays(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], expected: int
) -> None:
    profile = chain(*CHAINS["bilinear"])
    used: list[int] = []

    def counted(work: Callable[[], None], threads: int) -> None:
        used.append(threads)
        run_on_threads(work, threads)

    monkeypatch.setattr(run, "run_on_threads", counted)
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        developed(profile, mosaic(profile, 1, *size), fused=True)
    finally:
        torch.set_num_threads(before)
    assert used == [expected]


def test_a_batch_is_its_samples(whole: tuple[Profile, Tensor, Tensor]) -> None:
    profile, raw, expected = whole
    camera = camsim.compile(profile, fused=True)
    with torch.no_grad():
        single = torch.cat([camera.develop(sample[None]) for sample in raw])
        many = camera.develop(raw[[1, 0, 0, 1, 1]])
    assert torch.equal(single, expected)
    assert torch.equal(many, expected[[1, 0, 0, 1, 1]])


def test_strided_mosaics_are_read_right(whole: tuple[Profile, Tensor, Tensor]) -> None:
    profile, raw, expected = whole
    strided = raw.transpose(2, 3).contiguous().transpose(2, 3)
    assert not strided.is_contiguous()
    assert torch.equal(developed(profile, strided, fused=True), expected)
    assert torch.equal(developed(profile, raw[1:], fused=True), expected[1:])
    assert torch.equal(developed(profile, raw[:1].expand(3, -1, -1, -1), fused=True), expected[[0, 0, 0]])


@each_chain
@pytest.mark.parametrize("size", [(2, 2), (9, 16), (17, 31), (20, 300)], ids="{0[0]}x{0[1]}".format)
def test_integers_are_read_as_they_are(stages: list[dict[str, object]], size: tuple[int, int]) -> None:
    profile = chain(*stages)
    dn = mosaic(profile, 2, *size).round()
    expected = developed(profile, dn, fused=True)
    for dtype in (torch.uint16, torch.int32, torch.float64):
        camera = camsim.compile(profile, fused=None)
        with torch.no_grad():
            image = camera.develop(dn.to(dtype))
        if dtype is torch.float64:  # which the plain path takes
            assert (image - expected).abs().max() < 1e-5
        else:
            assert torch.equal(image, expected)


def test_the_whole_range_of_uint16() -> None:
    """65535 read as a signed number would be -1."""
    profile = camsim.load("seed/drone/bi-s-ga")
    dn = torch.linspace(0, 65535, 24 * 40).reshape(1, 1, 24, 40).round()
    assert torch.equal(developed(profile, dn.to(torch.uint16), fused=True), developed(profile, dn, fused=True))


@pytest.mark.parametrize("size", [(2, 2), (9, 16), (17, 31), (20, 300), (70, 47)], ids="{0[0]}x{0[1]}".format)
@pytest.mark.parametrize("low", [-0.05, 0.15], ids=["clipped", "unclipped"])
@pytest.mark.parametrize(
    "stages",
    [*CHAINS.values(), [BLACK, BILINEAR, WB, POWER], [BLACK, BILINEAR, SRGB]],
    ids=[*CHAINS, "power of negative light", "srgb of negative light"],
)
def test_bytes_are_true_roundings(stages: list[dict[str, object]], size: tuple[int, int], low: float) -> None:
    profile = chain(*stages)
    raw = mosaic(profile, 2, *size, low=low, high=0.6 if low > 0 else 1.2)
    camera = camsim.compile(profile, fused=True)
    with torch.no_grad():
        floats, bytes_ = camera.develop(raw), camera.develop(raw, dtype=torch.uint8)
    assert bytes_.dtype == torch.uint8
    assert torch.equal(bytes_, (floats.clamp(0, 1) * 255).round().to(torch.uint8))
    if low < 0 and size == (20, 300):
        assert bytes_.min() == 0
        assert bytes_.max() == 255
    of_integers = camera.develop(raw.round().to(torch.uint16), dtype=torch.uint8)
    assert torch.equal(of_integers, camera.develop(raw.round(), dtype=torch.uint8))


def test_bytes_round_halves_to_even() -> None:
    """A chain that hands on what it gets: the DN are chosen so that the light is (k + 1/2) / 255."""
    profile = chain({"kind": "black_level", "level": 0.0, "white": 510.0}, BILINEAR, {**POWER, "gamma": 1.0})
    dn = torch.arange(1, 510, 2).float()
    camera = camsim.compile(profile, fused=True)
    with torch.no_grad():
        flat = [camera.develop(torch.full((1, 1, 4, 6), value), dtype=torch.uint8) for value in dn.tolist()]
        light = [camera.develop(torch.full((1, 1, 4, 6), value))[0, 0, 0, 0] for value in dn.tolist()]
    for image, value in zip(flat, light, strict=True):
        assert (image == (value * 255).round()).all()
