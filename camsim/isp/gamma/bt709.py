"""BT.709 encoding (OETF)."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor

from camsim.cfa import RawFormat
from camsim.spec import Domain, Form, Stage, StageSpec

_KNEE = 0.018


def gamma_bt709(linear: Tensor) -> Tensor:
    """Linear light to video: 4.5 x below 0.018, then 1.099 x^0.45 - 0.099; any shape.

    Negative values follow the straight part. Source: ITU-R BT.709-6, item 1.2.
    """
    curved = 1.099 * linear.clamp_min(_KNEE) ** 0.45 - 0.099
    return torch.where(linear < _KNEE, 4.5 * linear, curved)


class Bt709Gamma(StageSpec):
    """``{kind: gamma, encoding: bt709}``."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear"})
    gives: ClassVar[Domain | None] = "encoded"
    form: ClassVar[Form] = "pointwise"

    kind: Literal["gamma"] = "gamma"
    encoding: Literal["bt709"] = "bt709"

    def build(self, raw: RawFormat) -> Stage:
        return Bt709GammaStage(self)


class Bt709GammaStage(Stage):
    """See `gamma_bt709`; no knobs."""

    def forward(self, image: Tensor) -> Tensor:
        return gamma_bt709(image)
