"""Tone curves and other encodings on the fused path."""

from __future__ import annotations

import pytest
import torch

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
    clip,
    developed,
    gaussian,
    median,
    mosaic,
    threads,
    unsharp,
)
from .test_fused_gradient import assert_gradients_agree

# What torch says of itself when torch.func.jvp is first used.
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")


def reinhard(white: float = 2.0, exposure: float = 1.5, channels: str = "luminance") -> StageDict:
    return {"kind": "tone", "method": "reinhard", "white": white, "exposure": exposure, "channels": channels}


ACES: StageDict = {"kind": "tone", "method": "aces", "exposure": 0.8}
HABLE: StageDict = {"kind": "tone", "method": "hable", "white": 4.0, "exposure": 1.5}
FILMIC: StageDict = {"kind": "tone", "method": "filmic", "exposure": 0.7}
POINTS = {"x": [0.1, 0.2, 0.25, 0.5, 0.8], "y": [0.0, 0.2, 0.3, 0.3, 0.9]}
SPLINE: StageDict = {"kind": "tone", "method": "spline", **POINTS}
LINE: StageDict = {"kind": "tone", "method": "spline", "x": [0.2, 0.7], "y": [0.3, 0.6]}
BT709: StageDict = {"kind": "gamma", "encoding": "bt709"}


def curve(count: int) -> StageDict:
    """Samples of a square root."""
    return {"kind": "gamma", "encoding": "curve", "samples": torch.linspace(0, 1, count).sqrt().tolist()}


MANY = "curve of many samples"
"""Which of so many a pixel lies between, and where, float32 knows less well than gradients are held to."""

CHAINS: dict[str, list[StageDict]] = {
    "reinhard of the luminance": [BLACK, BILINEAR, WB, CCM, reinhard(), CLIP, SRGB],
    "reinhard of each channel": [BLACK, BILINEAR, WB, CCM, reinhard(channels="rgb"), CLIP, SRGB],
    "aces": [BLACK, MALVAR, WB, ACES, unsharp(), SRGB],
    "hable": [BLACK, MALVAR, WB, clip(0.2, 0.5), HABLE, gaussian("rgb"), SRGB],
    "filmic": [BLACK, BILINEAR, WB, CCM, FILMIC, unsharp(), CLIP],
    "spline before gamma": [BLACK, BILINEAR, WB, CCM, SPLINE, SRGB],
    "spline after gamma": [BLACK, BILINEAR, WB, CLIP, SRGB, SPLINE, CLIP],
    "spline of two points": [BLACK, BILINEAR, WB, LINE, SRGB],
    "bt709": [BLACK, BILINEAR, WB, CCM, clip(0.1, 0.7), BT709, clip(0.3, 0.9)],
    "curve of two samples": [BLACK, BILINEAR, WB, CCM, curve(2)],
    "curve of some samples": [BLACK, BILINEAR, WB, CCM, curve(9), gaussian(), CLIP],
    MANY: [BLACK, BILINEAR, gaussian(), WB, curve(257), unsharp(), CLIP],
    "curve after curve": [BLACK, BILINEAR, gaussian(), reinhard(), ACES, SPLINE, median(), BT709, SPLINE],
}
DIFFERENTIABLE = {name: stages for name, stages in CHAINS.items() if median() not in stages and name != MANY}
each_chain = pytest.mark.parametrize("stages", CHAINS.values(), ids=CHAINS)


@each_chain
@pytest.mark.parametrize("light", [(0.15, 0.6), (-0.06, 1.0)], ids=["usual", "below black and above white"])
@pytest.mark.parametrize("size", [(2, 2), (3, 2), (5, 7), (4, 33), (17, 40)], ids="{0[0]}x{0[1]}".format)
def test_agrees_with_float64(stages: list[StageDict], light: tuple[float, float], size: tuple[int, int]) -> None:
    for cfa in PHASES:
        profile = chain(*stages, cfa=cfa)
        raw = mosaic(profile, 2, *size, low=light[0], high=light[1])
        exact = developed(profile, raw.double(), dtype=torch.float64)
        error = (developed(profile, raw, fused=True) - exact).abs()
        assert error[exact > 0.25].max() <= 2e-6
        assert error.max() <= 4e-6  # where a curve is steep, as every curve of an encoding is near black


@pytest.mark.parametrize("stages", DIFFERENTIABLE.values(), ids=DIFFERENTIABLE)
@pytest.mark.parametrize("size", [(2, 2), (3, 2), (5, 7), (15, 33)], ids="{0[0]}x{0[1]}".format)
def test_gradients_agree_with_float64(stages: list[StageDict], size: tuple[int, int]) -> None:
    profile = chain(*stages, cfa="GBRG")
    assert_gradients_agree(profile, mosaic(profile, 2, *size, low=0.2, high=0.7, seed=1))


@each_chain
def test_every_curve_shows(stages: list[StageDict]) -> None:
    raw = mosaic(chain(*stages), 1, 9, 17)
    image = developed(chain(*stages), raw, fused=True)
    for index, stage in enumerate(stages):
        if stage["kind"] in ("tone", "gamma"):
            other = {"kind": "gamma", "encoding": "power", "gamma": 1.2} if stage["kind"] == "gamma" else None
            changed = [*stages[:index], *([other] if other else []), *stages[index + 1 :]]
            if stage is FILMIC:  # which is the encoding
                changed.insert(index, POWER)
            assert (developed(chain(*changed), raw, fused=True) - image).abs().max() > 1e-3, stage


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
