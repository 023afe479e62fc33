"""Lens shading correction by a polynomial in the distance from the optical axis."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

import numpy as np
import torch
from pydantic import AfterValidator, Field, Strict, model_validator
from torch import Tensor

from camsim.cfa import RawFormat
from camsim.isp.frame_gain import apply_gains
from camsim.spec import Domain, Form, Quantity, Range, Stage, StageSpec

Law = Literal["gain", "falloff"]
Coefficients = Annotated[tuple[float, ...], Strict(False), Field(min_length=1, max_length=5)]


def _as_many(rows: tuple[Coefficients, Coefficients, Coefficients]) -> tuple[Coefficients, Coefficients, Coefficients]:
    lengths = [len(row) for row in rows]
    if len(set(lengths)) > 1:
        raise ValueError(f"needs as many numbers for each of R, G and B, got {lengths}")
    return rows


OfEachColor = Annotated[tuple[Coefficients, Coefficients, Coefficients], Strict(False), AfterValidator(_as_many)]
Share = Annotated[float, Field(ge=0, le=1)]


def lens_shading_radial(
    image: Tensor, coefficients: Tensor, cfa: str, law: Law = "gain", center: tuple[float, float] = (0.5, 0.5)
) -> Tensor:
    """Multiply by 1 + k1 r² + k2 r⁴ + ..., or divide by it.

    Args:
        image: (B, 1, H, W) mosaic or (B, 3, H, W) linear RGB.
        coefficients: (N,) k1 ... kN for all colours, or (3, N) for R, G and B.
        cfa: layout of the mosaic's top-left cell.
        law: ``gain`` multiplies, ``falloff`` divides: the polynomial is then how the light falls off.
        center: where the optical axis meets the frame, from its left and from its top, in widths and heights.

    Returns:
        As ``image``; nothing is clipped. r is 1 at the corner that lies farthest from the axis.

    Source: Adobe DNG specification 1.7, chapter 7 (FixVignetteRadial), which multiplies; the dividing form is that of
    `camsim.optics` and of Lensfun's ``pa`` model.
    """
    squared = _squared_radius(image, center)
    rows = coefficients.reshape(-1, coefficients.shape[-1])
    polynomial = torch.zeros_like(squared)
    for k in rows.T.flip(0):
        polynomial = squared * (k[:, None, None] + polynomial)
    gains = 1 + polynomial
    return apply_gains(image, gains if law == "gain" else 1 / gains, cfa)


def _squared_radius(image: Tensor, center: tuple[float, float]) -> Tensor:
    """(1, H, W)."""
    height, width = image.shape[-2:]
    x, y = (
        torch.arange(size, dtype=image.dtype, device=image.device) + (0.5 - share * size)
        for size, share in ((width, center[0]), (height, center[1]))
    )
    farthest = (width * max(center[0], 1 - center[0])) ** 2 + (height * max(center[1], 1 - center[1])) ** 2
    return ((x.square() + y.square()[:, None]) / farthest)[None]


class RadialLensShading(StageSpec):
    """``{kind: lens_shading, method: radial, coefficients: [0.4, 0.1, 0.05]}``, on the mosaic or on linear RGB."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"mosaic", "linear"})
    gives: ClassVar[Domain | None] = None
    form: ClassVar[Form] = "affine"
    depends_on_place: ClassVar[bool] = True

    kind: Literal["lens_shading"] = "lens_shading"
    method: Literal["radial"] = "radial"
    law: Law = "gain"
    """Whether the polynomial is the correction's gain, or the light's falloff, by which it divides."""
    coefficients: Annotated[Coefficients | OfEachColor, Quantity("1", -10, 10, Range(absolute=0.05))]
    """Of r², r⁴ ... r¹⁰, where r is 1 at the farthest corner: one to five, or as many for each of R, G and B."""
    center: Annotated[tuple[Share, Share], Strict(False)] = (0.5, 0.5)
    """Where the optical axis lies, from the left and from the top, in widths and heights of the frame."""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        powers = np.linspace(0, 1, 257)[:, None] ** np.arange(1, np.shape(self.coefficients)[-1] + 1)
        least = (1 + powers @ np.atleast_2d(self.coefficients).T).min()
        if least <= 0:
            raise ValueError(f"coefficients make a {self.law} of {least:.3g} somewhere between centre and corner")
        return self

    def build(self, raw: RawFormat) -> Stage:
        return RadialLensShadingStage(self, raw)


class RadialLensShadingStage(Stage):
    """See `lens_shading_radial`; knob ``coefficients``."""

    coefficients: Tensor

    def __init__(self, spec: RadialLensShading, raw: RawFormat) -> None:
        super().__init__(spec)
        self.cfa, self.center = raw.cfa, spec.center
        self.law: Law = spec.law

    def forward(self, image: Tensor) -> Tensor:
        return lens_shading_radial(image, self.coefficients, self.cfa, self.law, self.center)
