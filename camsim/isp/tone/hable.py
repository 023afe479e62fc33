"""Hable's tone curve, of the game Uncharted 2."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from torch import Tensor

from camsim.cfa import RawFormat
from camsim.isp.odd import odd
from camsim.spec import Domain, Form, Quantity, Range, Stage, StageSpec

SHOULDER, LINEAR, ANGLE, TOE, NUMERATOR, DENOMINATOR = 0.15, 0.50, 0.10, 0.20, 0.02, 0.30
"""A to F of `tone_hable`."""


def tone_hable(linear: Tensor, white: Tensor, exposure: Tensor) -> Tensor:
    """f(exposure · x) / f(white), f(x) = (x (A x + C B) + D E) / (x (A x + B) + D F) - E / F.

    With A = 0.15 (shoulder), B = 0.5 and C = 0.1 (linear part), D = 0.2, E = 0.02 and F = 0.3 (toe).

    Args:
        linear: (B, 3, H, W) linear RGB; each channel is curved.
        white: () the value that becomes 1; the source has 11.2.
        exposure: () factor before the curve; the source has 2.

    Returns:
        (B, 3, H, W) linear RGB. Nothing is clipped; below zero the curve is mirrored about the origin. Source:
        J. Hable, "Filmic Tonemapping Operators", filmicworlds.com, 2010.
    """
    return odd(exposure * linear, hable_curve) / hable_curve(white)


def hable_curve(x: Tensor) -> Tensor:
    """f of `tone_hable`, for x >= 0."""
    above = x * (SHOULDER * x + ANGLE * LINEAR) + TOE * NUMERATOR
    below = x * (SHOULDER * x + LINEAR) + TOE * DENOMINATOR
    return above / below - NUMERATOR / DENOMINATOR


class HableTone(StageSpec):
    """``{kind: tone, method: hable}``."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear"})
    gives: ClassVar[Domain | None] = "linear"
    form: ClassVar[Form] = "pointwise"

    kind: Literal["tone"] = "tone"
    method: Literal["hable"] = "hable"
    white: Annotated[float, Quantity("1", 0.25, 1000, Range(relative=0.2))] = 11.2
    exposure: Annotated[float, Quantity("1", 0.01, 100, Range(relative=0.2))] = 2.0

    def build(self, raw: RawFormat) -> Stage:
        return HableToneStage(self)


class HableToneStage(Stage):
    """See `tone_hable`; knobs ``white`` and ``exposure``."""

    white: Tensor
    exposure: Tensor

    def forward(self, image: Tensor) -> Tensor:
        return tone_hable(image, self.white, self.exposure)
