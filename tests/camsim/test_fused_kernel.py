"""Kernels of any numbers on the fused path: they need not be symmetric, and mirrored borders show it."""

from __future__ import annotations

import pytest
import torch

import camsim
from camsim.kernels import run

from .fusing import (
    BILINEAR,
    BLACK,
    CCM,
    CLIP,
    MALVAR,
    PHASES,
    POWER,
    SRGB,
    WB,
    StageDict,
    chain,
    developed,
    exact_and_bound,
    gaussian,
    mosaic,
    threads,
    unsharp,
)
from .test_fused_gradient import assert_gradients_agree

# What torch says of itself when torch.func.jvp is first used.
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")


def kernel(kind: str, side: int, channels: str = "luma", seed: int = 0, size: float = 0.12) -> StageDict:
    """Lopsided numbers around those of a filter that does nothing."""
    taps = size * torch.randn(side, side, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    taps[side // 2, side // 2] += 1
    return {"kind": kind, "method": "kernel", "kernel": taps.tolist(), "channels": channels}


SHARP, SOFT = kernel("sharpen", 3), kernel("denoise", 5, size=0.04)
SHARP_RGB, SOFT_RGB = kernel("sharpen", 3, "rgb", 1), kernel("denoise", 5, "rgb", 2, 0.04)

CHAINS: dict[str, list[StageDict]] = {
    "sharp": [BLACK, BILINEAR, WB, SHARP, CLIP, SRGB],
    "soft": [BLACK, BILINEAR, WB, SOFT, CLIP, SRGB],
    "all channels": [BLACK, MALVAR, WB, SHARP_RGB, SOFT_RGB, CLIP, POWER],
    "as the study": [BLACK, BILINEAR, WB, CCM, SHARP, SOFT, CLIP, POWER],
    "between symmetric filters": [BLACK, BILINEAR, unsharp(), SOFT, gaussian("rgb"), SHARP_RGB, WB, unsharp(), SRGB],
    "after the encoding": [BLACK, MALVAR, WB, CLIP, POWER, SOFT, SHARP_RGB, CLIP],
}
each_chain = pytest.mark.parametrize("stages", CHAINS.values(), ids=CHAINS)
SIZES = [(2, 2), (2, 3), (3, 2), (5, 7), (16, 17), (4, 33), (20, 300)]


@each_chain
@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
def test_agrees_with_float64(stages: list[StageDict], size: tuple[int, int]) -> None:
    for cfa in PHASES:
        profile = chain(*stages, cfa=cfa)
        raw = mosaic(profile, 2, *size, low=0.25, high=0.65)
        exact, bound = exact_and_bound(profile, raw)
        error = (developed(profile, raw, fused=True) - exact).abs()
        assert error[exact > 0.25].max() <= 2e-6
        assert (error <= bound).all()


@each_chain
@pytest.mark.parametrize("size", [(2, 2), (3, 2), (2, 5), (3, 4), (5, 7), (15, 33)], ids="{0[0]}x{0[1]}".format)
def test_gradients_agree_with_float64(stages: list[StageDict], size: tuple[int, int]) -> None:
    profile = chain(*stages, cfa="GBRG")
    assert_gradients_agree(profile, mosaic(profile, 2, *size, low=0.25, high=0.65, seed=1))


@each_chain
def test_tiles_and_threads_do_not_show(stages: list[StageDict], monkeypatch: pytest.MonkeyPatch) -> None:
    profile = chain(*stages, cfa="GRBG")
    raw = mosaic(profile, 2, 33, 75, low=0.25, high=0.65)
    whole = developed(profile, raw, fused=True)
    for height, width, count in ((10, 32, 1), (7, 16, 2), (33, 48, 3)):
        monkeypatch.setattr(run, "TILE_HEIGHT", height)
        monkeypatch.setattr(run, "TILE_WIDTH", width)
        monkeypatch.setattr(run, "SMALLEST_TILE", 1)
        with threads(count):
            assert torch.equal(developed(profile, raw, fused=True), whole)
            assert_gradients_agree(profile, raw)


@pytest.mark.parametrize("stages", [[BLACK, BILINEAR, SHARP, SRGB], [BLACK, BILINEAR, SOFT_RGB, SRGB]])
def test_a_flipped_kernel_shows(stages: list[StageDict]) -> None:
    """Otherwise the tests above could not fail."""
    filtered = next(stage for stage in stages if stage.get("method") == "kernel")
    turned = {**filtered, "kernel": [row[::-1] for row in filtered["kernel"][::-1]]}
    other = [turned if stage is filtered else stage for stage in stages]
    raw = mosaic(chain(*stages), 1, 9, 12)
    assert (developed(chain(*stages), raw, fused=True) - developed(chain(*other), raw, fused=True)).abs().max() > 0.01


def test_shared_operations_see_every_number() -> None:
    """Two cameras that differ in one number of a kernel give two pictures, as each does alone."""
    first, second = kernel("denoise", 5), kernel("denoise", 5)
    second["kernel"][0][4] += 0.125
    profiles = [chain(BLACK, BILINEAR, stage, CLIP, SRGB) for stage in (first, second)]
    cameras = [camsim.compile(profile, fused=True) for profile in profiles]
    raw = mosaic(profiles[0], 1, 17, 19)
    with torch.no_grad():
        for camera, image in zip(cameras, camsim.CameraGroup(cameras).develop(raw), strict=True):
            assert torch.equal(image, camera.develop(raw))
    assert not torch.equal(*(camera.develop(raw) for camera in cameras))
