"""The chain that every subject computes, its numbers, and mosaics to run it on.

black level -> bilinear demosaic -> white balance -> colour matrix -> 3x3 sharpening of luma -> Gaussian blur of luma
-> clip to [0, 1] -> x^(1/2.2): the seed system's drone camera, RGGB.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from camsim import catalog
from camsim.isp.luma import LUMA

PROFILE = "seed/drone/bi-s-ga"
SHARPEN = ((0.0, -1.0, 0.0), (-1.0, 5.0, -1.0), (0.0, -1.0, 0.0))
LUMA_WEIGHTS = LUMA

BATCH = (32, 256, 256)
MPIX12 = (1, 3000, 4000)
MPIX48 = (1, 6000, 8000)
CASES = {"32 x 256x256": BATCH, "12 MPix": MPIX12, "48 MPix": MPIX48}


@dataclass(frozen=True)
class Numbers:
    """The chain's parameters, as the profile has them."""

    black: NDArray[np.float64]
    """(4,) DN, per CFA site row by row."""
    full_scale: float
    """DN that become 1.0 before the black level is taken off."""
    gains: NDArray[np.float64]
    matrix: NDArray[np.float64]
    sigma: float
    gamma: float

    @property
    def color(self) -> NDArray[np.float64]:
        """(3, 3): white balance, then colour matrix."""
        return self.matrix * self.gains

    @property
    def blur(self) -> NDArray[np.float64]:
        """(5,): samples of the Gaussian, summing to 1."""
        weights = np.exp(-0.5 * (np.arange(-2, 3) / self.sigma) ** 2)
        result: NDArray[np.float64] = weights / weights.sum()
        return result


@cache
def numbers() -> Numbers:
    """The chain's parameters."""
    profile = catalog.load(PROFILE)
    knobs = {name: np.asarray(knob.value, dtype=np.float64) for name, knob in profile.knobs().items()}
    return Numbers(
        black=knobs["isp.black_level.level"],
        full_scale=profile.raw_format.full_scale,
        gains=knobs["isp.white_balance.gains"],
        matrix=knobs["isp.color_matrix.matrix"],
        sigma=float(knobs["isp.denoise.sigma"]),
        gamma=float(knobs["isp.gamma.gamma"]),
    )


def frames(batch: int, height: int, width: int, seed: int = 0) -> Tensor:
    """Mosaics of an even-tempered scene: soft blotches of colour under fine texture.

    Returns:
        (batch, 1, height, width) float32, whole DN of the 16-bit container, RGGB. Little of it clips.
    """
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(batch, 3, height // 32 + 2, width // 32 + 2, generator=generator)
    raw = torch.empty(batch, 1, height, width)
    gains = torch.from_numpy(numbers().gains).float()
    for site, color in enumerate((0, 1, 1, 2)):
        y, x = divmod(site, 2)
        plane = raw[:, :, y::2, x::2]
        light = interpolate(coarse[:, color : color + 1], plane.shape[-2:], mode="bilinear", align_corners=False)
        light.mul_(0.4).add_(0.25)
        light.add_(torch.randn(plane.shape, generator=generator), alpha=0.01)
        plane.copy_(light.mul_(numbers().full_scale / float(gains[color])).add_(float(numbers().black[site])))
    return raw.div_(16).round_().mul_(16).clamp_(0, numbers().full_scale)
