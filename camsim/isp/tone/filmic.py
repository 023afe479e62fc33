"""Hejl and Burgess-Dawson's filmic curve: tone and display encoding in one."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from torch import Tensor

from camsim.cfa import RawFormat
from camsim.spec import Domain, Form, Quantity, Range, Stage, StageSpec

_BLACK = 0.004


def tone_filmic(linear: Tensor, exposure: Tensor) -> Tensor:
    """x (6.2 x + 0.5) / (x (6.2 x + 1.7) + 0.06), x = max(exposure · linear - 0.004, 0), display-encoded.

    Args:
        linear: (B, 3, H, W) linear RGB; each channel is curved.
        exposure: () factor before the curve.

    Returns:
        (B, 3, H, W) display-encoded, in [0, 1): cutting off the black is part of the curve, as its authors have it.
        Where it is cut off, the gradient is that of the curve's beginning, 0.5 / 0.06, in place of 0. Source: J. Hejl
        and R. Burgess-Dawson, as given in J. Hable, "Filmic Tonemapping Operators", filmicworlds.com, 2010.
    """
    above = exposure * linear - _BLACK
    x = above.clamp_min(0)
    curve = x * (6.2 * x + 0.5) / (x * (6.2 * x + 1.7) + 0.06)
    beginning = (above - x) * (0.5 / 0.06)
    return curve + (beginning - beginning.detach())


class FilmicTone(StageSpec):
    """``{kind: tone, method: filmic}``, in place of a gamma."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear"})
    gives: ClassVar[Domain | None] = "encoded"
    form: ClassVar[Form] = "pointwise"

    kind: Literal["tone"] = "tone"
    method: Literal["filmic"] = "filmic"
    exposure: Annotated[float, Quantity("1", 0.01, 100, Range(relative=0.2))] = 1.0

    def build(self, raw: RawFormat) -> Stage:
        return FilmicToneStage(self)


class FilmicToneStage(Stage):
    """See `tone_filmic`; knob ``exposure``."""

    exposure: Tensor

    def forward(self, image: Tensor) -> Tensor:
        return tone_filmic(image, self.exposure)
