"""Large frames, tile by tile."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

import camsim
from camsim.tiling import chain_reach, develop_tiled

CHAINS = ["seed/drone/bi-s-ga", "seed/drone/me-u-me", "phone/oneplus-6-imx519", "board/rpi-v1-ov5647"]
each_chain = pytest.mark.parametrize("name", CHAINS)


def mosaic(name: str, batch: int, height: int, width: int) -> Tensor:
    form = camsim.load(name).raw_format
    light = torch.rand(batch, 1, height, width, generator=torch.Generator().manual_seed(height), dtype=torch.float64)
    return (form.black[0] + light * (form.white[0] - form.black[0])).round()


@each_chain
@pytest.mark.parametrize(("height", "width", "tile"), [(97, 131, 32), (64, 66, 32), (33, 150, 64), (2, 70, 32)])
def test_tiles_together_are_the_whole_frame(name: str, height: int, width: int, tile: int) -> None:
    camera = camsim.compile(name, dtype=torch.float64)
    reach = chain_reach(camera.profile.resolved_isp())
    raw = mosaic(name, 2, height, width)
    with torch.no_grad():
        torch.testing.assert_close(develop_tiled(camera.isp, raw, reach, tile), camera.isp(raw), rtol=0, atol=1e-13)


def test_less_than_the_reach_is_not_enough() -> None:
    camera = camsim.compile("seed/drone/me-u-me", dtype=torch.float64)
    reach = chain_reach(camera.profile.resolved_isp())
    assert reach == 14  # Menon 8, unsharp mask of radius 1: 4, median 1, made even
    raw = mosaic("seed/drone/me-u-me", 1, 97, 131)
    with torch.no_grad():
        assert (develop_tiled(camera.isp, raw, reach - 8, 32) - camera.isp(raw)).abs().max() > 1e-3


def test_gradients_come_through() -> None:
    camera = camsim.compile("seed/drone/bi-s-ga", dtype=torch.float64)
    reach = chain_reach(camera.profile.resolved_isp())
    raw = mosaic("seed/drone/bi-s-ga", 1, 40, 44)
    gradients = []
    for develop in (camera.isp, lambda raw: develop_tiled(camera.isp, raw, reach, 16)):
        camera.zero_grad()
        develop(raw).square().mean().backward()
        gradients.append([p.grad for p in camera.isp.parameters()])
    torch.testing.assert_close(gradients[0], gradients[1])


@pytest.mark.parametrize(("reach", "tile"), [(3, 32), (4, 31), (-2, 32), (4, 0)])
def test_what_would_shift_the_phase_is_refused(reach: int, tile: int) -> None:
    with pytest.raises(ValueError, match="must be even"):
        develop_tiled(torch.nn.Identity(), torch.zeros(1, 1, 8, 8), reach, tile)
