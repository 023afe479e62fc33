"""Reinhard's global tone curve."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import torch
from torch import Tensor

from camsim.cfa import RawFormat
from camsim.spec import Domain, Form, Quantity, Range, Stage, StageSpec

LUMINANCE = (0.2126, 0.7152, 0.0722)
"""Relative luminance of linear sRGB (ITU-R BT.709)."""

Curved = Literal["luminance", "rgb"]


def tone_reinhard(rgb: Tensor, white: Tensor, exposure: Tensor, channels: Curved) -> Tensor:
    """L (1 + L / white²) / (1 + L) with L = exposure · luminance: highlights up to ``white`` fit into [0, 1].

    Args:
        rgb: (B, 3, H, W) linear RGB.
        white: () the L that becomes 1.
        exposure: () factor before the curve; the paper takes it from the picture (0.18 / its log-average luminance),
            here it is a setting of the device.
        channels: ``luminance`` keeps the ratios of R, G and B, so that colours may exceed 1; ``rgb`` curves each.

    Returns:
        (B, 3, H, W) linear RGB. Nothing is clipped; below zero the curve is mirrored about the origin. Source:
        E. Reinhard, M. Stark, P. Shirley, J. Ferwerda, "Photographic tone reproduction for digital images", 2002,
        equation 4.
    """
    scaled = exposure * rgb
    light = scaled
    if channels == "luminance":
        weights = torch.tensor(LUMINANCE, dtype=rgb.dtype, device=rgb.device)
        light = (scaled * weights[:, None, None]).sum(dim=-3, keepdim=True)
    size = light.abs()
    return scaled * ((1 + size / white**2) / (1 + size))


class ReinhardTone(StageSpec):
    """``{kind: tone, method: reinhard, white: 4.0}``."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear"})
    gives: ClassVar[Domain | None] = "linear"
    form: ClassVar[Form] = "pointwise"

    kind: Literal["tone"] = "tone"
    method: Literal["reinhard"] = "reinhard"
    white: Annotated[float, Quantity("1", 0.25, 1000, Range(relative=0.2))]
    exposure: Annotated[float, Quantity("1", 0.01, 100, Range(relative=0.2))] = 1.0
    channels: Curved = "luminance"

    def build(self, raw: RawFormat) -> Stage:
        return ReinhardToneStage(self)


class ReinhardToneStage(Stage):
    """See `tone_reinhard`; knobs ``white`` and ``exposure``."""

    white: Tensor
    exposure: Tensor

    def __init__(self, spec: ReinhardTone) -> None:
        super().__init__(spec)
        self.channels: Curved = spec.channels

    def forward(self, image: Tensor) -> Tensor:
        return tone_reinhard(image, self.white, self.exposure, self.channels)
