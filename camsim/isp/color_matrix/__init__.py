"""Colour correction: white-balanced camera RGB to linear output RGB."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from camsim.isp.color_matrix.affine import AffineColorMatrix, color_matrix_affine
from camsim.isp.color_matrix.interpolated import InterpolatedColorMatrix, color_matrix_interpolated
from camsim.isp.color_matrix.linear import ColorMatrix, ColorMatrixStage, color_matrix
from camsim.isp.color_matrix.root_polynomial import RootPolynomialColorMatrix, color_matrix_root_polynomial


def _linear_unless_said(given: Any) -> Any:
    return {"method": "linear", **given} if isinstance(given, Mapping) else given


ColorCorrection = Annotated[
    Annotated[
        ColorMatrix | AffineColorMatrix | InterpolatedColorMatrix | RootPolynomialColorMatrix,
        Field(discriminator="method"),
    ],
    BeforeValidator(_linear_unless_said),
]

__all__ = [
    "AffineColorMatrix",
    "ColorCorrection",
    "ColorMatrix",
    "ColorMatrixStage",
    "InterpolatedColorMatrix",
    "RootPolynomialColorMatrix",
    "color_matrix",
    "color_matrix_affine",
    "color_matrix_interpolated",
    "color_matrix_root_polynomial",
]
