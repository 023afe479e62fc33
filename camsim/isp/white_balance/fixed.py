"""White balance: one gain for each of camera R, G, B."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import SerializerFunctionWrapHandler, model_serializer
from torch import Tensor

from camsim.cfa import RawFormat
from camsim.spec import Domain, Form, Quantity, Range, Stage, StageSpec, Triple


def white_balance(rgb: Tensor, gains: Tensor) -> Tensor:
    """Multiply each channel by its gain; nothing is clipped and gains may be negative.

    Args:
        rgb: (B, 3, H, W) linear camera RGB.
        gains: (3,).

    Returns:
        (B, 3, H, W).
    """
    return rgb * gains[:, None, None]


class WhiteBalance(StageSpec):
    """``{kind: white_balance, gains: [2.1, 1.0, 1.6]}``; the method may be left out."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear"})
    gives: ClassVar[Domain | None] = "linear"
    form: ClassVar[Form] = "affine"

    kind: Literal["white_balance"] = "white_balance"
    method: Literal["fixed"] = "fixed"
    gains: Annotated[Triple, Quantity("1", -16, 16, Range(relative=0.1))]

    @model_serializer(mode="wrap")
    def _without_method(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """As it was written before there were other methods, so that profiles keep their text and their digest."""
        return {key: value for key, value in written(self).items() if key != "method"}

    def color(self) -> NDArray[np.float64]:
        return np.diag(self.gains)

    def build(self, raw: RawFormat) -> Stage:
        return WhiteBalanceStage(self)


class WhiteBalanceStage(Stage):
    """See `white_balance`; knob ``gains``."""

    gains: Tensor

    def forward(self, image: Tensor) -> Tensor:
        return white_balance(image, self.gains)
