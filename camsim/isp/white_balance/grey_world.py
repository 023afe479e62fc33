"""Automatic white balance: the picture's mean is taken to be grey."""

from __future__ import annotations

from typing import ClassVar, Literal

from torch import Tensor

from camsim.cfa import RawFormat
from camsim.isp.auto_gains import balance
from camsim.spec import Domain, Form, Stage, StageSpec


def white_balance_grey_world(rgb: Tensor) -> Tensor:
    """Multiply R and B so that their means over the frame equal that of G.

    Args:
        rgb: (B, 3, H, W) linear camera RGB; each sample has its own gains.

    Returns:
        (B, 3, H, W). Gains lie in [1/16, 16]; a black frame stays as it is. Nothing is clipped. Source: G. Buchsbaum,
        "A spatial processor model for object colour perception", Journal of the Franklin Institute 310(1), 1980.
    """
    return balance(rgb, rgb.mean(dim=(-2, -1)))


class GreyWorld(StageSpec):
    """``{kind: white_balance, method: grey_world}``."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear"})
    gives: ClassVar[Domain | None] = "linear"
    form: ClassVar[Form] = "global"

    kind: Literal["white_balance"] = "white_balance"
    method: Literal["grey_world"] = "grey_world"

    def build(self, raw: RawFormat) -> Stage:
        return GreyWorldStage(self)


class GreyWorldStage(Stage):
    """See `white_balance_grey_world`; no knobs."""

    def forward(self, image: Tensor) -> Tensor:
        return white_balance_grey_world(image)
