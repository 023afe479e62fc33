"""Half-size demosaic: each cell of the CFA becomes one pixel, without interpolation."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor

from camsim.cfa import BAYER, Bayer, RawFormat, bayer
from camsim.spec import Domain, Form, Stage, StageSpec


def demosaic_half_size(mosaic: Tensor, cfa: Bayer) -> Tensor:
    """One pixel for each whole 2x2 cell: its red, the mean of its two greens, its blue.

    A last row or column that belongs to no whole cell is left out. The centre of pixel (i, j) lies in the middle of its
    cell, at (2 i + 1/2, 2 j + 1/2) of the mosaic; its red and blue were measured half a mosaic pixel beside it.

    Args:
        mosaic: (B, 1, H, W), any range; at least 2x2.
        cfa: layout of the mosaic's top-left cell.

    Returns:
        (B, 3, H // 2, W // 2) camera RGB; linear in the mosaic.

    Source: dcraw's and LibRaw's ``half_size``, which truncate the mean of the greens to whole numbers.
    """
    height, width = mosaic.shape[-2] // 2, mosaic.shape[-1] // 2
    sites = [mosaic[..., y : 2 * height : 2, x : 2 * width : 2] for y in (0, 1) for x in (0, 1)]
    planes = []
    for color in "RGB":
        own = [site for site, letter in zip(sites, cfa, strict=True) if letter == color]
        planes.append(sum(own[1:], own[0]) / len(own))
    return torch.cat(planes, dim=-3)


class HalfSize(StageSpec):
    """``{kind: demosaic, method: half_size}``: the picture has half the mosaic's height and width, rounded down."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"mosaic"})
    gives: ClassVar[Domain | None] = "linear"
    cfas: ClassVar[frozenset[str] | None] = frozenset(BAYER)
    form: ClassVar[Form] = "affine"

    kind: Literal["demosaic"] = "demosaic"
    method: Literal["half_size"] = "half_size"

    def output_size(self, height: int, width: int) -> tuple[int, int]:
        return height // 2, width // 2

    def build(self, raw: RawFormat) -> Stage:
        return HalfSizeStage(self, raw)


class HalfSizeStage(Stage):
    """See `demosaic_half_size`; no knobs."""

    def __init__(self, spec: HalfSize, raw: RawFormat) -> None:
        super().__init__(spec)
        self.cfa = bayer(raw.cfa)

    def forward(self, image: Tensor) -> Tensor:
        return demosaic_half_size(image, self.cfa)
