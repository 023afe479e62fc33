"""Resize: another number of pixels for the same view, as scalers of ISPs, video modes and thumbnails do."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, ClassVar, Literal, Self

import torch
from pydantic import Field, Strict, model_validator
from torch import Tensor
from torch.nn.functional import interpolate

from camsim.cfa import RawFormat
from camsim.isp.taps import Interpolation, taps
from camsim.spec import Domain, Form, Stage, StageSpec

SCALES = (0.05, 16.0)
Side = Annotated[int, Field(ge=1, le=16384)]
"""px."""


def resize(image: Tensor, size: tuple[int, int], interpolation: Interpolation, antialias: bool = True) -> Tensor:
    """Bring a picture to another height and width.

    Pixel i of n covers [i, i + 1) / n of the view before as after. Nothing is clipped: ``bicubic`` and ``lanczos``
    overshoot at edges. At the border the weights are those of the pixels that are there, scaled to sum to 1 (as Pillow
    has it; the frame's border does not lie on the new grid, so that no mirror would fit both).

    Args:
        image: (B, C, H, W).
        size: new height and width.
        interpolation: ``bilinear`` (a triangle), ``bicubic`` (Keys, a = -0.5; without antialias -0.75), ``lanczos``
            (three lobes), or ``area`` (the mean over what a new pixel covers, parts of pixels by their share).
        antialias: where the picture shrinks, the kernel is as much wider; without, it always spans the nearest two
            (six for ``lanczos``, four for ``bicubic``) pixels, as cheap scalers do. ``area`` needs it.

    Returns:
        (B, C, *size); linear in the image.

    Source: Keys 1981; Turkowski 1990; Pillow's Resample.c. ``area`` is OpenCV's INTER_AREA where it shrinks.
    """
    if interpolation == "bilinear" or interpolation == "bicubic":
        return interpolate(image, size, mode=interpolation, align_corners=False, antialias=antialias)
    for dim, count in ((-2, size[0]), (-1, size[1])):
        image = _along(image, dim, count, interpolation, antialias)
    return image


def _along(image: Tensor, dim: int, count: int, interpolation: Interpolation, antialias: bool) -> Tensor:
    """One direction."""
    index, weights = taps(image.shape[dim], count, interpolation, antialias)
    index, weights = index.to(image.device), weights.to(image)
    if dim == -2:
        weights = weights[..., None]
    total = image.index_select(dim, index[0]) * weights[0]
    for places, share in zip(index[1:], weights[1:], strict=True):
        total = total + image.index_select(dim, places) * share
    return total


class Resize(StageSpec):
    """``{kind: resize, scale: 0.5}`` or ``{kind: resize, size: [1080, 1920]}``; in linear light or display-encoded, as
    it stands in the chain."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear", "encoded"})
    gives: ClassVar[Domain | None] = None
    form: ClassVar[Form] = "affine"
    depends_on_place: ClassVar[bool] = True

    kind: Literal["resize"] = "resize"
    scale: Annotated[float, Field(ge=SCALES[0], le=SCALES[1])] | None = None
    """New pixels for each old one, in both directions, to three decimals; the new size is rounded, half up."""
    size: Annotated[tuple[Side, Side], Strict(False)] | None = None
    """New height and width, whatever comes in."""
    interpolation: Interpolation = "bilinear"
    antialias: bool = True
    """Where the picture shrinks, whether all that a new pixel covers has a share in it."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.scale is None) == (self.size is None):
            raise ValueError("needs either scale or size (height and width)")
        if self.scale is not None and abs(1000 * self.scale - round(1000 * self.scale)) > 1e-9:
            raise ValueError(f"scale has at most three decimals, got {self.scale}; give size for a certain size")
        if self.interpolation == "area" and not self.antialias:
            raise ValueError("interpolation area is a mean over all that a pixel covers: leave antialias out")
        return self

    @property
    def any_size(self) -> bool:
        return self.interpolation in ("bilinear", "bicubic")

    def output_size(self, height: int, width: int) -> tuple[int, int]:
        if self.size is not None:
            return self.size
        scale = Fraction(round(1000 * (self.scale or 0)), 1000)
        return _scaled(height, scale), _scaled(width, scale)

    def build(self, raw: RawFormat) -> Stage:
        return ResizeStage(self)


def _scaled(side: int, scale: Fraction) -> int:
    # In whole numbers, so that it is traced for sizes that are not known yet.
    scaled = (2 * side * scale.numerator + scale.denominator) // (2 * scale.denominator)
    at_least: int = torch.sym_max(1, scaled)  # type: ignore[no-untyped-call]
    return at_least


class ResizeStage(Stage):
    """See `resize`; no knobs."""

    def __init__(self, spec: Resize) -> None:
        super().__init__(spec)
        self.spec = spec

    def forward(self, image: Tensor) -> Tensor:
        size = self.spec.output_size(image.shape[-2], image.shape[-1])
        return resize(image, size, self.spec.interpolation, self.spec.antialias)
