"""Hamilton-Adams demosaic: green along the direction of the smaller gradient, corrected by the second derivative."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from camsim.border import mirror_pad
from camsim.cfa import BAYER, Bayer, RawFormat, bayer, color_masks
from camsim.isp.demosaic.neighbours import mean_of_sides, sides
from camsim.spec import Domain, Form, Stage, StageSpec

_DEPENDS = 3
"""Pixels around that any output value depends on."""
_REACH = 6
"""Even, so that the phase stays, and more than `_DEPENDS`."""

_TIE = 3e-6
"""Directions whose gradients differ by less, relative to the largest value around, are equally smooth."""


def demosaic_hamilton_adams(mosaic: Tensor, cfa: Bayer) -> Tensor:
    """Adaptive colour plane interpolation.

    Green at a red or blue pixel is the mean of two green neighbours plus a quarter of the second derivative of the
    pixel's own colour, along the row or the column, whichever has the smaller sum of first derivative of green and
    second derivative of the own colour; both are averaged where they tie. Red and blue follow green in the same way:
    along the only line of neighbours at green pixels, along one of the two diagonals elsewhere.

    Args:
        mosaic: (B, 1, H, W), any range.
        cfa: layout of the mosaic's top-left cell.

    Returns:
        (B, 3, H, W) camera RGB. Border: mirror without the edge pixel. The choice of direction is a step function of
        the mosaic: the gradient is that of the chosen direction.

    Source: J. F. Hamilton, J. E. Adams, "Adaptive color plane interpolation in single sensor color electronic camera",
    US patent 5 629 734, 1997.
    """
    raw = mirror_pad(mosaic, _REACH)  # once, so that wrapped-around values never reach the crop
    red_mask, green_mask, blue_mask = color_masks(cfa, raw.shape[-2], raw.shape[-1], like=raw) > 0
    scale = F.max_pool2d(raw.detach().abs(), 5, stride=1, padding=2)
    # Mosaics of few bits are full of ties; rounding alone must not decide them, since it differs between precisions.
    tie = _TIE * scale
    row, column = ((0, 1), (1, 0))
    estimates = [mean_of_sides(raw, step) - _second(raw, _twice(step)) / 4 for step in (row, column)]
    gradients = [_first(raw, step) + _second(raw, _twice(step)).abs() for step in (row, column)]
    green = torch.where(green_mask, raw, _smoother(estimates, gradients, tie))

    planes = []
    for own, other in ((red_mask, blue_mask), (blue_mask, red_mask)):
        along_row, along_column = (mean_of_sides(raw, step) - _second(green, step) / 2 for step in (row, column))
        beside = torch.where(own.any(-1, keepdim=True), along_row, along_column)
        diagonals = [mean_of_sides(raw, step) - _second(green, step) / 2 for step in ((1, 1), (1, -1))]
        slopes = [_first(raw, step) + _second(green, step).abs() for step in ((1, 1), (1, -1))]
        plane = torch.where(other, _smoother(diagonals, slopes, tie), beside)
        planes.append(torch.where(own, raw, plane))
    rgb = torch.cat([planes[0], green, planes[1]], dim=1)
    return rgb[..., _REACH:-_REACH, _REACH:-_REACH]


def _twice(step: tuple[int, int]) -> tuple[int, int]:
    return 2 * step[0], 2 * step[1]


def _first(x: Tensor, step: tuple[int, int]) -> Tensor:
    """Size of the first derivative."""
    ahead, behind = sides(x, step)
    return (ahead - behind).abs()


def _second(x: Tensor, step: tuple[int, int]) -> Tensor:
    """Second derivative."""
    ahead, behind = sides(x, step)
    return (ahead - x) + (behind - x)


def _smoother(values: list[Tensor], gradients: list[Tensor], tie: Tensor) -> Tensor:
    """The value of the smaller gradient; the mean of both where they tie."""
    difference = (gradients[0] - gradients[1]).detach()
    one = torch.where(difference < 0, values[0], values[1])
    return torch.where(difference.abs() <= tie, (values[0] + values[1]) / 2, one)


class HamiltonAdams(StageSpec):
    """``{kind: demosaic, method: hamilton_adams}``."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"mosaic"})
    gives: ClassVar[Domain | None] = "linear"
    form: ClassVar[Form] = "local"
    cfas: ClassVar[frozenset[str] | None] = frozenset(BAYER)

    kind: Literal["demosaic"] = "demosaic"
    method: Literal["hamilton_adams"] = "hamilton_adams"

    @property
    def reach(self) -> int:
        return _DEPENDS

    def build(self, raw: RawFormat) -> Stage:
        return HamiltonAdamsStage(self, raw)


class HamiltonAdamsStage(Stage):
    """See `demosaic_hamilton_adams`; no knobs."""

    def __init__(self, spec: HamiltonAdams, raw: RawFormat) -> None:
        super().__init__(spec)
        self.cfa = bayer(raw.cfa)

    def forward(self, image: Tensor) -> Tensor:
        return demosaic_hamilton_adams(image, self.cfa)
