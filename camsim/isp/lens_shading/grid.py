"""Lens shading correction by grids of gains, for the colour temperature of the light."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, ClassVar, Literal, Self

import torch
from pydantic import AfterValidator, Field, Strict, model_validator
from torch import Tensor

from camsim.cfa import RawFormat
from camsim.isp.frame_gain import apply_gains
from camsim.spec import Domain, Form, Quantity, Range, Stage, StageSpec

MAX_SIDE = 64
MAX_CALIBRATIONS = 8

Points = Literal["corners", "cells"]
Row = Annotated[tuple[float, ...], Strict(False), Field(min_length=2, max_length=MAX_SIDE)]
Plane = Annotated[tuple[Row, ...], Strict(False), Field(min_length=2, max_length=MAX_SIDE)]
Table = Annotated[tuple[Plane, ...], Strict(False), Field(min_length=1, max_length=3)]


def _alike(tables: tuple[Table, ...]) -> tuple[Table, ...]:
    if any(len(table) == 2 for table in tables):
        raise ValueError("needs one plane for all colours or three for R, G and B at each temperature, got two")
    sizes = sorted({(len(table), len(plane), len(row)) for table in tables for plane in table for row in plane})
    if len(sizes) > 1:
        shown = " and ".join(f"{planes} x {height} rows of {width}" for planes, height, width in sizes[:2])
        raise ValueError(f"needs tables of one size, each row as long as the others, got {shown}")
    return tables


Tables = Annotated[
    tuple[Table, ...],
    Strict(False),
    Field(min_length=1, max_length=MAX_CALIBRATIONS),
    AfterValidator(_alike),
]
"""For each temperature one grid, or one for each of R, G and B."""
Temperatures = Annotated[tuple[float, ...], Strict(False), Field(min_length=2, max_length=MAX_CALIBRATIONS)]


def lens_shading_grid(image: Tensor, gains: Tensor, cfa: str, points: Points = "corners") -> Tensor:
    """Multiply by a grid of gains that is stretched over the frame, bilinear between its points.

    Args:
        image: (B, 1, H, W) mosaic or (B, 3, H, W) linear RGB.
        gains: (1, h, w) for all colours, or (3, h, w) for R, G and B; h, w >= 2.
        cfa: layout of the mosaic's top-left cell.
        points: ``corners``: the outermost points lie on the frame's edges, as DNG's usually do. ``cells``: each lies in
            the middle of its cell, where h x w cells cover the frame, as libcamera's do; constant beyond the outermost.

    Returns:
        As ``image``; nothing is clipped.

    Source: Adobe DNG specification 1.7, chapter 7 (GainMap); libcamera, src/ipa/rpi/controller/rpi/alsc.cpp.
    """
    rows, columns = (
        _weights(size, count, points, gains) for size, count in zip(image.shape[-2:], gains.shape[-2:], strict=True)
    )
    return apply_gains(image, rows @ gains @ columns.mT, cfa)


def _weights(size: int, count: int, points: Points, like: Tensor) -> Tensor:
    """(size, count): what each grid point counts at each pixel."""
    pixel = (torch.arange(size, dtype=like.dtype, device=like.device) + 0.5) / size
    place = pixel * (count - 1) if points == "corners" else (pixel * count - 0.5).clamp(0, count - 1)
    point = torch.arange(count, dtype=like.dtype, device=like.device)
    return (1 - (place[:, None] - point).abs()).clamp_min(0)


def gains_at(cct: Tensor, temperatures: Tensor, tables: Tensor) -> Tensor:
    """(C, h, w): linear in the colour temperature between two calibrated ones, as libcamera has it; beyond, it stays.

    Args:
        cct: () K. Beyond the calibrated ones its gradient is that of the outermost piece going on, in place of 0.
        temperatures: (N,) K, increasing, N >= 2.
        tables: (N, C, h, w).
    """
    held = cct.detach().clamp(temperatures[0], temperatures[-1]) + (cct - cct.detach())
    shares = ((held - temperatures[:-1]) / temperatures.diff()).clamp(0, 1)  # how much of each piece lies behind
    return tables[0] + torch.einsum("n,nchw->chw", shares, tables.diff(dim=0))


class GridLensShading(StageSpec):
    """``{kind: lens_shading, method: grid, gains: [[R, G, B]]}``, each a grid: a list of rows.

    For several lights: ``{.., cct: 4000, temperatures: [2850, 6500], gains: [[R, G, B], [R, G, B]]}``. One grid in
    place of three is for all colours. On the mosaic or on linear RGB.
    """

    takes: ClassVar[frozenset[Domain]] = frozenset({"mosaic", "linear"})
    gives: ClassVar[Domain | None] = None
    form: ClassVar[Form] = "affine"
    depends_on_place: ClassVar[bool] = True

    kind: Literal["lens_shading"] = "lens_shading"
    method: Literal["grid"] = "grid"
    points: Points = "corners"
    """Where the points of a grid lie: the outermost on the edges of the frame, or each in the middle of a cell."""
    cct: Annotated[float | None, Quantity("K", 1000, 25000, Range(relative=0.1))] = None
    """Of the light that the camera believes in; needs ``temperatures``."""
    temperatures: Temperatures | None = None
    """In K, increasing: of the lights under which the gains were calibrated."""
    gains: Annotated[Tables, Quantity("1", 0.0625, 64, Range(relative=0.05))]
    """For each temperature one grid, or one for each of R, G and B, of 2x2 to 64x64 points."""

    @model_validator(mode="after")
    def _pairs(self) -> Self:
        if (self.cct is None) != (self.temperatures is None):
            raise ValueError("cct and temperatures belong together: give both, or neither for gains of one light")
        wanted = 1 if self.temperatures is None else len(self.temperatures)
        if len(self.gains) != wanted:
            light = "without temperatures" if self.temperatures is None else f"for {wanted} temperatures"
            raise ValueError(f"gains needs {wanted} tables {light}, got {len(self.gains)}")
        given = self.temperatures or (1000.0, 25000.0)
        rising = all(b > a for a, b in pairwise(given))
        if not rising or not 1000 <= given[0] <= given[-1] <= 25000:
            raise ValueError(f"temperatures must increase within [1000, 25000] K, got {list(given)}")
        return self

    def build(self, raw: RawFormat) -> Stage:
        return GridLensShadingStage(self, raw)


class GridLensShadingStage(Stage):
    """See `lens_shading_grid` and `gains_at`; knobs ``gains`` and, where there are several lights, ``cct``."""

    gains: Tensor
    cct: Tensor
    temperatures: Tensor

    def __init__(self, spec: GridLensShading, raw: RawFormat) -> None:
        super().__init__(spec)
        self.cfa = raw.cfa
        self.points: Points = spec.points
        self.one_light = spec.temperatures is None
        if spec.temperatures is not None:
            self.register_buffer("temperatures", torch.tensor(spec.temperatures, dtype=torch.float64))

    def forward(self, image: Tensor) -> Tensor:
        gains = self.gains[0] if self.one_light else gains_at(self.cct, self.temperatures, self.gains)
        return lens_shading_grid(image, gains, self.cfa, self.points)
