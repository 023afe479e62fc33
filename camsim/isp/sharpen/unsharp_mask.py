"""Unsharp masking."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from torch import Tensor

from camsim.cfa import RawFormat
from camsim.isp.gaussian_kernel import gaussian_filter, kernel_radius
from camsim.isp.luma import Channels, filter_channels
from camsim.spec import Domain, Form, Quantity, Range, Stage, StageSpec

Axis = Literal["both", "vertical"]


def unsharp_mask(
    rgb: Tensor,
    radius: Tensor,
    amount: Tensor,
    *,
    kernel: int,
    axis: Axis = "both",
    channels: Channels = "luma",
) -> Tensor:
    """x + amount · (x - blurred x); nothing is clipped.

    Args:
        rgb: (B, 3, H, W).
        radius: () sigma of the Gaussian blur, px.
        amount: () strength.
        kernel: pixels on each side of the blur's centre.
        axis: ``vertical`` blurs down the columns only, as the seed system did by mistake.
        channels: on the luma, or on each of R, G, B.

    Returns:
        (B, 3, H, W). Same as skimage.filters.unsharp_mask(..., preserve_range=True) away from the border.
    """

    def sharpen(planes: Tensor) -> Tensor:
        blurred = gaussian_filter(planes, radius, kernel, vertical_only=axis == "vertical")
        return planes + amount * (planes - blurred)

    return filter_channels(rgb, channels, sharpen)


class UnsharpMask(StageSpec):
    """``{kind: sharpen, method: unsharp_mask, radius: 1.0, amount: 1.0}``."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear", "encoded"})
    gives: ClassVar[Domain | None] = None
    form: ClassVar[Form] = "affine"

    kind: Literal["sharpen"] = "sharpen"
    method: Literal["unsharp_mask"] = "unsharp_mask"
    radius: Annotated[float, Quantity("px", 0.1, 10, Range(relative=0.3))]
    amount: Annotated[float, Quantity("1", 0, 10, Range(relative=0.5))]
    axis: Axis = "both"
    channels: Channels = "luma"

    @property
    def reach(self) -> int:
        return kernel_radius(self.radius)

    def build(self, raw: RawFormat) -> Stage:
        return UnsharpMaskStage(self)


class UnsharpMaskStage(Stage):
    """See `unsharp_mask`; knobs ``radius`` and ``amount``. The kernel's size is that of the profile's radius."""

    radius: Tensor
    amount: Tensor

    def __init__(self, spec: UnsharpMask) -> None:
        super().__init__(spec)
        self.axis: Axis = spec.axis
        self.channels: Channels = spec.channels
        self.kernel = kernel_radius(spec.radius)

    def forward(self, image: Tensor) -> Tensor:
        return unsharp_mask(image, self.radius, self.amount, kernel=self.kernel, axis=self.axis, channels=self.channels)
