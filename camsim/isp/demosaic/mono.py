"""A sensor without colour filters: its one plane is a grey picture."""

from __future__ import annotations

from typing import ClassVar, Literal

from torch import Tensor

from camsim.cfa import RawFormat
from camsim.spec import Domain, Form, Stage, StageSpec


def demosaic_mono(mosaic: Tensor) -> Tensor:
    """The same value for R, G and B: (B, 1, H, W) -> (B, 3, H, W)."""
    return mosaic.repeat_interleave(3, dim=-3)


class Mono(StageSpec):
    """``{kind: demosaic, method: mono}``: of a sensor with ``cfa: mono``; no white balance or colour matrix follows."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"mosaic"})
    gives: ClassVar[Domain | None] = "linear"
    cfas: ClassVar[frozenset[str] | None] = frozenset({"mono"})
    form: ClassVar[Form] = "affine"

    kind: Literal["demosaic"] = "demosaic"
    method: Literal["mono"] = "mono"

    def build(self, raw: RawFormat) -> Stage:
        return MonoStage(self)


class MonoStage(Stage):
    """See `demosaic_mono`; no knobs."""

    def forward(self, image: Tensor) -> Tensor:
        return demosaic_mono(image)
