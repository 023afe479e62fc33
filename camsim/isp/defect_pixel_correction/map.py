"""Defect pixels that are known beforehand: a list of places."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import torch
from pydantic import AfterValidator, Field, Strict
from torch import Tensor
from torch.nn import functional as F

from camsim.border import mirror_pad
from camsim.cfa import LETTERS, RawFormat, cell, period, spread
from camsim.spec import Domain, Form, Stage, StageSpec

MAX_PIXELS = 4096
_FAR = 2

Index = Annotated[int, Field(ge=0, lt=2**16)]
Place = Annotated[tuple[Index, Index], Strict(False)]


def _each_once(places: tuple[Place, ...]) -> tuple[Place, ...]:
    if len(set(places)) < len(places):
        twice = next(place for i, place in enumerate(places) if place in places[:i])
        raise ValueError(f"names the pixel {list(twice)} twice")
    return places


Places = Annotated[
    tuple[Place, ...], Strict(False), Field(min_length=1, max_length=MAX_PIXELS), AfterValidator(_each_once)
]


def defect_pixels_map(mosaic: Tensor, cfa: str, pixels: Tensor) -> Tensor:
    """Replace listed pixels by the mean of the nearest pixels of their colour.

    Args:
        mosaic: (B, 1, H, W), any range.
        cfa: layout of the mosaic's top-left cell.
        pixels: (N, 2) row and column of each from the top left, int64; what lies outside the frame is passed over.

    Returns:
        (B, 1, H, W). The nearest are those of the 3x3 window around, or where there are none, of the 5x5 window: 8 in a
        Bayer mosaic, where the two greens are taken for two colours. Other listed pixels never count; a pixel with
        nothing left to take stays. Border: mirror without the edge pixel.

    Source: D. Coffin, dcraw 9.28, bad_pixels, which takes listed neighbours too.
    """
    height, width = mosaic.shape[-2:]
    y, x = pixels.unbind(-1)
    beyond = height * width  # one more place, for what lies outside
    place = torch.where((y < height) & (x < width), y * width + x, beyond)
    sound = mosaic.new_ones(beyond + 1).scatter(0, place, 0)[:-1].reshape(1, 1, height, width)
    around = _around(pixels, place < beyond, width)
    colors, usable, values = (
        mirror_pad(plane, _FAR).flatten(-2)[..., around]
        for plane in (_color_numbers(cfa, height, width, mosaic), sound, mosaic)
    )
    counts = ((colors == colors[..., :1]) & (usable > 0))[0, 0].to(mosaic.dtype)
    near = counts[:, 1:9]
    weights = torch.where(near.any(-1, keepdim=True), F.pad(near, (0, around.shape[-1] - 9)), counts[:, 1:])
    total = weights.sum(-1)
    mean = (values[..., 1:] * weights).sum(-1) / total.clamp_min(1)
    fill = torch.where(total > 0, mean, values[..., 0])
    flat = F.pad(mosaic.flatten(-2), (0, 1)).scatter(-1, place.expand(fill.shape), fill)
    return flat[..., :-1].reshape(mosaic.shape)


def _around(pixels: Tensor, inside: Tensor, width: int) -> Tensor:
    """(N, 25) where each pixel, its 8 neighbours and the 16 beyond lie in the flattened, extended frame."""
    steps = range(-_FAR, _FAR + 1)
    places = sorted(((y, x) for y in steps for x in steps), key=lambda step: max(map(abs, step)))
    offsets = torch.tensor(places, device=pixels.device) + _FAR
    y, x = (torch.where(inside[:, None], pixels, 0)[:, None] + offsets).unbind(-1)
    return y * (width + 2 * _FAR) + x


def _color_numbers(cfa: str, height: int, width: int, like: Tensor) -> Tensor:
    """(1, 1, H, W): equal where pixels are of one colour; the sites of a 2x2 cell are all taken for different ones."""
    rows = cell(cfa)
    numbers = [[0, 1], [2, 3]] if period(cfa) == 2 else [[LETTERS.index(site) for site in row] for row in rows]
    return spread(torch.tensor(numbers, dtype=like.dtype, device=like.device), height, width)[None, None]


class MappedDefectPixels(StageSpec):
    """``{kind: defect_pixel_correction, method: map, pixels: [[12, 345], [678, 90]]}``."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"mosaic"})
    gives: ClassVar[Domain | None] = "mosaic"
    form: ClassVar[Form] = "affine"
    depends_on_place: ClassVar[bool] = True

    kind: Literal["defect_pixel_correction"] = "defect_pixel_correction"
    method: Literal["map"] = "map"
    pixels: Places
    """Row and column of each, from 0 at the top left."""

    @property
    def reach(self) -> int:
        return _FAR

    def build(self, raw: RawFormat) -> Stage:
        return MappedDefectPixelsStage(self, raw)


class MappedDefectPixelsStage(Stage):
    """See `defect_pixels_map`; no knobs."""

    pixels: Tensor

    def __init__(self, spec: MappedDefectPixels, raw: RawFormat) -> None:
        super().__init__(spec)
        self.cfa = raw.cfa
        self.register_buffer("pixels", torch.tensor(spec.pixels, dtype=torch.int64))

    def forward(self, image: Tensor) -> Tensor:
        return defect_pixels_map(image, self.cfa, self.pixels)
