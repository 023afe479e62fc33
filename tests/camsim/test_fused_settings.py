"""Every knob of the newer operations: turned for one call, in several settings at once, and between cameras that share
operations."""

from __future__ import annotations

import pytest
import torch

import camsim

from .fusing import BILINEAR, BLACK, CLIP, SRGB, WB, StageDict, chain, mosaic
from .test_fused_colors import AFFINE, CCT, table, threshold
from .test_fused_curves import ACES, FILMIC, HABLE, SPLINE, curve, reinhard
from .test_fused_kernel import SHARP, SOFT
from .test_fused_linearize import COMPANDED, even
from .test_fused_place import LIGHTS, OF_EACH, grid, layer, radial
from .test_fused_repair import greens

HEAD = [BLACK, BILINEAR, WB]
CHAINS: dict[str, list[StageDict]] = {
    "sharp": [*HEAD, SHARP, CLIP, SRGB],
    "soft": [*HEAD, SOFT, CLIP, SRGB],
    "reinhard": [*HEAD, reinhard(), CLIP, SRGB],
    "aces": [*HEAD, ACES, SRGB],
    "hable": [*HEAD, HABLE, SRGB],
    "filmic": [*HEAD, FILMIC],
    "spline": [*HEAD, SPLINE, SRGB],
    "curve": [*HEAD, curve(9)],
    "additive layer": [*HEAD, layer(3, 4), SRGB],
    "grid": [BLACK, grid(3, 4, 4), BILINEAR, SRGB],
    "grids of several lights": [BLACK, LIGHTS, BILINEAR, SRGB],
    "radial": [BLACK, radial(OF_EACH), BILINEAR, SRGB],
    "gains of a temperature": [BLACK, BILINEAR, CCT, SRGB],
    "affine matrix": [*HEAD, AFFINE, SRGB],
    "threshold": [BLACK, BILINEAR, threshold(), SRGB],
    "table of colours": [BLACK, BILINEAR, table(4, "trilinear", strength=0.5), SRGB],
    "greens": [BLACK, greens(0.5), BILINEAR, SRGB],
    "companded": [COMPANDED, *HEAD, SRGB],
    "table": [even(9), *HEAD, SRGB],
}
each_chain = pytest.mark.parametrize("stages", CHAINS.values(), ids=CHAINS)


@each_chain
def test_several_settings_are_those_settings(stages: list[StageDict]) -> None:
    profile = chain(*stages)
    raw = mosaic(chain(BLACK, BILINEAR, SRGB), 2, 9, 21, low=0.2)
    fused, plain = camsim.compile(profile, fused=True), camsim.compile(profile, fused=False)
    for name, knob in fused.named_parameters():
        if name.startswith("isp.") and knob.is_floating_point():
            values = torch.stack([knob.detach() * factor for factor in (0.97, 1.0, 1.02)])
            with torch.no_grad():
                images = fused.develop_each(raw, {name: values})
                for image, value in zip(images, values, strict=True):
                    exact = torch.func.functional_call(plain, {name: value}, (raw,), {"mosaic": True})
                    assert (image - exact).abs().max() <= 5e-6, name
            assert (images[0] - images[1]).abs().max() > 1e-5, name


@each_chain
def test_cameras_that_share_operations_see_every_number(stages: list[StageDict]) -> None:
    """Of two cameras that differ in one number of one knob, each gives the picture that it gives alone."""
    profile = chain(*stages)
    raw = mosaic(chain(BLACK, BILINEAR, SRGB), 1, 16, 24, low=0.2)
    first = camsim.compile(profile, fused=True)
    for name, knob in first.named_parameters():
        if name.startswith("isp."):
            second = camsim.compile(profile, fused=True)
            with torch.no_grad():
                second.get_parameter(name).reshape(-1)[knob.numel() // 2] *= 1.25
                if knob.reshape(-1)[knob.numel() // 2] == 0:
                    second.get_parameter(name).reshape(-1)[knob.numel() // 2] += 0.25
                alone = [camera.develop(raw) for camera in (first, second)]
                together = camsim.CameraGroup([first, second]).develop(raw)
            assert not torch.equal(*alone), name
            assert all(torch.equal(image, other) for image, other in zip(together, alone, strict=True)), name
