"""Root-polynomial colour correction: not linear, and yet the same at every exposure."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Strict
from torch import Tensor

from camsim.cfa import RawFormat
from camsim.isp.color_matrix.linear import color_matrix
from camsim.spec import Domain, Form, Quantity, Range, Stage, StageSpec

Row = Annotated[tuple[float, float, float, float, float, float], Strict(False)]
Matrix36 = Annotated[tuple[Row, Row, Row], Strict(False)]
"""A 3x6 matrix, row by row; it multiplies a column (R, G, B, √RG, √GB, √RB)."""

_FLAT = 1e-6
"""Below this the gradient of a root is that of the chord from 0, since the true slope grows without limit."""


def color_matrix_root_polynomial(rgb: Tensor, matrix: Tensor) -> Tensor:
    """out = M · (R, G, B, √(RG), √(GB), √(RB)) at every pixel, degree 2; nothing is clipped.

    A root with a channel that is not positive is 0. The value is exact everywhere; the gradient of √R for R < 1e-6
    is that of the chord from 0 to 1e-6 (and 0 below 0).

    Args:
        rgb: (B, 3, H, W) linear RGB.
        matrix: (3, 6), row by row: the first row makes output red.

    Returns:
        (B, 3, H, W). Source: G. D. Finlayson, M. Mackiewicz, A. Hurlbert, "Color Correction Using Root-Polynomial
        Regression", IEEE Transactions on Image Processing 24(5), 2015.
    """
    roots = _root(rgb.clamp_min(0))
    return color_matrix(torch.cat([rgb, roots * roots.roll(-1, dims=-3)], dim=-3), matrix)


def _root(x: Tensor) -> Tensor:
    base = x.clamp_min(_FLAT)
    smooth = base.sqrt() * (x / base)
    return smooth + (x.detach().sqrt() - smooth).detach()


class RootPolynomialColorMatrix(StageSpec):
    """``{kind: color_matrix, method: root_polynomial, matrix: [[..], [..], [..]]}``, 3 rows of 6."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear"})
    gives: ClassVar[Domain | None] = "linear"
    form: ClassVar[Form] = "pointwise"

    kind: Literal["color_matrix"] = "color_matrix"
    method: Literal["root_polynomial"] = "root_polynomial"
    matrix: Annotated[Matrix36, Quantity("1", -16, 16, Range(absolute=0.05))]

    def build(self, raw: RawFormat) -> Stage:
        return RootPolynomialColorMatrixStage(self)


class RootPolynomialColorMatrixStage(Stage):
    """See `color_matrix_root_polynomial`; knob ``matrix``."""

    matrix: Tensor

    def forward(self, image: Tensor) -> Tensor:
        return color_matrix_root_polynomial(image, self.matrix)
