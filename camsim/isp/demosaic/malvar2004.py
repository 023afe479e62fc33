"""Malvar-He-Cutler demosaic: gradient-corrected linear interpolation."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from camsim.border import mirror_pad
from camsim.cfa import BAYER, Bayer, RawFormat, bayer, color_masks
from camsim.spec import Domain, Form, Stage, StageSpec

_GREEN_AT_RED_BLUE = [
    [0, 0, -1, 0, 0],
    [0, 0, 2, 0, 0],
    [-1, 2, 4, 2, -1],
    [0, 0, 2, 0, 0],
    [0, 0, -1, 0, 0],
]
_ALONG_ROW = [
    [0, 0, 0.5, 0, 0],
    [0, -1, 0, -1, 0],
    [-1, 4, 5, 4, -1],
    [0, -1, 0, -1, 0],
    [0, 0, 0.5, 0, 0],
]
"""Red (blue) at a green pixel whose red (blue) neighbours lie left and right; its transpose where above and below."""
_OPPOSITE = [
    [0, 0, -1.5, 0, 0],
    [0, 2, 0, 2, 0],
    [-1.5, 0, 6, 0, -1.5],
    [0, 2, 0, 2, 0],
    [0, 0, -1.5, 0, 0],
]
"""Red at a blue pixel and blue at a red one."""


def demosaic_malvar2004(mosaic: Tensor, cfa: Bayer) -> Tensor:
    """Bilinear interpolation corrected by the Laplacian of the colour that was measured.

    Args:
        mosaic: (B, 1, H, W), any range.
        cfa: layout of the mosaic's top-left cell.

    Returns:
        (B, 3, H, W) camera RGB; linear in the mosaic. Border: mirror without the edge pixel.

    Source: H. S. Malvar, L. He, R. Cutler, "High-quality linear interpolation for demosaicing of Bayer-patterned color
    images", ICASSP 2004, figure 2.
    """
    height, width = mosaic.shape[-2:]
    row = torch.tensor(_ALONG_ROW, dtype=torch.float64)
    kernels = torch.stack(
        [torch.tensor(_GREEN_AT_RED_BLUE, dtype=torch.float64), row, row.T, torch.tensor(_OPPOSITE).double()]
    ).to(mosaic)
    filtered = F.conv2d(mirror_pad(mosaic, 2), kernels[:, None] / 8)
    green_here, along_row, along_column, opposite = torch.split(filtered, 1, dim=1)

    red, green, blue = color_masks(cfa, height, width, like=mosaic) > 0
    red_rows, blue_rows = red.any(-1, keepdim=True), blue.any(-1, keepdim=True)
    planes = [
        torch.where(own, mosaic, torch.where(other, opposite, torch.where(own_rows, along_row, along_column)))
        for own, own_rows, other in ((red, red_rows, blue), (blue, blue_rows, red))
    ]
    return torch.cat([planes[0], torch.where(green, mosaic, green_here), planes[1]], dim=1)


class Malvar2004(StageSpec):
    """``{kind: demosaic, method: malvar2004}``."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"mosaic"})
    gives: ClassVar[Domain | None] = "linear"
    cfas: ClassVar[frozenset[str] | None] = frozenset(BAYER)
    form: ClassVar[Form] = "affine"

    kind: Literal["demosaic"] = "demosaic"
    method: Literal["malvar2004"] = "malvar2004"

    @property
    def reach(self) -> int:
        return 2

    def build(self, raw: RawFormat) -> Stage:
        return Malvar2004Stage(self, raw)


class Malvar2004Stage(Stage):
    """See `demosaic_malvar2004`; no knobs."""

    def __init__(self, spec: Malvar2004, raw: RawFormat) -> None:
        super().__init__(spec)
        self.cfa = bayer(raw.cfa)

    def forward(self, image: Tensor) -> Tensor:
        return demosaic_malvar2004(image, self.cfa)
