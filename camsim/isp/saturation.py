"""Saturation: how far colours lie from grey."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import torch
from torch import Tensor

from camsim.cfa import RawFormat
from camsim.isp.luma import LUMA
from camsim.spec import Domain, Form, Quantity, Range, Stage, StageSpec


def saturation(rgb: Tensor, factor: Tensor) -> Tensor:
    """Y + factor · (rgb - Y), with the luma Y of BT.601; nothing is clipped.

    Args:
        rgb: (B, 3, H, W).
        factor: () 0 gives grey, 1 changes nothing.

    Returns:
        (B, 3, H, W).
    """
    weights = torch.tensor(LUMA, dtype=rgb.dtype, device=rgb.device)
    luma = (rgb * weights[:, None, None]).sum(dim=-3, keepdim=True)
    return luma + factor * (rgb - luma)


class Saturation(StageSpec):
    """``{kind: saturation, factor: 1.2}``."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear", "encoded"})
    gives: ClassVar[Domain | None] = None
    form: ClassVar[Form] = "affine"

    kind: Literal["saturation"] = "saturation"
    factor: Annotated[float, Quantity("1", 0, 4, Range(relative=0.2))]

    def build(self, raw: RawFormat) -> Stage:
        return SaturationStage(self)


class SaturationStage(Stage):
    """See `saturation`; knob ``factor``."""

    factor: Tensor

    def forward(self, image: Tensor) -> Tensor:
        return saturation(image, self.factor)
