"""Several cameras over the same mosaics."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

import camsim
from camsim.kernels.program import Op

from .fusing import BILINEAR, BLACK, CCM, CLIP, MALVAR, POWER, SRGB, WB, chain, cross, gaussian, mosaic

NAMES = [
    f"seed/drone/{demosaic}-{sharpen}-{denoise}"
    for demosaic in ("bi", "ma", "me")
    for sharpen in "su"
    for denoise in ("ga", "me")
]


@pytest.fixture(scope="module")
def cameras() -> list[camsim.Emulator]:
    return [camsim.compile(name) for name in NAMES]


@pytest.fixture(scope="module")
def raw(cameras: list[camsim.Emulator]) -> Tensor:
    scene = torch.rand(2, 3, 37, 51, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        return cameras[0].capture(scene, seed=3)


@pytest.mark.parametrize("dtype", [None, torch.float32, torch.uint8])
@pytest.mark.parametrize("given", [torch.float32, torch.uint16, torch.int32])
def test_each_picture_is_as_from_the_camera_alone(
    cameras: list[camsim.Emulator], raw: Tensor, dtype: torch.dtype | None, given: torch.dtype
) -> None:
    mosaics = raw.to(given)
    group = camsim.CameraGroup(cameras)
    together = group.develop(mosaics, dtype=dtype)
    assert len(together) == 12
    with torch.no_grad():
        for camera, image in zip(cameras, together, strict=True):
            assert image.dtype == (dtype or torch.float32)
            assert not image.requires_grad
            assert torch.equal(image, camera.develop(mosaics, dtype=dtype)), camera.profile.name
    assert all(
        torch.equal(a, b) for a, b in zip(together, camsim.develop_many(cameras, mosaics, dtype=dtype), strict=True)
    )


def test_what_they_have_in_common_is_done_once(cameras: list[camsim.Emulator]) -> None:
    """One loading of the mosaic, three demosaics with one set of matrices each, six sharpenings, twelve ends."""
    group = camsim.CameraGroup(cameras)
    assert group._chains is not None
    done = [Op(code) for code in group._chains.program.table[:, 0]]
    apart = [camera._fused_isp(torch.empty(1, 1, 2, 2)) for camera in cameras]
    assert sum(len(path.program.table) for path in apart if path is not None) == 90
    assert len(done) == 46
    counts = {op: done.count(op) for op in set(done)}
    assert counts[Op.LOAD] == counts[Op.BILINEAR] == counts[Op.MALVAR] == counts[Op.MENON_CHOOSE] == 1
    assert counts[Op.CROSS] == 3
    assert counts[Op.MEDIAN3] == 6
    assert counts[Op.STORE] == 12


def test_the_same_camera_twice(cameras: list[camsim.Emulator], raw: Tensor) -> None:
    first, second = camsim.develop_many([cameras[0], cameras[0]], raw)
    assert torch.equal(first, second)
    assert first.data_ptr() != second.data_ptr()


def test_a_mosaic_without_memory_here_goes_to_no_kernel(cameras: list[camsim.Emulator], raw: Tensor) -> None:
    for some in (cameras[:1], cameras[:2]):
        with pytest.raises(RuntimeError, match="meta"):
            camsim.CameraGroup(some).develop(raw.to("meta"))


def test_other_numbers_are_not_taken_for_the_same() -> None:
    """Chains of the same form that differ in one knob each, or in one setting that is no knob."""
    base = [BLACK, BILINEAR, WB, CCM, cross(), gaussian(sigma=0.5), CLIP, POWER]
    others = {
        0: {"kind": "black_level", "level": 300.0},
        1: MALVAR,
        2: {"kind": "white_balance", "gains": [1.4, 1.0, 1.3]},
        3: {"kind": "color_matrix", "matrix": [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]},
        4: cross("rgb"),
        5: gaussian(sigma=0.51),
        6: {"kind": "clip", "low": 0.1, "high": 1.0},
        7: SRGB,
    }
    profiles = [chain(*base)] + [chain(*base[:place], stage, *base[place + 1 :]) for place, stage in others.items()]
    cameras = [camsim.compile(profile, fused=True) for profile in profiles]
    raw = mosaic(profiles[0], 1, 15, 22)
    with torch.no_grad():
        alone = [camera.develop(raw) for camera in cameras]
    together = camsim.develop_many(cameras, raw)
    assert all(torch.equal(a, b) for a, b in zip(together, alone, strict=True))
    assert all((alone[0] - image).abs().max() > 1e-4 for image in alone[1:])


def test_cameras_that_cannot_be_fused_take_part(cameras: list[camsim.Emulator], raw: Tensor) -> None:
    profile = cameras[0].profile
    wide = camsim.load("seed/drone/bi-s-ga").model_copy(
        update={"isp": (*profile.isp[:-2], *[gaussian_stage(8.0)] * 3, *profile.isp[-2:])}
    )
    mixed = [
        camsim.compile(NAMES[3], fused=False),
        cameras[3],
        camsim.compile(NAMES[3], dtype=torch.float64),
        camsim.compile(wide),
        cameras[0],
    ]
    group = camsim.CameraGroup(mixed)
    assert group._fused == [1, 4]
    for dtype in (None, torch.uint8):
        images = group.develop(raw, dtype=dtype)
        with torch.no_grad():
            for camera, image in zip(mixed, images, strict=True):
                assert torch.equal(image, camera.develop(raw, dtype=dtype))
    only = camsim.CameraGroup(mixed[:1])
    assert only._fused == []
    assert torch.equal(only.develop(raw)[0], images_of(mixed[0], raw))


def gaussian_stage(sigma: float) -> object:
    return camsim.isp.GaussianDenoise(sigma=sigma)


def images_of(camera: camsim.Emulator, raw: Tensor) -> Tensor:
    with torch.no_grad():
        return camera.develop(raw)


def test_other_mosaics_are_refused(cameras: list[camsim.Emulator], raw: Tensor) -> None:
    with pytest.raises(ValueError, match=r"seed/microscope/bi-s-ga reads .* only cameras with the same mosaic"):
        camsim.CameraGroup([*cameras, camsim.compile("seed/microscope/bi-s-ga")])
    phases = [camsim.compile(chain(BLACK, BILINEAR, SRGB, cfa=cfa)) for cfa in ("RGGB", "GRBG")]
    with pytest.raises(ValueError, match="only cameras with the same mosaic can be grouped"):
        camsim.develop_many(phases, raw)
    with pytest.raises(ValueError, match="a group needs at least one camera"):
        camsim.CameraGroup([])


@pytest.mark.parametrize(
    ("mosaic", "dtype", "message"),
    [
        (torch.zeros(1, 3, 8, 8), None, "raw needs the shape"),
        (torch.full((1, 1, 8, 8), 65536.0), None, "reach from 65536 to 65536"),
        (torch.full((1, 1, 8, 8), torch.nan), None, "reach from nan"),
        (torch.zeros(1, 1, 8, 8), torch.float64, "dtype must be None, torch.float32 or torch.uint8, got torch.float64"),
    ],
)
def test_what_develop_refuses_is_refused(
    cameras: list[camsim.Emulator], mosaic: Tensor, dtype: torch.dtype | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        camsim.CameraGroup(cameras).develop(mosaic, dtype=dtype)


def test_fused_true_is_asked_of_each(raw: Tensor) -> None:
    double = camsim.compile(NAMES[0], fused=True).double()
    with pytest.raises(camsim.CamsimError, match="fused=True is not possible"):
        camsim.CameraGroup([double])
