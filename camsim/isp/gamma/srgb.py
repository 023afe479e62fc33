"""sRGB encoding (OETF)."""

from __future__ import annotations

from typing import ClassVar, Literal

from kornia.color import linear_rgb_to_rgb
from torch import Tensor

from camsim.cfa import RawFormat
from camsim.spec import Domain, Form, Stage, StageSpec


def gamma_srgb(linear: Tensor) -> Tensor:
    """Linear light to sRGB: 12.92 x up to 0.0031308, then 1.055 x^(1/2.4) - 0.055.

    Args:
        linear: (B, 3, H, W); negative values follow the straight part.

    Returns:
        (B, 3, H, W). Source: IEC 61966-2-1.
    """
    return linear_rgb_to_rgb(linear)


class SrgbGamma(StageSpec):
    """``{kind: gamma, encoding: srgb}``."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear"})
    gives: ClassVar[Domain | None] = "encoded"
    form: ClassVar[Form] = "pointwise"

    kind: Literal["gamma"] = "gamma"
    encoding: Literal["srgb"] = "srgb"

    def build(self, raw: RawFormat) -> Stage:
        return SrgbGammaStage(self)


class SrgbGammaStage(Stage):
    """See `gamma_srgb`; no knobs."""

    def forward(self, image: Tensor) -> Tensor:
        return gamma_srgb(image)
