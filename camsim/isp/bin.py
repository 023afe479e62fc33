"""Binning: the four pixels of one colour of a quad-Bayer mosaic become one pixel of a Bayer mosaic of half the size."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

from torch import Tensor
from torch.nn import functional as F

from camsim.cfa import BAYER, RawFormat
from camsim.spec import Domain, Form, Stage, StageSpec

Mode = Literal["mean", "sum"]
_PIXELS = 4


def bin_quads(mosaic: Tensor, mode: Mode = "mean") -> Tensor:
    """The mean, or the sum, of each 2x2 block.

    The mean of four pixels has half their noise; so has the sum, at four times the signal. A last row or column that
    belongs to no whole block is left out.

    Args:
        mosaic: (B, 1, H, W), whose 2x2 blocks, from the top left, are each of one colour; at least 2x2.
        mode: what to make of a block.

    Returns:
        (B, 1, H // 2, W // 2); linear in the mosaic.
    """
    means = F.avg_pool2d(mosaic, 2)
    return means if mode == "mean" else means * _PIXELS


class Bin(StageSpec):
    """``{kind: bin, mode: mean}``: a quad-Bayer mosaic becomes a Bayer one of half its height and width, rounded down.

    Before black_level it bins DN, as a sensor does, and black_level then takes the levels of binned pixels.
    """

    takes: ClassVar[frozenset[Domain]] = frozenset({"dn", "mosaic"})
    gives: ClassVar[Domain | None] = None
    cfas: ClassVar[frozenset[str] | None] = frozenset(f"quad-{name}" for name in BAYER)
    form: ClassVar[Form] = "affine"

    kind: Literal["bin"] = "bin"
    mode: Mode = "mean"

    @property
    def reach(self) -> int:
        return 1

    def output_size(self, height: int, width: int) -> tuple[int, int]:
        return height // 2, width // 2

    def gives_format(self, raw: RawFormat) -> RawFormat:
        share = 1 if self.mode == "sum" else 1 / _PIXELS
        black, white = (sum(levels) * share for levels in (raw.black, raw.white))
        return replace(
            raw,
            cfa=raw.cfa.removeprefix("quad-"),
            black=(black,) * 4,
            white=(white,) * 4,
            full_scale=raw.full_scale * share * _PIXELS,
        )

    def build(self, raw: RawFormat) -> Stage:
        return BinStage(self)


class BinStage(Stage):
    """See `bin_quads`; no knobs."""

    def __init__(self, spec: Bin) -> None:
        super().__init__(spec)
        self.mode: Mode = spec.mode

    def forward(self, image: Tensor) -> Tensor:
        return bin_quads(image, self.mode)
