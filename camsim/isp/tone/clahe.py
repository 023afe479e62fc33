"""Contrast-limited adaptive histogram equalisation (CLAHE)."""

from __future__ import annotations

from itertools import product
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field, Strict
from torch import Tensor

from camsim.border import mirror_pad_end
from camsim.cfa import RawFormat
from camsim.isp.luma import Channels, filter_channels
from camsim.spec import Domain, Form, Quantity, Range, Stage, StageSpec

Count = Annotated[int, Field(ge=1, le=64)]
Grid = Annotated[tuple[Count, Count], Strict(False)]
"""Tiles down and across."""


def tone_clahe(
    rgb: Tensor, clip_limit: Tensor, *, grid: tuple[int, int], bins: int, channels: Channels = "luma"
) -> Tensor:
    """Each tile's cumulative histogram as its tone curve, bilinear between the tiles' centres.

    A histogram is cut off at clip_limit · (pixels / bins), and what is cut off is spread evenly over all bins. Source:
    K. Zuiderveld, "Contrast limited adaptive histogram equalization", Graphics Gems IV, 1994, in the geometry of
    OpenCV: the frame is extended at the bottom and at the right to whole tiles, by its mirror image.

    Args:
        rgb: (B, 3, H, W), display-encoded or linear.
        clip_limit: () the smaller, the less contrast is added; as many as there are bins limit nothing.
        grid: tiles down and across.
        bins: of a histogram; a pixel counts for the nearest of as many levels from 0 to 1, beyond them for the last.
        channels: on the luma, or on each of R, G, B.

    Returns:
        (B, 3, H, W). The curves are straight between levels, so that on levels it is what OpenCV gives before rounding
        to whole counts and to 8 or 16 bits; below 0 and above 1 they go on with slope 1, and nothing is clipped. The
        gradient is the slope of the curve, and what the limit does; counting has none.
    """
    return filter_channels(rgb, channels, lambda planes: _equalized(planes, clip_limit, grid, bins))


def _equalized(planes: Tensor, clip_limit: Tensor, grid: tuple[int, int], bins: int) -> Tensor:
    size = planes.shape[-2:]
    tile = tuple((pixels + count - 1) // count for pixels, count in zip(size, grid, strict=True))
    curves = _curves(planes.detach(), clip_limit, grid, tile, bins)
    within = planes.clamp(0, 1)
    level = within * (bins - 1)
    low = level.detach().floor().clamp(max=bins - 2)
    part, first = level - low, low.long()
    places = [_between(*sizes, planes) for sizes in zip(size, tile, grid, strict=True)]
    made = torch.zeros_like(planes)
    for (row, down), (column, across) in product(*places):
        start = (row[:, None] * grid[1] + column) * bins + first
        darker, brighter = (curves.gather(-1, (start + step).flatten(-2)).view_as(planes) for step in (0, 1))
        made = made + down[:, None] * across * (darker + part * (brighter - darker))
    return planes + (made - within)


def _curves(planes: Tensor, clip_limit: Tensor, grid: tuple[int, int], tile: tuple[int, ...], bins: int) -> Tensor:
    """(B, C, tiles · bins): what becomes of each level in each tile."""
    height, width = planes.shape[-2:]
    whole = mirror_pad_end(planes, grid[0] * tile[0] - height, grid[1] * tile[1] - width)
    level = (whole.clamp(0, 1) * (bins - 1)).round().long()
    cells = level.reshape(*level.shape[:-2], grid[0], tile[0], grid[1], tile[1])
    tiles = cells.transpose(-3, -2).flatten(-2).flatten(-3, -2)  # (B, C, tiles, pixels)
    none = planes.new_zeros(*tiles.shape[:-1], bins)
    counts = none.scatter_add(-1, tiles, torch.ones_like(tiles, dtype=planes.dtype))
    pixels = tile[0] * tile[1]
    limit = clip_limit * (pixels / bins)
    kept = torch.minimum(counts, limit)
    kept = kept + (pixels - kept.sum(-1, keepdim=True)) / bins
    return (kept.cumsum(-1) / pixels).flatten(-2)


def _between(size: int, tile: int, count: int, like: Tensor) -> list[tuple[Tensor, Tensor]]:
    """For each pixel of a line, the tiles on its two sides and their shares."""
    place = torch.arange(size, device=like.device).to(like.dtype) / tile - 0.5
    before = place.floor()
    after = place - before
    tiles = before.long()
    return [(tiles.clamp(0, count - 1), 1 - after), ((tiles + 1).clamp(0, count - 1), after)]


class ClaheTone(StageSpec):
    """``{kind: tone, method: clahe, clip_limit: 2.0}``."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear", "encoded"})
    gives: ClassVar[Domain | None] = None
    form: ClassVar[Form] = "global"
    depends_on_place: ClassVar[bool] = True

    kind: Literal["tone"] = "tone"
    method: Literal["clahe"] = "clahe"
    clip_limit: Annotated[float, Quantity("1", 1, 1000, Range(relative=0.3))]
    """How steep a curve may be: a level's count may exceed the mean one so many times."""
    grid: Grid = (8, 8)
    """Tiles down and across, each with a curve of its own."""
    bins: Annotated[int, Field(ge=2, le=65536)] = 256
    """Levels that are counted."""
    channels: Channels = "luma"

    def build(self, raw: RawFormat) -> Stage:
        return ClaheToneStage(self)


class ClaheToneStage(Stage):
    """See `tone_clahe`; knob ``clip_limit``."""

    clip_limit: Tensor

    def __init__(self, spec: ClaheTone) -> None:
        super().__init__(spec)
        self.grid, self.bins = spec.grid, spec.bins
        self.channels: Channels = spec.channels

    def forward(self, image: Tensor) -> Tensor:
        return tone_clahe(image, self.clip_limit, grid=self.grid, bins=self.bins, channels=self.channels)
