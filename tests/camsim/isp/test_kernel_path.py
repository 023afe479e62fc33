"""Stages with a kernel of their own: what torch makes in float64, wherever a kernel may run; torch itself elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any, NamedTuple, NoReturn

import pytest
import torch
from torch import Tensor
from torch.autograd import forward_ad

import camsim
from camsim.cfa import RawFormat, phases, shifted
from camsim.isp import QuadRemosaic, XTrans
from camsim.isp.demosaic import x_trans
from camsim.spec import Stage, StageSpec

CLOSE = 2e-6
QUAD = sys.modules[QuadRemosaic.__module__]  # its name is that of a function, too


class Case(NamedTuple):
    """A stage, and how its module calls what makes the result."""

    spec: StageSpec
    cfa: str
    module: ModuleType
    formula: str
    period: int
    smallest: int
    reach: int


CASES = {
    "x_trans": Case(XTrans(balance=(2.3, 1.0, 1.6)), "x-trans", x_trans, "demosaic_x_trans", 6, 6, 6),
    "quad_remosaic": Case(QuadRemosaic(balance=(2.3, 1.0, 1.6)), "quad-RGGB", QUAD, "quad_remosaic", 4, 4, 4),
}
each = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
PHASES = [pytest.param(case, cfa, id=cfa) for case in CASES.values() for cfa in sorted(phases(case.cfa))]
SIZES = [(4, 4), (5, 7), (6, 6), (7, 9), (13, 8), (6, 96), (17, 97), (9, 288), (8, 290), (70, 577), (259, 12)]
"""One and several tiles, and whole vectors and one more, across; more than a tile down."""


def build(case: Case, dtype: torch.dtype = torch.float32, cfa: str | None = None) -> Stage:
    raw = RawFormat(cfa or case.cfa, (0.0,) * 4, (1.0,) * 4, 1.0)
    return case.spec.build(raw).to(dtype)


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def both(case: Case, raw: Tensor, cfa: str | None = None) -> tuple[Tensor, Tensor]:
    """By the kernel, and in float64."""
    return build(case, cfa=cfa)(raw), build(case, torch.float64, cfa)(raw.double())


def refuse(*arguments: Any) -> NoReturn:
    raise AssertionError("the other way was to be taken")


@pytest.fixture
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(("case", "cfa"), PHASES)
def test_every_phase_agrees_with_float64(case: Case, cfa: str) -> None:
    ours, expected = both(case, noise(1, 1, 22, 31), cfa)
    assert ours.dtype == torch.float32
    assert (ours - expected).abs().max() < CLOSE


@each
@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
def test_every_size_agrees_with_float64(case: Case, size: tuple[int, int]) -> None:
    if min(size) < case.smallest:
        return
    for cfa in sorted(phases(case.cfa))[:: case.period - 1]:
        ours, expected = both(case, noise(2, 1, *size), cfa)
        assert ours.shape == expected.shape
        assert (ours - expected).abs().max() < CLOSE


def pictures() -> dict[str, Tensor]:
    y, x = torch.meshgrid(torch.arange(40.0), torch.arange(51.0), indexing="ij")
    return {
        "black": torch.zeros(40, 51),
        "white": torch.ones(40, 51),
        "upright edge": (x > 23).float(),
        "lying edge": 0.1 + 0.6 * (y > 17),
        "slanted edge": 0.2 + 0.7 * (x + 2 * y > 70),
        "ramp": (x + y) / 100,
        "fine": 0.5 + 1e-4 * torch.sin(x * 1.3 + y * 0.4),
        "stripes": 0.5 + 0.5 * torch.cos(3.1 * x),
        "few bits": torch.round(7 * noise(40, 51)) / 7,
        "nearly even": 0.4 + 1e-3 * noise(40, 51),
        "below black": noise(40, 51) - 0.5,
    }


@each
@pytest.mark.parametrize("name", pictures())
def test_plain_and_difficult_pictures_agree_with_float64(case: Case, name: str) -> None:
    ours, expected = both(case, pictures()[name][None, None])
    assert (ours - expected).abs().max() < CLOSE


@each
def test_a_huge_frame_neither_overflows_nor_loses_digits(case: Case) -> None:
    ours, expected = both(case, 1e6 * noise(1, 1, 20, 30))
    assert (ours - expected).abs().max() < 1e6 * CLOSE


@each
def test_a_frame_does_not_depend_on_its_batch(case: Case) -> None:
    stage, raw = build(case), noise(5, 1, 33, 41)
    assert torch.equal(stage(raw), torch.cat([stage(one) for one in raw.split(1)]))


@each
def test_the_result_does_not_depend_on_threads(case: Case, threads: None) -> None:
    stage, raw = build(case), noise(2, 1, 300, 310)
    results = []
    for number in (1, 2, 3):
        torch.set_num_threads(number)
        results.append(stage(raw))
    assert torch.equal(results[0], results[1])
    assert torch.equal(results[0], results[2])


@each
def test_a_pixel_does_not_depend_on_its_place_in_the_tiles(case: Case) -> None:
    raw, inside = noise(1, 1, 290, 600), case.reach + 6
    whole = build(case)(raw)
    for down, right in ((1, 5), (18, 301), (260, 7)):
        cfa = shifted(case.cfa, down % case.period, right % case.period)
        if build(case, cfa=cfa)(raw[..., :12, :12]).shape[1] == 1:
            cfa, down, right = case.cfa, case.period * (down // case.period), case.period * (right // case.period)
        part = build(case, cfa=cfa)(raw[..., down:, right:])
        cut = (..., slice(inside, -inside), slice(inside, -inside))
        assert torch.equal(part[cut], whole[..., down:, right:][cut])


@each
def test_memory_of_any_layout_is_read(case: Case) -> None:
    stage, raw = build(case), noise(1, 1, 44, 60)
    assert torch.equal(stage(raw[..., ::2, ::3]), stage(raw[..., ::2, ::3].contiguous()))
    assert torch.equal(stage(raw.mT), stage(raw.mT.contiguous()))


@each
def test_an_empty_batch_stays_empty(case: Case) -> None:
    stage = build(case)
    assert stage(noise(0, 1, 20, 30)).shape == (0, *stage(noise(1, 1, 20, 30)).shape[1:])


@each
def test_the_kernel_is_taken_in_float32(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    stage, raw = build(case), noise(1, 1, 20, 30)
    expected = build(case, torch.float64)(raw.double())
    monkeypatch.setattr(case.module, case.formula, refuse)
    assert (stage(raw) - expected).abs().max() < CLOSE
    with torch.no_grad():
        stage(raw.requires_grad_())
    with torch.inference_mode():
        stage(noise(1, 1, 20, 30))


@each
def test_gradients_go_through_torch(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case.module, "_by_kernel", refuse)
    raw = noise(1, 1, 12, 14)
    ours = raw.clone().requires_grad_()
    (got,) = torch.autograd.grad(build(case)(ours).square().sum(), ours)
    exact = raw.double().requires_grad_()
    (expected,) = torch.autograd.grad(build(case, torch.float64)(exact).square().sum(), exact)
    assert expected.abs().max() > 0.1
    assert (got - expected).abs().max() < 1e-3 * expected.abs().max()


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")
@each
def test_transforms_and_exports_see_torch(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    stage, raw = build(case), noise(2, 1, 12, 18)
    expected = stage(raw)
    monkeypatch.setattr(case.module, "_by_kernel", refuse)
    mapped = torch.func.vmap(stage)(raw[:, None])
    assert (mapped[:, 0] - expected).abs().max() < CLOSE
    slope = torch.func.grad(lambda image: stage(image).sum())(raw)
    assert slope.abs().max() > 0.1
    value, change = torch.func.jvp(stage, (raw,), (torch.ones_like(raw),))
    assert (value - expected).abs().max() < CLOSE
    with forward_ad.dual_level():
        dual = forward_ad.unpack_dual(stage(forward_ad.make_dual(raw, torch.ones_like(raw))))
    assert (dual.tangent - change).abs().max() < 1e-4
    program = torch.export.export(stage, (raw,))
    assert (program.module()(raw) - expected).abs().max() < CLOSE


@each
def test_other_types_go_through_torch(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case.module, "_by_kernel", refuse)
    raw = noise(1, 1, 12, 18)
    assert build(case, torch.float64)(raw.double()).dtype == torch.float64
    assert build(case)(raw.double()).dtype == torch.float64
    assert build(case, torch.float64)(raw).dtype == torch.float64


@each
def test_a_frame_that_is_too_small_is_refused_as_before(case: Case) -> None:
    if case.smallest <= 2:
        return
    for size in ((case.smallest - 1, 20), (20, case.smallest - 1)):
        with pytest.raises(ValueError, match=f"needs at least {case.smallest}x{case.smallest} pixels, got {size[0]}x"):
            build(case)(noise(1, 1, *size))


@each
def test_a_default_device_that_is_not_the_frames_does_not_matter(case: Case) -> None:
    stage, raw = build(case), noise(1, 1, 19, 23)  # a size that no other test has: tables are kept
    with torch.device("meta"):
        ours = stage(raw)
    assert torch.equal(ours, stage(raw))


def test_cameras_take_it(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = camsim.compile("still/fujifilm-x-t2").double()
    camera = camsim.compile("still/fujifilm-x-t2").requires_grad_(False)
    with torch.no_grad():
        raw = exact.capture(noise(1, 3, 24, 36).double(), seed=1)
        expected = exact.develop(raw)
    monkeypatch.setattr(x_trans, "demosaic_x_trans", refuse)
    assert (camera.develop(raw.float()) - expected).abs().max() < CLOSE
