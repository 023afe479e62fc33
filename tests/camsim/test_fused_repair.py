"""Defect pixels and greens of a mosaic, repaired on the fused path."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

import camsim
from camsim.kernels import run
from camsim.profile import Profile

from .fusing import BILINEAR, BLACK, CLIP, MALVAR, PHASES, SRGB, WB, StageDict, chain, clip, developed, mosaic, threads


def greens(amount: float = 1.0, threshold: float = 0.1) -> StageDict:
    return {"kind": "green_equalization", "amount": amount, "threshold": threshold}


def defects(replacement: str = "median", threshold: float = 0.1) -> StageDict:
    kind = {"kind": "defect_pixel_correction", "method": "dynamic"}
    return {**kind, "replacement": replacement, "threshold": threshold}


SHADING: StageDict = {"kind": "lens_shading", "method": "radial", "coefficients": [0.3, 0.1]}

CHAINS: dict[str, list[StageDict]] = {
    "greens": [BLACK, greens(), BILINEAR, WB, CLIP, SRGB],
    "greens in part, clipped": [BLACK, clip(0.0, 1.0), greens(0.6, 0.15), clip(0.2, 0.7), MALVAR, WB, SRGB],
    "defects": [BLACK, defects(), BILINEAR, WB, CLIP, SRGB],
    "defects by the least gradient": [BLACK, defects("least_gradient"), MALVAR, WB, CLIP, SRGB],
    "all of it": [BLACK, defects(), SHADING, greens(), clip(0.0, 1.2), BILINEAR, WB, SRGB],
}
each_chain = pytest.mark.parametrize("stages", CHAINS.values(), ids=CHAINS)


def damaged(profile: Profile, height: int, width: int) -> Tensor:
    """A mosaic with hot and dead pixels, one green brighter than the other, and parts that are even."""
    raw = mosaic(profile, 2, height, width, low=0.3, high=0.6)
    raw = 0.7 * raw + 0.3 * raw.mean()
    raw[..., 1::2, :] *= 1.03
    generator = torch.Generator().manual_seed(4)
    chosen = torch.rand(raw.shape, generator=generator)
    raw[chosen < 0.02], raw[chosen > 0.98] = 4000.0, 100.0
    return raw


@each_chain
@pytest.mark.parametrize("size", [(2, 2), (3, 2), (5, 7), (4, 33), (17, 40), (33, 300)], ids="{0[0]}x{0[1]}".format)
def test_agrees_with_float64(stages: list[StageDict], size: tuple[int, int]) -> None:
    for cfa in PHASES:
        profile = chain(*stages, cfa=cfa)
        raw = damaged(profile, *size)
        exact = developed(profile, raw.double(), dtype=torch.float64)
        assert (developed(profile, raw, fused=True) - exact).abs().max() <= 3e-6


@each_chain
def test_tiles_and_threads_do_not_show(stages: list[StageDict], monkeypatch: pytest.MonkeyPatch) -> None:
    profile = chain(*stages, cfa="GRBG")
    raw = damaged(profile, 33, 75)
    whole = developed(profile, raw, fused=True)
    for height, width, count in ((10, 32, 1), (7, 16, 2), (33, 48, 3)):
        monkeypatch.setattr(run, "TILE_HEIGHT", height)
        monkeypatch.setattr(run, "TILE_WIDTH", width)
        monkeypatch.setattr(run, "SMALLEST_TILE", 1)
        with threads(count):
            assert torch.equal(developed(profile, raw, fused=True), whole)


@each_chain
def test_every_stage_shows(stages: list[StageDict]) -> None:
    raw = damaged(chain(*stages), 40, 60)
    image = developed(chain(*stages), raw, fused=True)
    for index, stage in enumerate(stages):
        if stage["kind"] in ("green_equalization", "defect_pixel_correction", "lens_shading"):
            shorter = chain(*stages[:index], *stages[index + 1 :])
            changed = (developed(shorter, raw, fused=True) - image).abs().amax(1) > 1e-3
            assert changed.double().mean() > 0.05, stage


def test_replacements_and_thresholds_are_not_shared() -> None:
    chosen = [
        defects(),
        defects("least_gradient"),
        defects(threshold=0.4),
        greens(0.5),
        greens(),
        greens(threshold=0.02),
    ]
    cameras = [camsim.compile(chain(BLACK, stage, BILINEAR, SRGB), fused=True) for stage in chosen]
    raw = damaged(chain(BLACK, BILINEAR, SRGB), 40, 60)
    with torch.no_grad():
        alone = [camera.develop(raw) for camera in cameras]
        together = camsim.CameraGroup(cameras).develop(raw)
    assert all(torch.equal(image, other) for image, other in zip(together, alone, strict=True))
    for index, image in enumerate(alone):
        assert all(not torch.equal(image, other) for other in alone[:index])


@each_chain
def test_gradients_are_those_of_the_plain_path(stages: list[StageDict]) -> None:
    """Which pixels are repaired is a step function: its gradient goes stage by stage."""
    profile = chain(*stages)
    found = []
    for fused in (False, None):
        raw = damaged(profile, 12, 20).requires_grad_()
        camsim.compile(profile, fused=fused).develop(raw).square().sum().backward()
        assert raw.grad is not None
        found.append(raw.grad)
    torch.testing.assert_close(found[1], found[0], rtol=1e-4, atol=1e-7)
