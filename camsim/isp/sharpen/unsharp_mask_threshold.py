"""Unsharp masking with a threshold: what is small, noise mostly, is not sharpened."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from torch import Tensor

from camsim.cfa import RawFormat
from camsim.isp.coring import soft_threshold
from camsim.isp.gaussian_kernel import gaussian_filter, kernel_radius
from camsim.isp.luma import Channels, filter_channels
from camsim.spec import Domain, Form, Quantity, Range, Stage, StageSpec


def unsharp_mask_threshold(
    rgb: Tensor, radius: Tensor, amount: Tensor, threshold: Tensor, *, kernel: int, channels: Channels = "luma"
) -> Tensor:
    """x + amount · soft(x - blurred x), where soft(d) = sign(d) · max(|d| - threshold, 0); nothing is clipped.

    The threshold is soft (coring): what exceeds it is lessened by it, so that nothing jumps, where photo editors mostly
    take all or nothing of a difference.

    Args:
        rgb: (B, 3, H, W).
        radius: () sigma of the Gaussian blur, px.
        amount: () strength.
        threshold: () in units of the image; 0 makes it the plain unsharp mask.
        kernel: pixels on each side of the blur's centre.
        channels: on the luma, or on each of R, G, B.

    Returns:
        (B, 3, H, W). Differentiable, but where a difference is as large as the threshold.
    """

    def sharpen(planes: Tensor) -> Tensor:
        return planes + amount * soft_threshold(planes - gaussian_filter(planes, radius, kernel), threshold)

    return filter_channels(rgb, channels, sharpen)


class UnsharpMaskThreshold(StageSpec):
    """``{kind: sharpen, method: unsharp_mask_threshold, radius: 1.0, amount: 1.0, threshold: 0.01}``."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear", "encoded"})
    gives: ClassVar[Domain | None] = None
    form: ClassVar[Form] = "local"

    kind: Literal["sharpen"] = "sharpen"
    method: Literal["unsharp_mask_threshold"] = "unsharp_mask_threshold"
    radius: Annotated[float, Quantity("px", 0.1, 10, Range(relative=0.3))]
    amount: Annotated[float, Quantity("1", 0, 10, Range(relative=0.5))]
    threshold: Annotated[float, Quantity("1", 0, 1, Range(relative=0.5))]
    """Differences from the blurred picture up to this are left alone."""
    channels: Channels = "luma"

    @property
    def reach(self) -> int:
        return kernel_radius(self.radius)

    def build(self, raw: RawFormat) -> Stage:
        return UnsharpMaskThresholdStage(self)


class UnsharpMaskThresholdStage(Stage):
    """See `unsharp_mask_threshold`; knobs ``radius``, ``amount`` and ``threshold``."""

    radius: Tensor
    amount: Tensor
    threshold: Tensor

    def __init__(self, spec: UnsharpMaskThreshold) -> None:
        super().__init__(spec)
        self.channels: Channels = spec.channels
        self.kernel = kernel_radius(spec.radius)

    def forward(self, image: Tensor) -> Tensor:
        return unsharp_mask_threshold(
            image, self.radius, self.amount, self.threshold, kernel=self.kernel, channels=self.channels
        )
