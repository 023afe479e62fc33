"""Total-variation denoising by Chambolle's projection: edges stay, what is small and wavy goes."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from camsim.border import inside, mirror_pad
from camsim.cfa import RawFormat
from camsim.isp.denoise.total_variation import backward_divergence, forward_differences, length
from camsim.isp.luma import DenoiseChannels, filter_channels
from camsim.spec import Domain, Form, Quantity, Range, Stage, StageSpec

_STEP = 0.25  # converges; Chambolle proves it for 1/8 only


def denoise_tv_chambolle(rgb: Tensor, weight: Tensor, *, iterations: int, channels: DenoiseChannels = "luma") -> Tensor:
    """On the way to the u that makes |u - image|² / 2 + weight · (total variation of u) the least.

    Source: A. Chambolle, "An algorithm for total variation minimization and applications", Journal of Mathematical
    Imaging and Vision 20, 2004.

    Args:
        rgb: (B, 3, H, W).
        weight: () how much is smoothed away, in units of the image.
        iterations: how often the dual variable is improved; a fixed number, so that pixels further away than that have
            no influence, and a picture does not depend on what else is in the frame.
        channels: on the luma, the chroma (U and V), or each of R, G, B.

    Returns:
        (B, 3, H, W). Same as skimage.restoration.denoise_tv_chambolle(eps=0, max_num_iter=iterations + 1) away from the
        border. The gradient is that of these iterations; where neighbours are equal that of their distance counts as 0.
        It keeps some ten planes of the image for each iteration.
    """

    def spatial(planes: Tensor) -> Tensor:
        padded = mirror_pad(planes, iterations)
        across = down = torch.zeros_like(padded)
        smooth = padded
        for _ in range(iterations):
            to_right, to_below = forward_differences(smooth)
            grown = 1 + _STEP / weight * length(to_right, to_below)
            across, down = (across + _STEP * to_right) / grown, (down + _STEP * to_below) / grown
            smooth = padded + backward_divergence(across, down)
        return inside(smooth, iterations)

    return filter_channels(rgb, channels, spatial)


class TvChambolleDenoise(StageSpec):
    """``{kind: denoise, method: tv_chambolle, weight: 0.03}``."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear", "encoded"})
    gives: ClassVar[Domain | None] = None
    form: ClassVar[Form] = "local"

    kind: Literal["denoise"] = "denoise"
    method: Literal["tv_chambolle"] = "tv_chambolle"
    weight: Annotated[float, Quantity("1", 0.0001, 10, Range(relative=0.5))]
    """How much is smoothed away; about the noise's standard deviation."""
    iterations: Annotated[int, Field(ge=1, le=60)] = 20
    """More come closer to the least total variation; each costs the same, and a pixel of the neighbourhood."""
    channels: DenoiseChannels = "luma"

    @property
    def reach(self) -> int:
        return self.iterations

    def build(self, raw: RawFormat) -> Stage:
        return TvChambolleDenoiseStage(self)


class TvChambolleDenoiseStage(Stage):
    """See `denoise_tv_chambolle`; knob ``weight``."""

    weight: Tensor

    def __init__(self, spec: TvChambolleDenoise) -> None:
        super().__init__(spec)
        self.iterations = spec.iterations
        self.channels: DenoiseChannels = spec.channels

    def forward(self, image: Tensor) -> Tensor:
        return denoise_tv_chambolle(image, self.weight, iterations=self.iterations, channels=self.channels)
