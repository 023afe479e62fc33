"""Chroma filters, tables of colours, matrices with offsets and thresholds on the fused path."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import camsim
from camsim.errors import CamsimError
from camsim.isp.cube import pack
from camsim.kernels import run

from .fusing import (
    BILINEAR,
    BLACK,
    CCM,
    CLIP,
    MALVAR,
    MENON,
    PHASES,
    SRGB,
    WB,
    StageDict,
    bilateral,
    chain,
    clip,
    developed,
    gaussian,
    median,
    mosaic,
    threads,
    unsharp,
)
from .test_fused_gradient import assert_gradients_agree
from .test_fused_kernel import kernel

# What torch says of itself when torch.func.jvp is first used.
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")


def table(size: int, interpolation: str, low: float = 0.0, high: float = 1.0, strength: float = 1.0) -> StageDict:
    """A look that is not symmetric in the channels, with a random part that no interpolation smooths away."""
    b, g, r = np.meshgrid(*[np.linspace(low, high, size)] * 3, indexing="ij")
    look = np.stack([0.9 * r + 0.1 * g, 0.05 + 0.9 * g - 0.1 * r * b, 0.8 * b + 0.2 * g * r], axis=-1)
    look += 0.05 * np.random.default_rng(5).random(look.shape)
    limits = {"low": [low] * 3, "high": [high] * 3, "size": size}
    return {
        "kind": "lut3d",
        "table": pack(look.astype(np.float32)),
        "interpolation": interpolation,
        "strength": strength,
        **limits,
    }


AFFINE: StageDict = {
    "kind": "color_matrix",
    "method": "affine",
    "matrix": [[*row, offset] for row, offset in zip(CCM["matrix"], [0.02, -0.01, 0.03], strict=True)],
}
CCT: StageDict = {
    "kind": "white_balance",
    "method": "cct",
    "cct": 4300.0,
    "temperatures": [2850, 4000, 6500],
    "red": [0.9, 0.7, 0.5],
    "blue": [0.4, 0.6, 0.8],
}
UNCLIP: StageDict = {"kind": "highlight_recovery", "method": "unclip", "saturation": [2.1, 1.0, 1.6]}


def threshold(channels: str = "luma", size: float = 0.02) -> StageDict:
    numbers: dict[str, Any] = {"radius": 1.0, "amount": 1.2, "threshold": size}
    return {"kind": "sharpen", "method": "unsharp_mask_threshold", "channels": channels, **numbers}


CHAINS: dict[str, list[StageDict]] = {
    "chroma, gaussian": [BLACK, BILINEAR, WB, CCM, gaussian("chroma", 1.2), CLIP, SRGB],
    "chroma, after the encoding": [BLACK, MALVAR, WB, CLIP, SRGB, gaussian("chroma"), unsharp(), CLIP],
    "chroma, kernel": [BLACK, MALVAR, unsharp(), kernel("denoise", 5, "chroma", size=0.04), gaussian("rgb"), WB, SRGB],
    "gains of a temperature": [BLACK, BILINEAR, CCT, CCM, unsharp(), SRGB],
    "affine matrix": [BLACK, BILINEAR, WB, AFFINE, unsharp(), CLIP, SRGB],
    "affine matrix behind a clip": [BLACK, BILINEAR, WB, clip(0.1, 0.6), AFFINE, WB, SRGB],
    "unclipped highlights": [BLACK, BILINEAR, WB, clip(0.2, 0.7), UNCLIP, CCM, SRGB],
    "threshold": [BLACK, BILINEAR, WB, threshold(), CLIP, SRGB],
    "threshold of all channels": [BLACK, MALVAR, WB, CLIP, SRGB, threshold("rgb"), threshold(size=0.0), CLIP],
}
WITHOUT_GRADIENT: dict[str, list[StageDict]] = {
    "chroma, bilateral": [BLACK, MENON, WB, bilateral("chroma"), CLIP, SRGB],
    "chroma, median": [BLACK, BILINEAR, WB, CCM, median("chroma", 5), CLIP, SRGB],
    "tetrahedra": [BLACK, BILINEAR, WB, CCM, CLIP, SRGB, table(5, "tetrahedral")],
    "cubes": [BLACK, BILINEAR, WB, CCM, table(4, "trilinear", strength=0.6), unsharp(), CLIP, SRGB],
    "a small table of a part": [BLACK, BILINEAR, WB, table(2, "tetrahedral", 0.2, 0.4), CLIP, SRGB],
    "the largest table": [BLACK, BILINEAR, WB, table(33, "trilinear", -0.1, 0.9), CLIP, SRGB],
}
each_chain = pytest.mark.parametrize("stages", (CHAINS | WITHOUT_GRADIENT).values(), ids=CHAINS | WITHOUT_GRADIENT)


@each_chain
@pytest.mark.parametrize("size", [(2, 2), (3, 2), (5, 7), (4, 33), (17, 40)], ids="{0[0]}x{0[1]}".format)
def test_agrees_with_float64(stages: list[StageDict], size: tuple[int, int]) -> None:
    for cfa in PHASES:
        profile = chain(*stages, cfa=cfa)
        raw = mosaic(profile, 2, *size, low=0.05, high=0.7)
        exact = developed(profile, raw.double(), dtype=torch.float64)
        assert (developed(profile, raw, fused=True) - exact).abs().max() <= 2e-6


@pytest.mark.parametrize("stages", CHAINS.values(), ids=CHAINS)
@pytest.mark.parametrize("size", [(2, 2), (3, 2), (5, 7), (15, 33)], ids="{0[0]}x{0[1]}".format)
def test_gradients_agree_with_float64(stages: list[StageDict], size: tuple[int, int]) -> None:
    profile = chain(*stages, cfa="GBRG")
    assert_gradients_agree(profile, mosaic(profile, 2, *size, low=0.25, high=0.65, seed=1))


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


@each_chain
def test_every_stage_shows(stages: list[StageDict]) -> None:
    raw = mosaic(chain(*stages), 1, 19, 23, low=0.05, high=0.9)
    image = developed(chain(*stages), raw, fused=True)
    for index, stage in enumerate(stages):
        if stage["kind"] not in ("black_level", "demosaic", "gamma", "clip"):
            shorter = chain(*stages[:index], *stages[index + 1 :])
            assert (developed(shorter, raw, fused=True) - image).abs().max() > 1e-3, stage


def test_a_table_that_is_too_large_is_refused() -> None:
    profile = chain(BLACK, BILINEAR, table(34, "trilinear"), SRGB)
    with pytest.raises(CamsimError, match="lut3d: a table of 34 entries along a side has no fused form, at most 33"):
        camsim.compile(profile, fused=True)
