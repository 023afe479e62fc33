"""Hue: turning all colours about the grey axis."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal

import torch
from torch import Tensor

from camsim.cfa import RawFormat
from camsim.isp.luma import LUMA
from camsim.spec import Domain, Form, Quantity, Range, Stage, StageSpec

_U, _V = 0.492111, 0.877283
"""U = _U · (B - Y), V = _V · (R - Y)."""


def hue(rgb: Tensor, angle: Tensor) -> Tensor:
    """Turn (U, V) of YUV with the luma Y of BT.601 by an angle; Y stays, and nothing is clipped.

    Args:
        rgb: (B, 3, H, W).
        angle: () degrees, from U towards V: by 90 blue becomes red.

    Returns:
        (B, 3, H, W). U = 0.492111 (B - Y) and V = 0.877283 (R - Y). Source for U and V: C. Poynton, "Digital Video and
        HDTV", 2003, chapter 28.
    """
    turn = angle * (math.pi / 180)
    cosine, sine = torch.cos(turn), torch.sin(turn)
    red, green, blue = LUMA
    luma = red * rgb[..., 0, :, :] + green * rgb[..., 1, :, :] + blue * rgb[..., 2, :, :]
    u, v = _U * (rgb[..., 2, :, :] - luma), _V * (rgb[..., 0, :, :] - luma)
    from_red, from_blue = (sine * u + cosine * v) / _V, (cosine * u - sine * v) / _U
    from_green = -(red * from_red + blue * from_blue) / green
    return luma[..., None, :, :] + torch.stack([from_red, from_green, from_blue], dim=-3)


class Hue(StageSpec):
    """``{kind: hue, angle: 5.0}``."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear", "encoded"})
    gives: ClassVar[Domain | None] = None
    form: ClassVar[Form] = "affine"

    kind: Literal["hue"] = "hue"
    angle: Annotated[float, Quantity("deg", -180, 180, Range(absolute=5))]

    def build(self, raw: RawFormat) -> Stage:
        return HueStage(self)


class HueStage(Stage):
    """See `hue`; knob ``angle``."""

    angle: Tensor

    def forward(self, image: Tensor) -> Tensor:
        return hue(image, self.angle)
