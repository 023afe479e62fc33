"""Clip: the place, or places, where a chain limits its range. Nothing else in camsim clips an image."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import model_validator
from torch import Tensor

from camsim.cfa import RawFormat
from camsim.spec import Domain, Form, Stage, StageSpec


def clip(image: Tensor, low: float, high: float) -> Tensor:
    """Limit to [low, high]; any shape. The gradient is 1 inside and at the limits, 0 outside."""
    return image.clamp(low, high)


class Clip(StageSpec):
    """``{kind: clip, low: 0.0, high: 1.0}``."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"mosaic", "linear", "encoded"})
    gives: ClassVar[Domain | None] = None
    form: ClassVar[Form] = "pointwise"

    kind: Literal["clip"] = "clip"
    low: float = 0.0
    high: float = 1.0

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low must be less than high, got [{self.low:g}, {self.high:g}]")
        return self

    def build(self, raw: RawFormat) -> Stage:
        return ClipStage(self)


class ClipStage(Stage):
    """See `clip`; no knobs."""

    def __init__(self, spec: Clip) -> None:
        super().__init__(spec)
        self.low, self.high = spec.low, spec.high

    def forward(self, image: Tensor) -> Tensor:
        return clip(image, self.low, self.high)
