"""Highlights rebuilt: what a saturated channel would have been, from the other two."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import torch
from pydantic import AfterValidator
from torch import Tensor
from torch.nn import functional as F

from camsim.cfa import RawFormat
from camsim.spec import Domain, Form, Stage, StageSpec, Triple

NEAR = 9
"""Pixels from a saturated one within which the picture is asked how a channel differs from the other two."""
FROM = 0.987
"""Of its saturation level, where a channel counts as saturated."""
_LEAST = 0.2
"""Of its saturation level, from where a channel near by is asked."""
_TINY = 1e-9


def highlights_opposed(rgb: Tensor, saturation: Tensor) -> Tensor:
    """Replace a saturated channel by its estimate from the other two where that is greater.

    The estimate is ((∛a + ∛b) / 2)³ of the other two channels, plus the mean difference of the channel from that
    estimate over the pixels within 9 px of saturated ones where it lies between 0.2 and 0.987 of its saturation level;
    0 where there are none.

    Args:
        rgb: (B, 3, H, W) linear RGB after a white balance; each sample has its own mean differences.
        saturation: (3,) where each channel saturates.

    Returns:
        (B, 3, H, W), with values above the saturation levels. Where all channels are saturated it is near to white.
        What counts as saturated is a step function: the gradient is that of what was chosen, and the levels have none.

    Source: darktable, src/iop/hlreconstruct/opposed.c ("inpaint opposed", H. Schwalm and others), in its form for RGB,
    with neighbourhoods counted in pixels in place of blocks of 3x3.
    """
    level = saturation[:, None, None]
    positive = rgb > _TINY
    root = torch.where(positive, torch.where(positive, rgb, 1).pow(1 / 3), 0)
    estimate = ((root.sum(-3, keepdim=True) - root) / 2).pow(3)
    saturated = rgb.detach() >= FROM * level
    asked = ~saturated & (rgb.detach() > _LEAST * level) & _dilated(saturated.to(rgb.dtype))
    weight = asked.to(rgb.dtype)
    count = weight.sum((-2, -1), keepdim=True).clamp_min(1)
    difference = ((rgb - estimate) * weight).sum((-2, -1), keepdim=True) / count
    return torch.where(saturated, torch.maximum(rgb, estimate + difference), rgb)


def _dilated(mask: Tensor) -> Tensor:
    """Whether one lies within `NEAR` px along rows and columns."""
    rows = F.max_pool2d(mask, (2 * NEAR + 1, 1), stride=1, padding=(NEAR, 0))
    return F.max_pool2d(rows, (1, 2 * NEAR + 1), stride=1, padding=(0, NEAR)) > 0


def _within(levels: Triple) -> Triple:
    if not all(0.01 <= level <= 64 for level in levels):
        raise ValueError(f"must lie in [0.01, 64], got {list(levels)}")
    return levels


class OpposedHighlights(StageSpec):
    """``{kind: highlight_recovery, method: opposed, saturation: [2.1, 1.0, 1.6]}``, after the white balance."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear"})
    gives: ClassVar[Domain | None] = "linear"
    form: ClassVar[Form] = "global"

    kind: Literal["highlight_recovery"] = "highlight_recovery"
    method: Literal["opposed"] = "opposed"
    saturation: Annotated[Triple, AfterValidator(_within)]
    """Where R, G and B saturate in the picture that comes in: after a white balance, its gains. No knob here: it only
    says which pixels are rebuilt."""

    def build(self, raw: RawFormat) -> Stage:
        return OpposedHighlightsStage(self)


class OpposedHighlightsStage(Stage):
    """See `highlights_opposed`; no knobs."""

    saturation: Tensor

    def __init__(self, spec: OpposedHighlights) -> None:
        super().__init__(spec)
        self.register_buffer("saturation", torch.tensor(spec.saturation, dtype=torch.float64))

    def forward(self, image: Tensor) -> Tensor:
        return highlights_opposed(image, self.saturation)
