"""The fused path of cameras without colour filters, whose three planes are one."""

from __future__ import annotations

import pytest
import torch

import camsim
from camsim.kernels.program import CODE, Op
from camsim.profile import Profile

from .fusing import BLACK, CLIP, POWER, SRGB, StageDict, clip, cross, gaussian, median, mosaic, unsharp
from .test_segments import assert_as_good_as_plain, assert_gradients_agree

# What torch says of itself when torch.func.jvp is first used.
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")

MONO: StageDict = {"kind": "demosaic", "method": "mono"}
CHAINS: dict[str, list[StageDict]] = {
    "curve": [BLACK, MONO, CLIP, SRGB],
    "filters": [BLACK, MONO, unsharp(), gaussian("rgb"), CLIP, SRGB, cross()],
    "mixed": [BLACK, clip(0.1, 0.8), MONO, {"kind": "saturation", "factor": 0.5}, clip(0.2, 0.7), POWER],
}
each_chain = pytest.mark.parametrize("stages", CHAINS.values(), ids=CHAINS)
SIZES = [(2, 2), (3, 2), (17, 31), (20, 300), (300, 20)]


def mono(*stages: StageDict) -> Profile:
    shipped = camsim.load("machine-vision/imx250-mono").model_dump(include={"camsim", "name", "title", "sensor"})
    return Profile.model_validate(shipped | {"isp": list(stages)})


@each_chain
@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
def test_pictures_agree_with_float64(stages: list[StageDict], size: tuple[int, int]) -> None:
    profile = mono(*stages)
    assert camsim.compile(profile, fused=True).is_fused
    assert_as_good_as_plain(profile, mosaic(profile, 2, *size, low=0.2, high=0.65))


@each_chain
@pytest.mark.parametrize("size", [(2, 3), (17, 31), (21, 300)], ids="{0[0]}x{0[1]}".format)
def test_gradients_agree_with_float64(stages: list[StageDict], size: tuple[int, int]) -> None:
    profile = mono(*stages)
    path = camsim.compile(profile, fused=True)._fused_isp(torch.empty(1, 1, 2, 2))
    assert path is not None
    assert path.has_gradient
    assert_gradients_agree(profile, mosaic(profile, 2, *size, low=0.25, high=0.6))


def test_all_planes_are_one() -> None:
    camera = camsim.compile(mono(BLACK, MONO, median(), CLIP, SRGB), fused=True)
    with torch.no_grad():
        image = camera.develop(mosaic(camera.profile, 2, 19, 35))
    assert torch.equal(image, image[:, :1].expand_as(image))
    path = camsim.compile(mono(*CHAINS["curve"]), fused=True)._fused_isp(torch.empty(1, 1, 2, 2))
    assert path is not None
    assert [Op(code) for code in path.program.table[:, CODE]] == [Op.LOAD, Op.STORE]
