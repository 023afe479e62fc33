"""Colour correction matrix with offsets: 3x4."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Strict
from torch import Tensor

from camsim.cfa import RawFormat
from camsim.isp.color_matrix.linear import color_matrix
from camsim.spec import Domain, Form, Quantity, Range, Stage, StageSpec

Row = Annotated[tuple[float, float, float, float], Strict(False)]
Matrix34 = Annotated[tuple[Row, Row, Row], Strict(False)]
"""A 3x4 matrix, row by row; it multiplies a column (R, G, B, 1)."""


def color_matrix_affine(rgb: Tensor, matrix: Tensor) -> Tensor:
    """out = M · (R, G, B, 1) at every pixel: a 3x3 matrix and an offset for each channel; nothing is clipped.

    Args:
        rgb: (B, 3, H, W) linear RGB.
        matrix: (3, 4), row by row: the first row makes output red, its last number is added to it.

    Returns:
        (B, 3, H, W).
    """
    return color_matrix(rgb, matrix[:, :3]) + matrix[:, 3, None, None]


class AffineColorMatrix(StageSpec):
    """``{kind: color_matrix, method: affine, matrix: [[.., .., .., offset], [..], [..]]}``."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear"})
    gives: ClassVar[Domain | None] = "linear"
    form: ClassVar[Form] = "affine"

    kind: Literal["color_matrix"] = "color_matrix"
    method: Literal["affine"] = "affine"
    matrix: Annotated[Matrix34, Quantity("1", -16, 16, Range(absolute=0.05))]

    def build(self, raw: RawFormat) -> Stage:
        return AffineColorMatrixStage(self)


class AffineColorMatrixStage(Stage):
    """See `color_matrix_affine`; knob ``matrix``."""

    matrix: Tensor

    def forward(self, image: Tensor) -> Tensor:
        return color_matrix_affine(image, self.matrix)
