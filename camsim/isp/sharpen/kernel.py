"""Sharpening by a 3x3 kernel whose nine numbers are knobs, as the seed system learnt it."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from torch import Tensor

from camsim.cfa import RawFormat
from camsim.isp.correlate import correlate
from camsim.isp.luma import Channels, filter_channels
from camsim.spec import Domain, Form, Matrix3, Quantity, Range, Stage, StageSpec


def sharpen_kernel(rgb: Tensor, kernel: Tensor, channels: Channels = "luma") -> Tensor:
    """Correlate with any 3x3 kernel; with [[0, -1, 0], [-1, 5, -1], [0, -1, 0]] it is the sharpening filter.

    Args:
        rgb: (B, 3, H, W).
        kernel: (3, 3), not flipped: the first row looks at the row above. Nothing makes it add up to 1.
        channels: on the luma, or on each of R, G, B.

    Returns:
        (B, 3, H, W). Border: mirror without the edge pixel (the seed system filled with zeros).
    """
    return filter_channels(rgb, channels, lambda planes: correlate(planes, kernel))


class KernelSharpen(StageSpec):
    """``{kind: sharpen, method: kernel, kernel: [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]}``."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear", "encoded"})
    gives: ClassVar[Domain | None] = None
    form: ClassVar[Form] = "affine"

    kind: Literal["sharpen"] = "sharpen"
    method: Literal["kernel"] = "kernel"
    kernel: Annotated[Matrix3, Quantity("1", -20, 20, Range(absolute=0.05))]
    channels: Channels = "luma"

    @property
    def reach(self) -> int:
        return 1

    def build(self, raw: RawFormat) -> Stage:
        return KernelSharpenStage(self)


class KernelSharpenStage(Stage):
    """See `sharpen_kernel`; knob ``kernel``."""

    kernel: Tensor

    def __init__(self, spec: KernelSharpen) -> None:
        super().__init__(spec)
        self.channels: Channels = spec.channels

    def forward(self, image: Tensor) -> Tensor:
        return sharpen_kernel(image, self.kernel, self.channels)
