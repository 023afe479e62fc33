"""Power-law gamma encoding."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import torch
from torch import Tensor

from camsim.cfa import RawFormat
from camsim.spec import Domain, Form, Quantity, Range, Stage, StageSpec

_FLAT = 1e-6
"""Below this magnitude the gradient is that of the chord from 0, since the true slope grows without limit."""


def gamma_power(linear: Tensor, gamma: Tensor) -> Tensor:
    """x^(1/gamma), mirrored for negative x; any shape. This is "gamma 2.2", not sRGB.

    The value is exact everywhere; for \\|x\\| < 1e-6 the gradient is that of the straight line through 0 and 1e-6.
    """
    # Not abs() and sign(), whose gradients vanish at 0, where clipped shadows lie.
    sign = torch.where(linear < 0, -1, 1)
    size = linear * sign
    base = size.clamp_min(_FLAT)
    smooth = base.pow(1 / gamma) * (size / base)
    exact = size.detach().pow(1 / gamma.detach())
    return sign * (smooth + (exact - smooth).detach())


class PowerGamma(StageSpec):
    """``{kind: gamma, encoding: power, gamma: 2.2}``."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear"})
    gives: ClassVar[Domain | None] = "encoded"
    form: ClassVar[Form] = "pointwise"

    kind: Literal["gamma"] = "gamma"
    encoding: Literal["power"] = "power"
    gamma: Annotated[float, Quantity("1", 0.2, 5, Range(relative=0.1))]

    def build(self, raw: RawFormat) -> Stage:
        return PowerGammaStage(self)


class PowerGammaStage(Stage):
    """See `gamma_power`; knob ``gamma``."""

    gamma: Tensor

    def forward(self, image: Tensor) -> Tensor:
        return gamma_power(image, self.gamma)
