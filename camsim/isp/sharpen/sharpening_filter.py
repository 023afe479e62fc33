"""The 3x3 sharpening filter of the seed system."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor

from camsim.cfa import RawFormat
from camsim.isp.correlate import correlate
from camsim.isp.luma import Channels, filter_channels
from camsim.spec import Domain, Form, Stage, StageSpec


def sharpening_filter(rgb: Tensor, channels: Channels = "luma") -> Tensor:
    """Convolve with [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]: the image minus its Laplacian.

    Args:
        rgb: (B, 3, H, W).
        channels: on the luma, or on each of R, G, B.

    Returns:
        (B, 3, H, W). Border: mirror without the edge pixel (the seed system filled with zeros).
    """
    return filter_channels(rgb, channels, _minus_laplacian)


def _minus_laplacian(planes: Tensor) -> Tensor:
    kernel = torch.tensor([[0.0, -1, 0], [-1, 5, -1], [0, -1, 0]], dtype=planes.dtype, device=planes.device)
    return correlate(planes, kernel)


class SharpeningFilter(StageSpec):
    """``{kind: sharpen, method: sharpening_filter}``."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear", "encoded"})
    gives: ClassVar[Domain | None] = None
    form: ClassVar[Form] = "affine"

    kind: Literal["sharpen"] = "sharpen"
    method: Literal["sharpening_filter"] = "sharpening_filter"
    channels: Channels = "luma"

    @property
    def reach(self) -> int:
        return 1

    def build(self, raw: RawFormat) -> Stage:
        return SharpeningFilterStage(self)


class SharpeningFilterStage(Stage):
    """See `sharpening_filter`; no knobs."""

    def __init__(self, spec: SharpeningFilter) -> None:
        super().__init__(spec)
        self.channels: Channels = spec.channels

    def forward(self, image: Tensor) -> Tensor:
        return sharpening_filter(image, self.channels)
