"""The fused path refuses a mosaic for a single wrong DN, wherever it lies: it looks while it develops."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

import camsim
from camsim.kernels.run import NOTED_FROM, TILE_HEIGHT, TILE_WIDTH

from .fusing import threads

PROFILE = "seed/drone/bi-s-ga"
SIZES = [
    (2, 2),
    (3, NOTED_FROM - 1),
    (2, NOTED_FROM),
    (5, NOTED_FROM + 1),
    (4, 31),
    (TILE_HEIGHT + 1, TILE_WIDTH + 1),
    (7, TILE_WIDTH + 15),
    (6, 2 * TILE_WIDTH),
]


@pytest.fixture(scope="module")
def camera() -> camsim.Emulator:
    return camsim.compile(PROFILE, fused=True)


def _mosaic(camera: camsim.Emulator, height: int, width: int) -> Tensor:
    form = camera.profile.raw_format
    levels = torch.rand(2, 1, height, width, generator=torch.Generator().manual_seed(height * width))
    return min(form.white) * (0.1 + 0.8 * levels)


def _places(height: int, width: int) -> set[tuple[int, int]]:
    rows = {0, 1, height // 2, min(TILE_HEIGHT, height) - 1, height - 1}
    columns = {0, 1, width // 2, width - 17, width - 2, width - 1, TILE_WIDTH - 1, TILE_WIDTH}
    return {(y, x) for y in rows for x in columns if 0 <= x < width}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("count", [1, 2])
def test_one_wrong_dn_anywhere(camera: camsim.Emulator, size: tuple[int, int], count: int) -> None:
    group = camsim.CameraGroup([camera, camsim.compile("seed/drone/ma-u-ga")])
    raw = _mosaic(camera, *size)
    full = camera.profile.raw_format.full_scale
    with threads(count), torch.no_grad():
        group.develop(raw)
        for place, (y, x) in enumerate(sorted(_places(*size))):
            for odd, shown in ((math.nan, "nan"), (-1.0, "from -1"), (full + 1, f"to {full + 1:g}"), (math.inf, "inf")):
                bad = raw.clone()
                bad[place % 2, 0, y, x] = odd
                with pytest.raises(ValueError, match=shown):
                    camera.develop(bad)
                with pytest.raises(ValueError, match=shown):
                    group.develop(bad)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_one_dn_beyond_the_container_of_16_bits(size: tuple[int, int]) -> None:
    camera = camsim.compile("machine-vision/imx250", fused=True)
    full = int(camera.profile.raw_format.full_scale)
    raw = _mosaic(camera, *size).to(torch.uint16)
    with torch.no_grad():
        for y, x in _places(*size):
            numbers = raw.numpy().copy()
            numbers[1, 0, y, x] = full
            camera.develop(torch.from_numpy(numbers))
            numbers[1, 0, y, x] = full + 1
            with pytest.raises(ValueError, match=f"to {full + 1:g}"):
                camera.develop(torch.from_numpy(numbers))


@pytest.mark.parametrize("lowest", [0.0, -0.0])
def test_zero_of_either_sign_is_a_dn(camera: camsim.Emulator, lowest: float) -> None:
    raw = _mosaic(camera, 20, 40)
    raw[0, 0, 3, 7] = lowest
    with torch.no_grad():
        camera.develop(raw)


def test_values_already_scaled_are_refused(camera: camsim.Emulator) -> None:
    with torch.no_grad(), pytest.raises(ValueError, match="multiply by"):
        camera.develop(torch.rand(1, 1, 32, 32))
    with torch.no_grad(), pytest.raises(ValueError, match="multiply by"):
        camsim.CameraGroup([camera]).develop(torch.rand(1, 1, 32, 32))


@pytest.mark.parametrize("kind", [torch.int32, torch.float64, torch.int64, torch.bfloat16])
def test_other_kinds_of_numbers_too(camera: camsim.Emulator, kind: torch.dtype) -> None:
    raw = _mosaic(camera, 20, 40).to(kind)
    raw[1, 0, 19, 39] = -1
    plain = camsim.compile(PROFILE)
    with torch.no_grad():
        for develop in (plain.develop, camsim.CameraGroup([plain]).develop):
            with pytest.raises(ValueError, match="from -1"):
                develop(raw)
