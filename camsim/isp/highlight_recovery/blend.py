"""Highlights that fade to white: lightness is kept, and the colour of the clipped picture taken."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal

import torch
from torch import Tensor

from camsim.cfa import RawFormat
from camsim.spec import Domain, Form, Quantity, Range, Stage, StageSpec, Triple

_TO_CHROMA = ((1.0, 1.0, 1.0), (math.sqrt(3), -math.sqrt(3), 0.0), (-1.0, -1.0, 2.0))
"""Lightness and two chromas at right angles, of which grey has none."""
_FROM_CHROMA = ((1 / 3, math.sqrt(3) / 6, -1 / 6), (1 / 3, -math.sqrt(3) / 6, -1 / 6), (1 / 3, 0.0, 1 / 3))
"""Its inverse."""


def highlights_blend(rgb: Tensor, saturation: Tensor) -> Tensor:
    """Give pixels with a value above the least saturation level the saturation that they would have if clipped to it.

    With lightness R + G + B and two chromas, the chromas of such a pixel are multiplied by |chroma of the clipped
    pixel| / |its own chroma|: hue and lightness stay, and what is saturated in all channels is grey.

    Args:
        rgb: (B, 3, H, W) linear RGB.
        saturation: (3,) where each channel saturates.

    Returns:
        (B, 3, H, W). Nothing is clipped and nothing made darker: dcraw's ``-H 2`` is this, then `highlights_unclip`.
        Where all channels are clipped the factor's gradient is taken for 0, which is one of its sides. Source: D.
        Coffin, dcraw 9.28, blend_highlights.
    """
    limit = saturation.amin(0)
    forth, back = (torch.tensor(rows, dtype=rgb.dtype, device=rgb.device) for rows in (_TO_CHROMA, _FROM_CHROMA))
    own = torch.einsum("oc,...chw->...ohw", forth, rgb)
    clipped = torch.einsum("oc,...chw->...ohw", forth, torch.minimum(rgb, limit))
    before, after = (x[..., 1:, :, :].square().sum(-3, keepdim=True) for x in (own, clipped))
    colored = (before > 0) & (after > 0)  # the root has no gradient at 0
    ratio = torch.where(colored, after, 1) / torch.where(colored, before, 1)
    factor = torch.where(colored, ratio.sqrt(), 0)
    faded = torch.cat([own[..., :1, :, :], own[..., 1:, :, :] * factor], dim=-3)
    beyond = (rgb > limit).any(-3, keepdim=True)
    return torch.where(beyond, torch.einsum("oc,...chw->...ohw", back, faded), rgb)


class BlendHighlights(StageSpec):
    """``{kind: highlight_recovery, method: blend, saturation: [2.1, 1.0, 1.6]}``, after the white balance."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear"})
    gives: ClassVar[Domain | None] = "linear"
    form: ClassVar[Form] = "pointwise"

    kind: Literal["highlight_recovery"] = "highlight_recovery"
    method: Literal["blend"] = "blend"
    saturation: Annotated[Triple, Quantity("1", 0.01, 64, Range(relative=0.02))]
    """Where R, G and B saturate in the picture that comes in: after a white balance, its gains."""

    def build(self, raw: RawFormat) -> Stage:
        return BlendHighlightsStage(self)


class BlendHighlightsStage(Stage):
    """See `highlights_blend`; knob ``saturation``."""

    saturation: Tensor

    def forward(self, image: Tensor) -> Tensor:
        return highlights_blend(image, self.saturation)
