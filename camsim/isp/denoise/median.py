"""Median denoising."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor

from camsim.border import mirror_pad
from camsim.cfa import RawFormat
from camsim.isp.luma import DenoiseChannels, filter_channels
from camsim.spec import Domain, Form, Stage, StageSpec

Size = Literal[3, 5]


def denoise_median(rgb: Tensor, size: Size, channels: DenoiseChannels = "luma") -> Tensor:
    """Median over a square window.

    Args:
        rgb: (B, 3, H, W).
        size: side of the window, px.
        channels: on the luma, the chroma (U and V), or each of R, G, B.

    Returns:
        (B, 3, H, W). Same as scipy.ndimage.median_filter away from the border. The gradient goes to the pixel that is
        the median.
    """
    return filter_channels(rgb, channels, lambda planes: _median(planes, size))


def _median(planes: Tensor, size: int) -> Tensor:
    padded = mirror_pad(planes, size // 2)
    height, width = planes.shape[-2:]
    shifts = [padded[..., y : y + height, x : x + width] for y in range(size) for x in range(size)]
    if torch.is_grad_enabled() and planes.requires_grad:
        return torch.stack(shifts, dim=-1).median(dim=-1).values
    return _forgetful_median(shifts)


def _forgetful_median(values: list[Tensor]) -> Tensor:
    """The same value ten times as fast, from minima and maxima, which ONNX has too; its gradient is slow, and is split
    between equal pixels.

    Of n values, the least and the greatest of any n // 2 + 2 cannot be the median: forget them, take in the next.
    Source: A. W. Paeth, "Median finding on a 3x3 grid", Graphics Gems, 1990.
    """
    first = len(values) // 2 + 2
    kept, coming = values[:first], values[first:]
    while True:
        for low in range(len(kept) // 2):  # the least is now in the first half, the greatest in the second
            _order(kept, low, len(kept) - 1 - low)
        for other in range(1, (len(kept) + 1) // 2):
            _order(kept, 0, other)
        for other in range(len(kept) // 2, len(kept) - 1):
            _order(kept, other, len(kept) - 1)
        kept = kept[1:-1]
        if not coming:
            return kept[0]
        kept.append(coming.pop())


def _order(values: list[Tensor], low: int, high: int) -> None:
    values[low], values[high] = torch.minimum(values[low], values[high]), torch.maximum(values[low], values[high])


class MedianDenoise(StageSpec):
    """``{kind: denoise, method: median, size: 3}``."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear", "encoded"})
    gives: ClassVar[Domain | None] = None
    form: ClassVar[Form] = "local"

    kind: Literal["denoise"] = "denoise"
    method: Literal["median"] = "median"
    size: Size
    channels: DenoiseChannels = "luma"

    @property
    def reach(self) -> int:
        return self.size // 2

    def build(self, raw: RawFormat) -> Stage:
        return MedianDenoiseStage(self)


class MedianDenoiseStage(Stage):
    """See `denoise_median`; no knobs."""

    def __init__(self, spec: MedianDenoise) -> None:
        super().__init__(spec)
        self.size: Size = spec.size
        self.channels: DenoiseChannels = spec.channels

    def forward(self, image: Tensor) -> Tensor:
        return denoise_median(image, self.size, self.channels)
