"""Automatic white balance: the brightest of each channel is taken to be white."""

from __future__ import annotations

from typing import ClassVar, Literal

from torch import Tensor

from camsim.cfa import RawFormat
from camsim.isp.auto_gains import balance
from camsim.spec import Domain, Form, Stage, StageSpec


def white_balance_white_patch(rgb: Tensor) -> Tensor:
    """Multiply R and B so that their greatest values in the frame equal that of G.

    Args:
        rgb: (B, 3, H, W) linear camera RGB; each sample has its own gains.

    Returns:
        (B, 3, H, W). Gains lie in [1/16, 16]; a black frame stays as it is. Nothing is clipped. The gradient through
        the gains is that of the brightest pixels alone, shared where several are equal. Source: E. H. Land and
        J. J. McCann, "Lightness and Retinex Theory", Journal of the Optical Society of America 61(1), 1971.
    """
    return balance(rgb, rgb.amax(dim=(-2, -1)))


class WhitePatch(StageSpec):
    """``{kind: white_balance, method: white_patch}``."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear"})
    gives: ClassVar[Domain | None] = "linear"
    form: ClassVar[Form] = "global"

    kind: Literal["white_balance"] = "white_balance"
    method: Literal["white_patch"] = "white_patch"

    def build(self, raw: RawFormat) -> Stage:
        return WhitePatchStage(self)


class WhitePatchStage(Stage):
    """See `white_balance_white_patch`; no knobs."""

    def forward(self, image: Tensor) -> Tensor:
        return white_balance_white_patch(image)
