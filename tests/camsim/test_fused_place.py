"""What depends on the place in the frame, on the fused path: lens shading and additive layers."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import camsim
from camsim.kernels import run

from .fusing import (
    BILINEAR,
    BLACK,
    CLIP,
    MALVAR,
    PHASES,
    POWER,
    SRGB,
    WB,
    StageDict,
    chain,
    clip,
    developed,
    gaussian,
    mosaic,
    threads,
    unsharp,
)
from .test_fused_gradient import assert_gradients_agree

# What torch says of itself when torch.func.jvp is first used.
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")


def numbers(*shape: int, low: float, high: float, seed: int = 0) -> Any:
    generator = torch.Generator().manual_seed(seed)
    return (low + (high - low) * torch.rand(shape, generator=generator, dtype=torch.float64)).tolist()


def layer(height: int, width: int, size: float = 0.05) -> StageDict:
    return {"kind": "additive_layer", "offsets": numbers(3, height, width, low=-size, high=size)}


def grid(planes: int, height: int, width: int, points: str = "corners") -> StageDict:
    gains = numbers(1, planes, height, width, low=0.8, high=1.6, seed=planes)
    return {"kind": "lens_shading", "method": "grid", "points": points, "gains": gains}


def radial(coefficients: list[Any], law: str = "gain", center: tuple[float, float] = (0.5, 0.5)) -> StageDict:
    shape = {"coefficients": coefficients, "law": law, "center": center}
    return {"kind": "lens_shading", "method": "radial", **shape}


OF_EACH = [[0.3, -0.1, 0.05, 0.1, 0.02], [0.1, 0.1, 0.0, 0.0, -0.05], [0.2, 0.0, 0.3, -0.2, 0.1]]
LIGHTS: StageDict = {
    "kind": "lens_shading",
    "method": "grid",
    "cct": 3900.0,
    "temperatures": [2850, 5000, 6500],
    "gains": numbers(3, 3, 5, 4, low=0.8, high=1.6),
}

CHAINS: dict[str, list[StageDict]] = {
    "additive layer": [BLACK, BILINEAR, WB, layer(8, 8), unsharp(), CLIP, SRGB],
    "additive layer after the encoding": [BLACK, BILINEAR, WB, CLIP, POWER, layer(3, 5)],
    "additive layer of one number": [BLACK, BILINEAR, WB, layer(1, 1), SRGB],
    "additive layer finer than the frame": [BLACK, MALVAR, WB, layer(64, 90), gaussian("rgb"), SRGB],
    "one grid on the mosaic": [BLACK, grid(1, 4, 6), BILINEAR, WB, CLIP, SRGB],
    "three grids on the mosaic, clipped": [BLACK, clip(0.0, 0.7), grid(3, 5, 4), clip(0.1, 0.6), MALVAR, WB, SRGB],
    "grids of cells on the mosaic": [BLACK, grid(3, 12, 16, "cells"), BILINEAR, WB, unsharp(), SRGB],
    "grids of several lights": [BLACK, LIGHTS, BILINEAR, WB, SRGB],
    "grids on colours": [BLACK, BILINEAR, clip(0.1, 0.6), grid(3, 3, 3, "cells"), WB, unsharp(), CLIP, SRGB],
    "one grid on colours": [BLACK, BILINEAR, grid(1, 2, 2), SRGB],
    "radial gain on the mosaic": [BLACK, radial([0.4, 0.1, 0.05]), clip(0.1, 0.7), BILINEAR, WB, CLIP, SRGB],
    "radial falloff on the mosaic": [BLACK, radial(OF_EACH, "falloff", (0.3, 0.6)), MALVAR, WB, unsharp(), SRGB],
    "radial gains on colours": [BLACK, MALVAR, WB, clip(0.1, 0.6), radial(OF_EACH, center=(0.7, 0.2)), SRGB],
    "radial falloff on colours": [BLACK, BILINEAR, gaussian(), radial([0.3], "falloff"), unsharp("rgb"), SRGB],
    "shaded twice": [BLACK, radial([0.2]), clip(0.0, 0.8), grid(3, 4, 4), BILINEAR, SRGB],
}
each_chain = pytest.mark.parametrize("stages", CHAINS.values(), ids=CHAINS)


@each_chain
@pytest.mark.parametrize("size", [(2, 2), (3, 2), (5, 7), (4, 33), (17, 40), (7, 300)], ids="{0[0]}x{0[1]}".format)
def test_agrees_with_float64(stages: list[StageDict], size: tuple[int, int]) -> None:
    for cfa in PHASES:
        profile = chain(*stages, cfa=cfa)
        raw = mosaic(profile, 2, *size)
        exact = developed(profile, raw.double(), dtype=torch.float64)
        error = (developed(profile, raw, fused=True) - exact).abs()
        assert error.max() <= 2e-6


@each_chain
@pytest.mark.parametrize("size", [(2, 2), (3, 2), (5, 7), (15, 33)], ids="{0[0]}x{0[1]}".format)
def test_gradients_agree_with_float64(stages: list[StageDict], size: tuple[int, int]) -> None:
    profile = chain(*stages, cfa="GBRG")
    assert_gradients_agree(profile, mosaic(profile, 2, *size, low=0.2, high=0.7, seed=1))


@each_chain
def test_tiles_and_threads_do_not_show(stages: list[StageDict], monkeypatch: pytest.MonkeyPatch) -> None:
    profile = chain(*stages, cfa="GRBG")
    raw = mosaic(profile, 2, 33, 75)
    whole = developed(profile, raw, fused=True)
    for height, width, count in ((10, 32, 1), (7, 16, 2), (33, 48, 3)):
        monkeypatch.setattr(run, "TILE_HEIGHT", height)
        monkeypatch.setattr(run, "TILE_WIDTH", width)
        monkeypatch.setattr(run, "SMALLEST_TILE", 1)
        with threads(count):
            assert torch.equal(developed(profile, raw, fused=True), whole)
        assert_gradients_agree(profile, raw)


def test_grids_of_one_size_that_lie_elsewhere_are_not_shared() -> None:
    """The same numbers, once from corner to corner and once in the middle of cells."""
    profiles = [chain(BLACK, grid(3, 4, 4, points), BILINEAR, CLIP, SRGB) for points in ("corners", "cells")]
    cameras = [camsim.compile(profile, fused=True) for profile in profiles]
    raw = mosaic(profiles[0], 1, 17, 19)
    with torch.no_grad():
        alone = [camera.develop(raw) for camera in cameras]
        together = camsim.CameraGroup(cameras).develop(raw)
    assert all(torch.equal(image, other) for image, other in zip(together, alone, strict=True))
    assert (alone[0] - alone[1]).abs().max() > 0.01
