"""Colour correction for the colour temperature of the light, between calibrated matrices."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, Strict, model_validator
from torch import Tensor

from camsim.cfa import RawFormat
from camsim.isp.color_matrix.linear import color_matrix
from camsim.spec import Domain, Form, Matrix3, Quantity, Range, Stage, StageSpec

MAX_CALIBRATIONS = 16

Temperatures = Annotated[tuple[float, ...], Strict(False), Field(min_length=2, max_length=MAX_CALIBRATIONS)]
Matrices = Annotated[tuple[Matrix3, ...], Strict(False), Field(min_length=2, max_length=MAX_CALIBRATIONS)]


def color_matrix_interpolated(rgb: Tensor, cct: Tensor, temperatures: Tensor, matrices: Tensor) -> Tensor:
    """out = M(cct) · rgb; between two calibrated temperatures M is linear in 1 / cct, and beyond them it stays.

    Args:
        rgb: (B, 3, H, W) linear RGB.
        cct: () K, correlated colour temperature of the light. Beyond the calibrated ones its gradient is that of the
            outermost piece going on, in place of 0.
        temperatures: (N,) K, increasing, N >= 2.
        matrices: (N, 3, 3), one for each temperature.

    Returns:
        (B, 3, H, W). Source: Adobe DNG specification 1.7, chapter 6 (more than one calibration illuminant).
    """
    return color_matrix(rgb, _matrix_at(cct, temperatures, matrices))


def _matrix_at(cct: Tensor, temperatures: Tensor, matrices: Tensor) -> Tensor:
    mired, knots = 1e6 / cct, 1e6 / temperatures.flip(0)
    held = mired.detach().clamp(knots[0], knots[-1]) + (mired - mired.detach())
    shares = ((held - knots[:-1]) / knots.diff()).clamp(0, 1)  # how much of each piece lies behind
    ordered = matrices.flip(0)
    return ordered[0] + torch.einsum("n,noc->oc", shares, ordered.diff(dim=0))


class InterpolatedColorMatrix(StageSpec):
    """``{kind: color_matrix, method: interpolated, cct: 5000, temperatures: [2850, 6500], matrices: [.., ..]}``."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear"})
    gives: ClassVar[Domain | None] = "linear"
    form: ClassVar[Form] = "affine"

    kind: Literal["color_matrix"] = "color_matrix"
    method: Literal["interpolated"] = "interpolated"
    cct: Annotated[float, Quantity("K", 1000, 25000, Range(relative=0.1))]
    """Of the light that the camera believes in."""
    temperatures: Temperatures
    """In K, increasing: of the lights under which the matrices were calibrated."""
    matrices: Annotated[Matrices, Quantity("1", -16, 16, Range(absolute=0.05))]
    """One 3x3 matrix for each temperature."""

    @model_validator(mode="after")
    def _pairs(self) -> Self:
        if len(self.temperatures) != len(self.matrices):
            count = f"{len(self.temperatures)} and {len(self.matrices)}"
            raise ValueError(f"needs one matrix for each of the temperatures, got {count}")
        rising = all(b > a for a, b in zip(self.temperatures, self.temperatures[1:], strict=False))
        if not rising or not 1000 <= self.temperatures[0] <= self.temperatures[-1] <= 25000:
            raise ValueError(f"temperatures must increase within [1000, 25000] K, got {list(self.temperatures)}")
        return self

    def color(self) -> NDArray[np.float64]:
        given = (self.cct, self.temperatures, self.matrices)
        matrix: NDArray[np.float64] = _matrix_at(*(torch.tensor(item, dtype=torch.float64) for item in given)).numpy()
        return matrix

    def build(self, raw: RawFormat) -> Stage:
        return InterpolatedColorMatrixStage(self)


class InterpolatedColorMatrixStage(Stage):
    """See `color_matrix_interpolated`; knobs ``cct`` and ``matrices``."""

    cct: Tensor
    temperatures: Tensor
    matrices: Tensor

    def __init__(self, spec: InterpolatedColorMatrix) -> None:
        super().__init__(spec)
        self.register_buffer("temperatures", torch.tensor(spec.temperatures, dtype=torch.float64))

    def forward(self, image: Tensor) -> Tensor:
        return color_matrix_interpolated(image, self.cct, self.temperatures, self.matrices)
