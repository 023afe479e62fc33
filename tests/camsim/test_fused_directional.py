"""Hamilton-Adams and AHD demosaics in the fused path, against the plain path in float64."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

import camsim
from camsim.cfa import BAYER
from camsim.errors import CamsimError
from camsim.profile import Profile

from .fusing import BLACK, CCM, CLIP, SRGB, WB, StageDict, chain, mosaic, unsharp

CLOSE = 2e-6
HAMILTON_ADAMS: StageDict = {"kind": "demosaic", "method": "hamilton_adams"}
AHD: StageDict = {"kind": "demosaic", "method": "ahd"}
TOLD: StageDict = AHD | {"to_xyz": [[0.6, 0.3, 0.1], [0.25, 0.9, -0.1], [0.02, -0.1, 1.0]]}
METHODS = {"hamilton_adams": HAMILTON_ADAMS, "ahd": AHD, "ahd, its matrix told": TOLD}
each = pytest.mark.parametrize("demosaic", METHODS.values(), ids=METHODS)
SIZES = [(2, 2), (2, 9), (3, 3), (5, 4), (17, 31), (9, 257), (34, 300), (290, 7)]


def profile_of(demosaic: StageDict, cfa: str = "RGGB") -> Profile:
    return chain(BLACK, demosaic, WB, CCM, CLIP, SRGB, cfa=cfa)


def both(profile: Profile, raw: Tensor) -> tuple[Tensor, Tensor]:
    """Fused in float32, and stage by stage in float64."""
    with torch.no_grad():
        fused = camsim.compile(profile, fused=True).develop(raw)
        return fused, camsim.compile(profile, fused=False).double().develop(raw.double())


def decided_otherwise(fused: Tensor, plain: Tensor) -> int:
    """Pixels that are not close. AHD's choice hangs on whether one difference of colours is larger than another."""
    return int(((fused - plain).abs().amax(1) > CLOSE).sum())


@pytest.fixture
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@each
@pytest.mark.parametrize("cfa", BAYER)
def test_every_phase_agrees_with_float64(demosaic: StageDict, cfa: str) -> None:
    profile = profile_of(demosaic, cfa)
    fused, plain = both(profile, mosaic(profile, 2, 26, 37))
    assert (fused - plain).abs().max() < CLOSE


@each
@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
def test_every_size_agrees_with_float64(demosaic: StageDict, size: tuple[int, int]) -> None:
    for cfa in ("RGGB", "GBRG"):
        profile = profile_of(demosaic, cfa)
        fused, plain = both(profile, mosaic(profile, 1, *size))
        assert decided_otherwise(fused, plain) <= (0 if demosaic is HAMILTON_ADAMS else size[0] * size[1] // 2000)


def scenes() -> dict[str, Tensor]:
    """(1, 1, 40, 51) DN"""
    y, x = torch.meshgrid(torch.arange(40.0), torch.arange(51.0), indexing="ij")
    random = torch.rand(40, 51, generator=torch.Generator().manual_seed(1))
    light = {
        "black": torch.zeros(40, 51),
        "even": torch.full((40, 51), 0.4),
        "upright edge": (x > 23).float() * 0.7,
        "lying edge": 0.1 + 0.6 * (y > 17),
        "slanted edge": 0.2 + 0.6 * (x + 2 * y > 70),
        "few levels": torch.round(3 * random) / 4,
        "beyond white and black": 1.5 * random - 0.2,
    }
    return {name: (300 + 3700 * value).clamp(0, 4095).round()[None, None] for name, value in light.items()}


@pytest.mark.parametrize("name", scenes())
@each
def test_pictures_full_of_ties_agree_with_float64(demosaic: StageDict, name: str) -> None:
    fused, plain = both(profile_of(demosaic), scenes()[name])
    assert (fused - plain).abs().max() < CLOSE


def test_ahd_decides_otherwise_in_float32_for_hardly_any_pixel() -> None:
    profile = profile_of(AHD)
    raw = mosaic(profile, 2, 200, 300)
    fused, plain = both(profile, raw)
    assert decided_otherwise(fused, plain) < 1e-4 * raw.numel()
    same = (fused - plain).abs().amax(1) <= CLOSE
    assert (fused - plain).abs().amax(1)[same].max() < CLOSE / 2  # nothing in between: it is one or the other


@each
def test_the_result_does_not_depend_on_batch_or_threads(demosaic: StageDict, threads: None) -> None:
    profile = profile_of(demosaic)
    camera = camsim.compile(profile, fused=True)
    raw = mosaic(profile, 3, 70, 290)
    with torch.no_grad():
        torch.set_num_threads(1)
        together = camera.develop(raw)
        assert torch.equal(together, torch.cat([camera.develop(one) for one in raw.split(1)]))
        torch.set_num_threads(2)
        assert torch.equal(together, camera.develop(raw))


@each
def test_bytes_of_whole_numbers_are_the_rounded_floats(demosaic: StageDict) -> None:
    profile = profile_of(demosaic)
    camera, raw = camsim.compile(profile, fused=True), mosaic(profile, 1, 30, 40).round()
    with torch.no_grad():
        exact = camera.develop(raw)
        assert (camera.develop(raw.to(torch.uint16), dtype=torch.uint8) - (255 * exact)).abs().max() < 0.501


@each
def test_filters_and_knobs_follow(demosaic: StageDict) -> None:
    profile = chain(BLACK, demosaic, WB, CCM, unsharp(), CLIP, SRGB)
    raw = mosaic(profile, 1, 40, 50)
    fused, plain = camsim.compile(profile, fused=True), camsim.compile(profile, fused=False).double()
    with torch.no_grad():
        for camera in (fused, plain):
            camera.get_parameter("isp.white_balance.gains").mul_(1.1)
        assert (fused.develop(raw) - plain.develop(raw.double())).abs().max() < 2 * CLOSE


@each
def test_gradients_are_those_of_the_plain_path(demosaic: StageDict) -> None:
    profile = profile_of(demosaic)
    raw, gradients = mosaic(profile, 1, 20, 24), []
    for camera in (camsim.compile(profile), camsim.compile(profile, fused=False).double()):
        given = raw.detach().to(next(camera.parameters()).dtype).requires_grad_()
        camera.develop(given).square().sum().backward()
        assert given.grad is not None
        gradients.append(given.grad)
    assert (gradients[0] - gradients[1]).abs().max() < 1e-4 * gradients[1].abs().max()


@each
def test_other_arrays_are_refused_as_before(demosaic: StageDict) -> None:
    with pytest.raises((CamsimError, ValueError), match="x-trans"):
        camsim.compile(profile_of(demosaic, "x-trans"), fused=True)
