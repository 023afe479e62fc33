"""Guided filtering: what in each window is a straight line of the guide stays, the rest is averaged."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field
from torch import Tensor

from camsim.cfa import RawFormat
from camsim.isp.guided_filter import guided_filter
from camsim.isp.luma import DenoiseChannels, filter_channels, luma
from camsim.spec import Domain, Form, Quantity, Range, Stage, StageSpec

Guide = Literal["itself", "luma"]


def denoise_guided(
    rgb: Tensor, eps: Tensor, *, radius: int, guide: Guide = "itself", channels: DenoiseChannels = "luma"
) -> Tensor:
    """A guided filter, guided by the channel that it filters or by the luma.

    Args:
        rgb: (B, 3, H, W).
        eps: () variance that is taken for noise, in squared units of the image: edges much higher than its root stay.
        radius: of the window, pixels on each side of the centre.
        guide: ``luma`` keeps the edges of the luma in chroma or in R, G and B.
        channels: on the luma, the chroma (U and V), or each of R, G, B.

    Returns:
        (B, 3, H, W). Differentiable everywhere.
    """
    leads = luma(rgb) if guide == "luma" else None

    def spatial(planes: Tensor) -> Tensor:
        return guided_filter(planes, planes if leads is None else leads, eps, radius)

    return filter_channels(rgb, channels, spatial)


class GuidedDenoise(StageSpec):
    """``{kind: denoise, method: guided, radius: 2, eps: 0.001}``."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear", "encoded"})
    gives: ClassVar[Domain | None] = None
    form: ClassVar[Form] = "local"

    kind: Literal["denoise"] = "denoise"
    method: Literal["guided"] = "guided"
    radius: Annotated[int, Field(ge=1, le=16)]
    """Of the window, px on each side of the centre."""
    eps: Annotated[float, Quantity("1", 1e-6, 10, Range(relative=0.5))]
    """Variance that is taken for noise: the square of its standard deviation, or a few times that."""
    guide: Guide = "itself"
    """What keeps its edges: the channel that is filtered, or the luma."""
    channels: DenoiseChannels = "luma"

    @property
    def reach(self) -> int:
        return 2 * self.radius

    def build(self, raw: RawFormat) -> Stage:
        return GuidedDenoiseStage(self)


class GuidedDenoiseStage(Stage):
    """See `denoise_guided`; knob ``eps``."""

    eps: Tensor

    def __init__(self, spec: GuidedDenoise) -> None:
        super().__init__(spec)
        self.radius = spec.radius
        self.guide: Guide = spec.guide
        self.channels: DenoiseChannels = spec.channels

    def forward(self, image: Tensor) -> Tensor:
        return denoise_guided(image, self.eps, radius=self.radius, guide=self.guide, channels=self.channels)
