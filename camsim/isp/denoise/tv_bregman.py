"""Total-variation denoising by split Bregman iterations, as the seed system offered it."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import pad

from camsim.border import inside, mirror_pad
from camsim.cfa import RawFormat
from camsim.isp.coring import soft_threshold
from camsim.isp.denoise.total_variation import backward_divergence, forward_differences, length
from camsim.isp.luma import DenoiseChannels, filter_channels
from camsim.spec import Domain, Form, Quantity, Range, Stage, StageSpec


def denoise_tv_bregman(
    rgb: Tensor, weight: Tensor, *, iterations: int, isotropic: bool, channels: DenoiseChannels = "luma"
) -> Tensor:
    """On the way to the u that makes weight / 2 · |u - image|² + (total variation of u) the least.

    Source: T. Goldstein, S. Osher, "The split Bregman method for L1-regularized problems", SIAM Journal on Imaging
    Sciences 2(2), 2009, with the penalty 2 · weight. With ``isotropic``, differences are shrunk as scikit-image shrinks
    them, t · s / (s + 1 / penalty) for a gradient t of length s, which spares small ones that a true shrinkage removes.

    Args:
        rgb: (B, 3, H, W).
        weight: () how much of the image is kept, per unit of the image: the smaller, the smoother.
        iterations: of the whole; a fixed number, so that pixels further away than twice that have no influence.
        isotropic: the length of the gradient counts, else its two parts by themselves.
        channels: on the luma, the chroma (U and V), or each of R, G, B.

    Returns:
        (B, 3, H, W). It tends to what skimage.restoration.denoise_tv_bregman tends to, which updates pixel after pixel;
        here first those of one colour of a checkerboard, then the others, which a GPU can do and a tile does alike.
        The gradient is that of these iterations; it keeps some twenty planes of the image for each.
    """
    reach = 2 * iterations

    def spatial(planes: Tensor) -> Tensor:
        padded = mirror_pad(planes, reach)
        rows, columns = (torch.arange(size, device=padded.device) for size in padded.shape[-2:])
        first = (rows[:, None] + columns) % 2 == 0
        smooth = padded
        across = down = of_across = of_down = torch.zeros_like(padded)  # d and b of the source
        for _ in range(iterations):
            pull = weight * padded - 2 * weight * backward_divergence(across - of_across, down - of_down)
            for turn in (first, ~first):
                smooth = torch.where(turn, (2 * weight * _neighbours(smooth) + pull) / (9 * weight), smooth)
            to_right, to_below = forward_differences(smooth)
            to_right, to_below = to_right + of_across, to_below + of_down
            if isotropic:
                size = 2 * weight * length(to_right, to_below)
                across, down = to_right * (size / (size + 1)), to_below * (size / (size + 1))
            else:
                across, down = (soft_threshold(part, 0.5 / weight) for part in (to_right, to_below))
            of_across, of_down = to_right - across, to_below - down
        return inside(smooth, reach)

    return filter_channels(rgb, channels, spatial)


def _neighbours(planes: Tensor) -> Tensor:
    """Sum of the four neighbours; 0 beyond the border, which is cut off."""
    rows, columns = pad(planes, (0, 0, 1, 1)), pad(planes, (1, 1))
    return rows[..., :-2, :] + rows[..., 2:, :] + columns[..., :-2] + columns[..., 2:]


class TvBregmanDenoise(StageSpec):
    """``{kind: denoise, method: tv_bregman, weight: 20}``."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear", "encoded"})
    gives: ClassVar[Domain | None] = None
    form: ClassVar[Form] = "local"

    kind: Literal["denoise"] = "denoise"
    method: Literal["tv_bregman"] = "tv_bregman"
    weight: Annotated[float, Quantity("1", 0.1, 10000, Range(relative=0.5))]
    """How much of the image is kept: the smaller, the smoother."""
    iterations: Annotated[int, Field(ge=1, le=60)] = 20
    """More come closer to the least total variation; each costs the same, and two pixels of the neighbourhood."""
    isotropic: bool = True
    """The length of the gradient counts, else its two parts by themselves."""
    channels: DenoiseChannels = "luma"

    @property
    def reach(self) -> int:
        return 2 * self.iterations

    def build(self, raw: RawFormat) -> Stage:
        return TvBregmanDenoiseStage(self)


class TvBregmanDenoiseStage(Stage):
    """See `denoise_tv_bregman`; knob ``weight``."""

    weight: Tensor

    def __init__(self, spec: TvBregmanDenoise) -> None:
        super().__init__(spec)
        self.iterations, self.isotropic = spec.iterations, spec.isotropic
        self.channels: DenoiseChannels = spec.channels

    def forward(self, image: Tensor) -> Tensor:
        return denoise_tv_bregman(
            image, self.weight, iterations=self.iterations, isotropic=self.isotropic, channels=self.channels
        )
