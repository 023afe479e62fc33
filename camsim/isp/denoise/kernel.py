"""Blur by a 5x5 kernel whose 25 numbers are knobs, as the seed system learnt it."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Strict
from torch import Tensor

from camsim.cfa import RawFormat
from camsim.isp.correlate import correlate
from camsim.isp.luma import DenoiseChannels, filter_channels
from camsim.spec import Domain, Form, Quantity, Range, Stage, StageSpec

Five = Annotated[tuple[float, float, float, float, float], Strict(False)]
Kernel5 = Annotated[tuple[Five, Five, Five, Five, Five], Strict(False)]
"""A 5x5 kernel, row by row."""


def denoise_kernel(rgb: Tensor, kernel: Tensor, channels: DenoiseChannels = "luma") -> Tensor:
    """Correlate with any 5x5 kernel; with that of a Gaussian of sigma 0.5 it is the Gaussian denoising.

    Args:
        rgb: (B, 3, H, W).
        kernel: (5, 5), not flipped: the first row looks two rows up. Nothing makes it add up to 1, or positive.
        channels: on the luma, the chroma (U and V), or each of R, G, B.

    Returns:
        (B, 3, H, W). Border: mirror without the edge pixel, as in the seed system.
    """
    return filter_channels(rgb, channels, lambda planes: correlate(planes, kernel))


class KernelDenoise(StageSpec):
    """``{kind: denoise, method: kernel, kernel: ...}`` with five rows of five numbers."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear", "encoded"})
    gives: ClassVar[Domain | None] = None
    form: ClassVar[Form] = "affine"

    kind: Literal["denoise"] = "denoise"
    method: Literal["kernel"] = "kernel"
    kernel: Annotated[Kernel5, Quantity("1", -4, 4, Range(absolute=0.01))]
    channels: DenoiseChannels = "luma"

    @property
    def reach(self) -> int:
        return 2

    def build(self, raw: RawFormat) -> Stage:
        return KernelDenoiseStage(self)


class KernelDenoiseStage(Stage):
    """See `denoise_kernel`; knob ``kernel``."""

    kernel: Tensor

    def __init__(self, spec: KernelDenoise) -> None:
        super().__init__(spec)
        self.channels: DenoiseChannels = spec.channels

    def forward(self, image: Tensor) -> Tensor:
        return denoise_kernel(image, self.kernel, self.channels)
