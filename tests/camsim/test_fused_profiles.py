"""The fused path against the plain one in float64, for every profile that ships."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

import camsim
from camsim.cfa import BAYER
from camsim.isp import PowerGamma, SrgbGamma
from camsim.profile import Profile

TOLERANCE = 2e-6
FLOAT32 = 2.0**-23
PROFILES = [
    profile
    for profile in camsim.select("all")
    if profile.sensor.cfa in BAYER and profile.sensor.hdr is None and not profile.name.endswith("/parametrised")
]
"""Those that the fused path is there for."""


def scene_mosaic(profile: Profile) -> Tensor:
    """What the device makes of a textured scene, without rounding to whole DN, which would tie Menon's directions."""
    generator = torch.Generator().manual_seed(11)
    y, x = torch.meshgrid(torch.arange(37) / 9, torch.arange(53) / 7, indexing="ij")
    smooth = torch.stack([0.4 + 0.42 * torch.sin(x + k) * torch.cos(y - k) for k in range(3)]).clamp_min(0)
    scene = smooth * (1 + 0.1 * torch.rand(2, 3, 37, 53, generator=generator))
    with torch.no_grad():
        raw = camsim.compile(profile).capture(scene, seed=None)
    full = profile.raw_format.full_scale
    return (raw + full / 4096 * torch.rand(raw.shape, generator=generator)).clamp(0, full)


def light(profile: Profile, image: Tensor) -> Tensor:
    """Undo the encoding."""
    [encoding] = [spec for spec in profile.isp if isinstance(spec, PowerGamma | SrgbGamma)]
    if isinstance(encoding, PowerGamma):
        return image.sign() * image.abs() ** encoding.gamma
    return torch.where(image <= 0.0031308 * 12.92, image / 12.92, ((image.clamp_min(0) + 0.055) / 1.055) ** 2.4)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_fused_agrees_with_float64(profile: Profile) -> None:
    """Of the range [0, 1]: 2e-6 in linear light everywhere, and encoded where the curve's slope is below 1.

    x^(1/2.2) has no bounded slope at 0: there an error of one float32 rounding in linear light is large in the encoded
    picture, on any path, and the largest is a matter of luck; so the mean error is compared with the plain float32
    path's own.
    """
    raw = scene_mosaic(profile)
    with torch.no_grad():
        fused = camsim.compile(profile, fused=True).develop(raw).double()
        plain = camsim.compile(profile, fused=False).develop(raw).double()
        exact = camsim.compile(profile, dtype=torch.float64).develop(raw.double())
    assert ((exact > 0.05) & (exact < 0.95)).double().mean() > 0.5
    error = (fused - exact).abs()
    assert (light(profile, fused) - light(profile, exact)).abs().max() <= TOLERANCE
    assert error[exact > 0.53].max() <= TOLERANCE
    assert error.mean() <= 2 * (plain - exact).abs().mean() + FLOAT32
