"""Colour correction matrix (CCM): white-balanced camera RGB to linear output RGB."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import torch
from torch import Tensor

from camsim.cfa import RawFormat
from camsim.spec import Domain, Form, Matrix3, Quantity, Range, Stage, StageSpec


def color_matrix(rgb: Tensor, matrix: Tensor) -> Tensor:
    """out = M · rgb at every pixel; nothing is clipped.

    Args:
        rgb: (B, 3, H, W) linear RGB.
        matrix: (3, 3), row by row: the first row makes output red.

    Returns:
        (B, 3, H, W).
    """
    return torch.einsum("oc,...chw->...ohw", matrix, rgb)


class ColorMatrix(StageSpec):
    """``{kind: color_matrix, matrix: [[..], [..], [..]]}``."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear"})
    gives: ClassVar[Domain | None] = "linear"
    form: ClassVar[Form] = "affine"

    kind: Literal["color_matrix"] = "color_matrix"
    matrix: Annotated[Matrix3, Quantity("1", -16, 16, Range(absolute=0.05))]

    def build(self, raw: RawFormat) -> Stage:
        return ColorMatrixStage(self)


class ColorMatrixStage(Stage):
    """See `color_matrix`; knob ``matrix``."""

    matrix: Tensor

    def forward(self, image: Tensor) -> Tensor:
        return color_matrix(image, self.matrix)
