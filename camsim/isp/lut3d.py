"""A table of colours (3D LUT), as made by grading software."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, ValidationInfo, model_validator
from torch import Tensor

from camsim.cfa import RawFormat
from camsim.isp.cube import MAX_SIZE, MAX_TEXT, check_limits, pack, read_cube, unpack
from camsim.spec import Domain, Form, Quantity, Range, Stage, StageSpec, Triple

Interpolation = Literal["trilinear", "tetrahedral"]


def lut3d(
    rgb: Tensor, table: Tensor, low: Tensor, high: Tensor, strength: Tensor, interpolation: Interpolation
) -> Tensor:
    """rgb + strength · (table(rgb) - rgb), interpolated between the 8 or 4 nearest entries of the table.

    Args:
        rgb: (B, 3, H, W).
        table: (N, N, N, 3), by blue, green and red of what comes in.
        low: (3,) R, G and B where the table begins.
        high: (3,) where it ends.
        strength: () 1 for the table's colours, 0 changes nothing.
        interpolation: ``trilinear`` between the 8 corners of a cell, ``tetrahedral`` between 4 of them.

    Returns:
        (B, 3, H, W). Values outside the table are taken for the nearest inside it, as the format has it; their gradient
        is that at the nearest, in place of 0. Source: Adobe, "Cube LUT Specification 1.0", 2013; J. M. Kasson,
        S. I. Nin, W. Plouffe, J. L. Hafner, "Performing color space conversions with three-dimensional linear
        interpolation", Journal of Electronic Imaging 4(3), 1995.
    """
    size = table.shape[0]
    place = (rgb - low[:, None, None]) * ((size - 1) / (high - low))[:, None, None]
    place = place + (place.detach().clamp(0, size - 1) - place.detach())
    cell = place.detach().floor().clamp(0, size - 2)
    part = place - cell
    steps = torch.tensor([1, size, size * size], device=rgb.device)
    first = (cell.long() * steps[:, None, None]).sum(-3)
    entries = table.reshape(-1, 3)
    if interpolation == "trilinear":
        shares, corners = _cube_corners(part, steps)
    else:
        shares, corners = _tetrahedron(part, steps)
    graded = torch.zeros_like(rgb)
    for share, corner in zip(shares, corners, strict=True):
        graded = graded + share.unsqueeze(-3) * entries[first + corner].movedim(-1, -3)
    return rgb + strength * (graded - rgb)


def _cube_corners(part: Tensor, steps: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """Share (B, H, W) and place after the first of each of the 8 corners."""
    sides = [(1 - part[..., channel, :, :], part[..., channel, :, :]) for channel in range(3)]
    corners = list(product((0, 1), repeat=3))
    shares = [sides[0][red] * sides[1][green] * sides[2][blue] for red, green, blue in corners]
    return shares, [red * steps[0] + green * steps[1] + blue * steps[2] for red, green, blue in corners]


def _tetrahedron(part: Tensor, steps: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """The same of 4 corners: from the first to the last along the channels, the one that has gone farthest first."""
    ordered, channels = part.sort(dim=-3, descending=True)
    far, middle, near = (ordered[..., channel, :, :] for channel in range(3))
    one = steps[channels[..., 0, :, :]]
    two = one + steps[channels[..., 1, :, :]]
    return [1 - far, far - middle, middle - near, near], [torch.zeros_like(one), one, two, steps.sum()]


class Lut3d(StageSpec):
    """``{kind: lut3d, file: look.cube}``, a file in the profile's folder or below it.

    A profile that was read holds the table itself, packed, and no longer needs the file: ``file`` and ``sha256`` then
    say where it came from.
    """

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear", "encoded"})
    gives: ClassVar[Domain | None] = None
    form: ClassVar[Form] = "pointwise"

    kind: Literal["lut3d"] = "lut3d"
    file: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """A .cube file; its name, once the table is read."""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    """Of the file, which is refused if it has another."""
    interpolation: Interpolation = "tetrahedral"
    strength: Annotated[float, Quantity("1", 0, 1, Range(absolute=0.2))] = 1.0
    """1 for the table's colours, 0 changes nothing."""
    size: Annotated[int, Field(ge=2, le=MAX_SIZE)] | None = None
    """Entries along a side of the table. Read from the file."""
    low: Triple = (0.0, 0.0, 0.0)
    """Where the table begins. Read from the file."""
    high: Triple = (1.0, 1.0, 1.0)
    """Where the table ends. Read from the file."""
    table: Annotated[str, Field(max_length=MAX_TEXT)] | None = None
    """The table, packed. Read from the file."""

    @model_validator(mode="before")
    @classmethod
    def _from_file(cls, given: Any, info: ValidationInfo) -> Any:
        """Read the file where the table is not there yet."""
        if not isinstance(given, Mapping) or given.get("table") is not None:
            return given
        name, folder = given.get("file"), (info.context or {}).get("folder")
        if not isinstance(name, str) or not name:
            raise ValueError("needs the key file, a .cube file in the profile's folder")
        if not isinstance(folder, Path):
            raise ValueError("file is read only with a profile that is a file itself, from its folder")
        if told := [key for key in ("size", "low", "high") if key in given]:
            raise ValueError(f"{', '.join(told)} come from the file; leave them out")
        cube, digest = read_cube(folder, name)
        if given.get("sha256", digest) != digest:
            raise ValueError(f"file {name!r} has the sha256 {digest}, not the one that is given")
        read = {"size": len(cube.table), "low": cube.low, "high": cube.high, "table": pack(cube.table)}
        return {**given, "sha256": digest, **read}

    @model_validator(mode="after")
    def _sound(self) -> Self:
        check_limits(self.low, self.high)
        self.entries()
        return self

    def entries(self) -> NDArray[np.float32]:
        """(N, N, N, 3): the table, by blue, green and red of what comes in.

        Raises:
            ValueError: it is not what camsim packed.
        """
        if self.table is None or self.size is None:
            raise ValueError("a table needs its size")
        return unpack(self.table, self.size)

    def build(self, raw: RawFormat) -> Stage:
        return Lut3dStage(self)


class Lut3dStage(Stage):
    """See `lut3d`; knob ``strength``."""

    strength: Tensor
    table: Tensor
    low: Tensor
    high: Tensor

    def __init__(self, spec: Lut3d) -> None:
        super().__init__(spec)
        self.interpolation: Interpolation = spec.interpolation
        self.register_buffer("table", torch.from_numpy(spec.entries()).double())
        self.register_buffer("low", torch.tensor(spec.low, dtype=torch.float64))
        self.register_buffer("high", torch.tensor(spec.high, dtype=torch.float64))

    def forward(self, image: Tensor) -> Tensor:
        return lut3d(image, self.table, self.low, self.high, self.strength, self.interpolation)
