"""Narkowicz's fit of the ACES tone curve; not the ACES transforms themselves."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from torch import Tensor

from camsim.cfa import RawFormat
from camsim.isp.odd import odd
from camsim.spec import Domain, Form, Quantity, Range, Stage, StageSpec


def tone_aces(linear: Tensor, exposure: Tensor) -> Tensor:
    """x (2.51 x + 0.03) / (x (2.43 x + 0.59) + 0.14), x = exposure · linear: a fit of the ACES curve, not ACES itself.

    The fit is of the curve alone (RRT and Rec. 709 ODT, within 0.0138): there is no change of primaries, and bright
    colours stay more saturated than with ACES.

    Args:
        linear: (B, 3, H, W) linear RGB; each channel is curved.
        exposure: () factor before the curve; 0.6 gives the brightness of ACES.

    Returns:
        (B, 3, H, W) linear RGB, at most 1.033: nothing is clipped, where the source limits to [0, 1]. Below zero the
        curve is mirrored about the origin. Source: K. Narkowicz, "ACES Filmic Tone Mapping Curve", 2016.
    """
    return odd(exposure * linear, lambda x: x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14))


class AcesTone(StageSpec):
    """``{kind: tone, method: aces}``."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear"})
    gives: ClassVar[Domain | None] = "linear"
    form: ClassVar[Form] = "pointwise"

    kind: Literal["tone"] = "tone"
    method: Literal["aces"] = "aces"
    exposure: Annotated[float, Quantity("1", 0.01, 100, Range(relative=0.2))] = 1.0

    def build(self, raw: RawFormat) -> Stage:
        return AcesToneStage(self)


class AcesToneStage(Stage):
    """See `tone_aces`; knob ``exposure``."""

    exposure: Tensor

    def forward(self, image: Tensor) -> Tensor:
        return tone_aces(image, self.exposure)
