"""Highlights cut off where the first channel saturates."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import torch
from torch import Tensor

from camsim.cfa import RawFormat
from camsim.spec import Domain, Form, Quantity, Range, Stage, StageSpec, Triple


def highlights_clip(rgb: Tensor, saturation: Tensor) -> Tensor:
    """min(rgb, the least of the three saturation levels): what is saturated in all channels is white.

    Args:
        rgb: (B, 3, H, W) linear RGB.
        saturation: (3,) where each channel saturates.

    Returns:
        (B, 3, H, W). The gradient through what is cut off is 0 for the picture; the level takes it. Source: D. Coffin,
        dcraw 9.28, ``-H 0`` (scale_colors).
    """
    return torch.minimum(rgb, saturation.amin(0))


class ClipHighlights(StageSpec):
    """``{kind: highlight_recovery, method: clip, saturation: [2.1, 1.0, 1.6]}``, after the white balance."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear"})
    gives: ClassVar[Domain | None] = "linear"
    form: ClassVar[Form] = "pointwise"

    kind: Literal["highlight_recovery"] = "highlight_recovery"
    method: Literal["clip"] = "clip"
    saturation: Annotated[Triple, Quantity("1", 0.01, 64, Range(relative=0.02))]
    """Where R, G and B saturate in the picture that comes in: after a white balance, its gains."""

    def build(self, raw: RawFormat) -> Stage:
        return ClipHighlightsStage(self)


class ClipHighlightsStage(Stage):
    """See `highlights_clip`; knob ``saturation``."""

    saturation: Tensor

    def forward(self, image: Tensor) -> Tensor:
        return highlights_clip(image, self.saturation)
