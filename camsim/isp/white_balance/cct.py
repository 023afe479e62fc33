"""White balance for a stated colour temperature, by the camera's own curve."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import model_validator
from torch import Tensor

from camsim.cfa import RawFormat
from camsim.isp.white_balance.fixed import white_balance
from camsim.isp.white_curve import Ratios, Temperatures, check_curve, gains_at, held
from camsim.spec import Domain, Form, Quantity, Range, Stage, StageSpec


def white_balance_cct(rgb: Tensor, cct: Tensor, temperatures: Tensor, red: Tensor, blue: Tensor) -> Tensor:
    """Multiply R and B by the gains of a colour temperature: 1 / red(cct) and 1 / blue(cct).

    Args:
        rgb: (B, 3, H, W) linear camera RGB.
        cct: () K. Beyond the curve its ends hold; the gradient there is that of the outermost piece going on.
        temperatures: (N,) K, increasing, N >= 2.
        red: (N,) R / G of grey under the light of each.
        blue: (N,) B / G.

    Returns:
        (B, 3, H, W); nothing is clipped. Source: libcamera, src/ipa/rpi/controller/rpi/awb.cpp (ct_curve), with the
        temperature set by hand.
    """
    return white_balance(rgb, gains_at(held(cct, temperatures), temperatures, red, blue))


class CctBalance(StageSpec):
    """``{kind: white_balance, method: cct, cct: 5000, temperatures: [2850, 6500], red: [..], blue: [..]}``."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear"})
    gives: ClassVar[Domain | None] = "linear"
    form: ClassVar[Form] = "affine"

    kind: Literal["white_balance"] = "white_balance"
    method: Literal["cct"] = "cct"
    cct: Annotated[float, Quantity("K", 1000, 25000, Range(relative=0.1))]
    """Of the light that the camera believes in."""
    temperatures: Temperatures
    """In K, increasing: the points of the curve."""
    red: Ratios
    """R / G of grey at each of them."""
    blue: Ratios
    """B / G of grey at each of them."""

    @model_validator(mode="after")
    def _curve(self) -> Self:
        check_curve(self.temperatures, self.red, self.blue)
        return self

    def color(self) -> NDArray[np.float64]:
        given = (self.cct, self.temperatures, self.red, self.blue)
        gains = gains_at(*(torch.tensor(item, dtype=torch.float64) for item in given))
        return np.diag(gains.numpy())

    def build(self, raw: RawFormat) -> Stage:
        return CctBalanceStage(self)


class CctBalanceStage(Stage):
    """See `white_balance_cct`; knobs ``cct``, ``red`` and ``blue``."""

    cct: Tensor
    temperatures: Tensor
    red: Tensor
    blue: Tensor

    def __init__(self, spec: CctBalance) -> None:
        super().__init__(spec)
        self.register_buffer("temperatures", torch.tensor(spec.temperatures, dtype=torch.float64))

    def forward(self, image: Tensor) -> Tensor:
        return white_balance_cct(image, self.cct, self.temperatures, self.red, self.blue)
