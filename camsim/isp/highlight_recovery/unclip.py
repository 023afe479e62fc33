"""Highlights kept: the picture is made so much darker that all that was measured lies below white."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from torch import Tensor

from camsim.cfa import RawFormat
from camsim.spec import Domain, Form, Quantity, Range, Stage, StageSpec, Triple


def highlights_unclip(rgb: Tensor, saturation: Tensor) -> Tensor:
    """rgb · (least saturation level / greatest): the channel that saturates last then does so where the first did.

    What was saturated stays coloured, mostly magenta.

    Args:
        rgb: (B, 3, H, W) linear RGB.
        saturation: (3,) where each channel saturates.

    Returns:
        (B, 3, H, W). Source: D. Coffin, dcraw 9.28, ``-H 1`` (scale_colors), against ``-H 0``.
    """
    return rgb * (saturation.amin(0) / saturation.amax(0))


class UnclipHighlights(StageSpec):
    """``{kind: highlight_recovery, method: unclip, saturation: [2.1, 1.0, 1.6]}``, after the white balance."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear"})
    gives: ClassVar[Domain | None] = "linear"
    form: ClassVar[Form] = "affine"

    kind: Literal["highlight_recovery"] = "highlight_recovery"
    method: Literal["unclip"] = "unclip"
    saturation: Annotated[Triple, Quantity("1", 0.01, 64, Range(relative=0.02))]
    """Where R, G and B saturate in the picture that comes in: after a white balance, its gains."""

    def build(self, raw: RawFormat) -> Stage:
        return UnclipHighlightsStage(self)


class UnclipHighlightsStage(Stage):
    """See `highlights_unclip`; knob ``saturation``."""

    saturation: Tensor

    def forward(self, image: Tensor) -> Tensor:
        return highlights_unclip(image, self.saturation)
