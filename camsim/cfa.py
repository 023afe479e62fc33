"""The colour filter array: which colour each pixel sees, and the format of a raw mosaic."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Literal, get_args

import torch
from pydantic import AfterValidator, WithJsonSchema
from torch import Tensor

from camsim.errors import did_you_mean

Bayer = Literal["RGGB", "BGGR", "GRBG", "GBRG"]
"""The 2x2 cell read row by row from the top-left pixel."""
BAYER: tuple[Bayer, ...] = get_args(Bayer)

LETTERS = "RGBCI"
"""Red, green, blue, clear (no filter), infrared; what a sensor sees is always given in this order."""


def _quad(bayer: str) -> tuple[str, ...]:
    """Each site of a Bayer cell doubled in both directions: Sony's Quad Bayer, Samsung's Tetracell."""
    return tuple("".join(letter * 2 for letter in bayer[row : row + 2]) for row in (0, 0, 2, 2))


CELLS: Mapping[str, tuple[str, ...]] = {
    **{name: (name[:2], name[2:]) for name in BAYER},
    **{f"quad-{name}": _quad(name) for name in BAYER},
    "x-trans": ("RBGBRG", "GGRGGB", "GGBGGR", "BRGRBG", "GGBGGR", "GGRGGB"),
    "mono": ("C",),
    **{name: (name[:2], name[2:]) for name in ("RCCB", "BCCR", "CRBC", "CBRC")},
    "RGB-IR": ("IGIG", "GBGR", "IGIG", "GRGB"),
}
"""The cell of each CFA that has a name of its own, row by row from the top-left pixel.

``x-trans`` is Fujifilm's, at the phase of an X-T2's uncompressed file (rawspeed, data/cameras.xml); ``RGB-IR`` is the
4x4 cell of OmniVision's OV01A1S (libcamera, bayer order IGIG_GBGR_IGIG_GRGB): green on half of the pixels, infrared on
a quarter. Any other phase is a name and the rows and columns cut off above and at the left: ``x-trans+1+4``.
"""

_NAME = re.compile(r"(.+?)\+([0-9]+)\+([0-9]+)")


def cell(cfa: str) -> tuple[str, ...]:
    """The repeating cell, row by row: letters out of `LETTERS`.

    Raises:
        ValueError: no CFA of this name.
    """
    if cfa in CELLS:
        return CELLS[cfa]
    match = _NAME.fullmatch(cfa)
    if match is None or match[1] not in CELLS:
        names = ", ".join(CELLS)
        raise ValueError(
            f"must be one of {names}, or one of them with rows and columns cut off, such as x-trans+1+4, "
            f"got {cfa!r}{did_you_mean(cfa, CELLS)}"
        )
    return _rolled(CELLS[match[1]], int(match[2]), int(match[3]))


def _rolled(rows: tuple[str, ...], down: int, right: int) -> tuple[str, ...]:
    height, width = len(rows), len(rows[0])
    return tuple("".join(rows[(y + down) % height][(x + right) % width] for x in range(width)) for y in range(height))


@cache
def _names() -> dict[tuple[str, ...], str]:
    """Each cell with the shortest name that it has."""
    names = {rows: name for name, rows in CELLS.items()}
    for name, rows in CELLS.items():
        for y in range(len(rows)):
            for x in range(len(rows[0])):
                names.setdefault(_rolled(rows, y, x), f"{name}+{y}+{x}")
    return names


def named(rows: tuple[str, ...]) -> str | None:
    """The name of a cell; None: no CFA that is known."""
    return _names().get(tuple(rows))


def shifted(cfa: str, down: int, right: int) -> str:
    """The CFA of a mosaic after ``down`` rows and ``right`` columns were cut off above and at the left."""
    return _names()[_rolled(cell(cfa), down, right)]


def flipped(cfa: str, height: int, width: int, *, upside_down: bool = False, left_right: bool = False) -> str:
    """The CFA of a mosaic of (height, width) after it was turned upside down, or left and right were exchanged."""
    rows = _rolled(cell(cfa), height if upside_down else 0, width if left_right else 0)
    rows = rows[::-1] if upside_down else rows
    return _names()[tuple(row[::-1] for row in rows) if left_right else rows]


@cache
def phases(cfa: str) -> frozenset[str]:
    """The names of a CFA at all its phases."""
    rows = cell(cfa)
    return frozenset(shifted(cfa, y, x) for y in range(len(rows)) for x in range(len(rows[0])))


def period(cfa: str) -> int:
    """Side of the cell, px."""
    return len(cell(cfa))


def letters(cfa: str) -> str:
    """What its pixels see, each once, in the order of `LETTERS`."""
    seen = set("".join(cell(cfa)))
    return "".join(letter for letter in LETTERS if letter in seen)


def bayer(cfa: str) -> Bayer:
    """The name as that of a Bayer CFA.

    Raises:
        ValueError: it is another one.
    """
    if cfa not in BAYER:
        raise ValueError(f"needs a Bayer CFA ({', '.join(BAYER)}), got {cfa}")
    return cfa


def _checked(cfa: str) -> str:
    name = _names()[cell(cfa)]
    if name != cfa:
        raise ValueError(f"{cfa} is the same as {name}; write {name}")
    return name


Cfa = Annotated[
    str,
    AfterValidator(_checked),
    WithJsonSchema({"anyOf": [{"enum": list(CELLS)}, {"type": "string", "pattern": r"^[A-Za-z-]+\+[0-5]\+[0-5]$"}]}),
]
"""A name of `CELLS`, or one with the rows and columns that are cut off: ``x-trans+1+4``."""


@dataclass(frozen=True)
class RawFormat:
    """How a mosaic's digital numbers are to be read, in DN as they lie in the file (after justification)."""

    cfa: str
    """See `Cfa`."""
    black: tuple[float, float, float, float]
    """Pedestal for each place of a 2x2 grid from the top-left pixel, row by row, whatever the CFA: the converters of a
    sensor's even and odd rows and columns differ, not those of its colours."""
    white: tuple[float, float, float, float]
    full_scale: float
    """The largest DN that the container holds; it divides the signal where a profile does not rescale to white."""


def site_index(height: int, width: int, device: torch.device | None = None) -> Tensor:
    """Number of the 2x2 grid's site (0..3, row by row) of each pixel: (H, W), int64."""
    y = torch.arange(height, device=device) % 2
    x = torch.arange(width, device=device) % 2
    return 2 * y[:, None] + x[None, :]


def per_site(values: Tensor, height: int, width: int) -> Tensor:
    """Spread four per-site values (4,) over a frame: (H, W); odd sizes are cut, never shifted."""
    # Chosen rather than tiled and cut: that way it is traced for sizes that are not known yet.
    even_rows = (torch.arange(height, device=values.device) % 2 == 0)[:, None]
    even_columns = torch.arange(width, device=values.device) % 2 == 0
    upper = torch.where(even_columns, values[0], values[1])
    lower = torch.where(even_columns, values[2], values[3])
    return torch.where(even_rows, upper, lower)


def spread(values: Tensor, height: int, width: int) -> Tensor:
    """Repeat a cell (..., p, q) over a frame: (..., H, W); what does not fit is cut at the right and below."""
    # Chosen by index, for the same reason as in `per_site`.
    rows = torch.arange(height, device=values.device) % values.shape[-2]
    columns = torch.arange(width, device=values.device) % values.shape[-1]
    return values.index_select(-2, rows).index_select(-1, columns)


def color_masks(cfa: str, height: int, width: int, *, like: Tensor, colors: str = "RGB") -> Tensor:
    """1 where a pixel sees a colour, else 0: (3, H, W) for R, G, B in the dtype and on the device of ``like``.

    ``colors``: other letters than R, G and B, of which there are then as many planes.
    """
    cells = torch.tensor([[[float(site == color) for site in row] for row in cell(cfa)] for color in colors])
    return spread(cells.to(dtype=like.dtype, device=like.device), height, width)


def mosaic(colors: Tensor, cfa: str) -> Tensor:
    """Keep the one colour that each pixel's filter lets through: (B, N, H, W) -> (B, 1, H, W).

    ``colors`` has one plane for each of the CFA's `letters`: R, G, B for a Bayer CFA, one plane for ``mono``.
    """
    seen = letters(cfa)
    places = torch.tensor([[seen.index(site) for site in row] for row in cell(cfa)], device=colors.device)
    plane = spread(places, colors.shape[-2], colors.shape[-1])
    return colors.gather(-3, plane.expand(*colors.shape[:-3], 1, -1, -1))
