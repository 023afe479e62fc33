"""Linearisation: undo the companding, or the curve, of a sensor's readout."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, ClassVar, Literal, Self

import torch
from pydantic import Field, Strict, model_validator
from torch import Tensor

from camsim.cfa import RawFormat
from camsim.piecewise import piecewise_linear
from camsim.spec import Domain, Form, Quantity, Range, Stage, StageSpec

MAX_KNOTS = 4096

Knots = Annotated[tuple[float, ...], Strict(False), Field(min_length=2, max_length=MAX_KNOTS)]


def linearize(raw: Tensor, given: Tensor, linear: Tensor) -> Tensor:
    """DN as the file has them to DN that are proportional to light: straight between knots.

    Args:
        raw: (B, 1, H, W) DN.
        given: (N,) increasing DN as the file has them, N >= 2.
        linear: (N,) linear DN for each, N >= 2.

    Returns:
        (B, 1, H, W) linear DN. Beyond the first and last knot the outermost pieces go on; nothing is clipped. Source:
        Adobe DNG specification 1.7, chapter 5 (LinearizationTable).
    """
    return piecewise_linear(raw, given, linear)


class Linearize(StageSpec):
    """``{kind: linearize, given: [0, 2048, 4095], linear: [0, 2048, 65535]}``, before black_level.

    For a table, or the knees of a companded readout. A black_level after it takes the sensor's levels through the
    same curve, unless it states its own, which are linear DN.
    """

    takes: ClassVar[frozenset[Domain]] = frozenset({"dn"})
    gives: ClassVar[Domain | None] = "dn"
    form: ClassVar[Form] = "pointwise"

    kind: Literal["linearize"] = "linearize"
    given: Knots
    """In DN as they lie in the container, increasing."""
    linear: Annotated[Knots, Quantity("DN", 0, 2**24 - 1, Range(relative=0.01))]
    """One for each of ``given``."""

    @model_validator(mode="after")
    def _pairs(self) -> Self:
        if len(self.given) != len(self.linear):
            raise ValueError(
                f"given and linear need as many numbers each, got {len(self.given)} and {len(self.linear)}"
            )
        if any(after <= before for before, after in zip(self.given, self.given[1:], strict=False)):
            raise ValueError("given must increase from knot to knot")
        return self

    def gives_format(self, raw: RawFormat) -> RawFormat:
        levels = torch.tensor([*raw.black, *raw.white, raw.full_scale], dtype=torch.float64)
        curve = (torch.tensor(knots, dtype=torch.float64) for knots in (self.given, self.linear))
        *sites, full_scale = linearize(levels, *curve).tolist()
        return replace(raw, black=tuple(sites[:4]), white=tuple(sites[4:]), full_scale=full_scale)

    def build(self, raw: RawFormat) -> Stage:
        return LinearizeStage(self)


class LinearizeStage(Stage):
    """See `linearize`; knob ``linear``."""

    given: Tensor
    linear: Tensor

    def __init__(self, spec: Linearize) -> None:
        super().__init__(spec)
        self.register_buffer("given", torch.tensor(spec.given, dtype=torch.float64))

    def forward(self, image: Tensor) -> Tensor:
        return linearize(image, self.given, self.linear)
