"""Bilinear demosaic."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from camsim.border import mirror_pad
from camsim.cfa import BAYER, Bayer, RawFormat, bayer, color_masks
from camsim.spec import Domain, Form, Stage, StageSpec

_RED_BLUE = [[0.25, 0.5, 0.25], [0.5, 1.0, 0.5], [0.25, 0.5, 0.25]]
_GREEN = [[0.0, 0.25, 0.0], [0.25, 1.0, 0.25], [0.0, 0.25, 0.0]]


def demosaic_bilinear(mosaic: Tensor, cfa: Bayer) -> Tensor:
    """Each missing colour is the mean of its two or four nearest neighbours of that colour.

    Args:
        mosaic: (B, 1, H, W), any range.
        cfa: layout of the mosaic's top-left cell.

    Returns:
        (B, 3, H, W) camera RGB; linear in the mosaic. Border: mirror without the edge pixel.
    """
    height, width = mosaic.shape[-2:]
    # One pixel of mirrored border shifts the phase by one in each direction: the masks are cut from a larger frame.
    masks = color_masks(cfa, height + 3, width + 3, like=mosaic)[:, 1:, 1:]
    planes = mirror_pad(mosaic, 1) * masks
    kernels = torch.tensor([_RED_BLUE, _GREEN, _RED_BLUE], dtype=mosaic.dtype, device=mosaic.device)
    return F.conv2d(planes, kernels[:, None], groups=3)


class Bilinear(StageSpec):
    """``{kind: demosaic, method: bilinear}``."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"mosaic"})
    gives: ClassVar[Domain | None] = "linear"
    cfas: ClassVar[frozenset[str] | None] = frozenset(BAYER)
    form: ClassVar[Form] = "affine"

    kind: Literal["demosaic"] = "demosaic"
    method: Literal["bilinear"] = "bilinear"

    @property
    def reach(self) -> int:
        return 1

    def build(self, raw: RawFormat) -> Stage:
        return BilinearStage(self, raw)


class BilinearStage(Stage):
    """See `demosaic_bilinear`; no knobs."""

    def __init__(self, spec: Bilinear, raw: RawFormat) -> None:
        super().__init__(spec)
        self.cfa = bayer(raw.cfa)

    def forward(self, image: Tensor) -> Tensor:
        return demosaic_bilinear(image, self.cfa)
