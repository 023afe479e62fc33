"""Colour correction matrix (CCM): white-balanced camera RGB to linear output RGB."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import SerializerFunctionWrapHandler, model_serializer
from torch import Tensor

from camsim.cfa import RawFormat
from camsim.spec import Domain, Form, Matrix3, Quantity, Range, Stage, StageSpec


def color_matrix(rgb: Tensor, matrix: Tensor) -> Tensor:
    """out = M · rgb at every pixel; nothing is clipped.

    Args:
        rgb: (B, C, H, W) linear RGB; other methods give further terms of it.
        matrix: (3, C), row by row: the first row makes output red.

    Returns:
        (B, 3, H, W).
    """
    return torch.einsum("oc,...chw->...ohw", matrix, rgb)


class ColorMatrix(StageSpec):
    """``{kind: color_matrix, matrix: [[..], [..], [..]]}``; the method may be left out."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear"})
    gives: ClassVar[Domain | None] = "linear"
    form: ClassVar[Form] = "affine"

    kind: Literal["color_matrix"] = "color_matrix"
    method: Literal["linear"] = "linear"
    matrix: Annotated[Matrix3, Quantity("1", -16, 16, Range(absolute=0.05))]

    @model_serializer(mode="wrap")
    def _without_method(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """As it was written before there were other methods, so that profiles keep their text and their digest."""
        return {key: value for key, value in written(self).items() if key != "method"}

    def color(self) -> NDArray[np.float64]:
        return np.array(self.matrix)

    def build(self, raw: RawFormat) -> Stage:
        return ColorMatrixStage(self)


class ColorMatrixStage(Stage):
    """See `color_matrix`; knob ``matrix``."""

    matrix: Tensor

    def forward(self, image: Tensor) -> Tensor:
        return color_matrix(image, self.matrix)
