"""Menon 2007 demosaic (DDFAPD): interpolate along the smoother direction, then refine."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from camsim.border import mirror_pad
from camsim.cfa import BAYER, Bayer, RawFormat, bayer, color_masks
from camsim.spec import Domain, Form, Stage, StageSpec

_DEPENDS = 8
"""Pixels around that any output value depends on."""
_REACH = 12
"""Even, so that the phase stays, and more than `_DEPENDS`."""

_TIE = 3e-6
"""Directions whose activities differ by less, relative to the largest value around, are equally smooth."""

_WINDOW = [[0, 0, 1, 0, 1], [0, 0, 0, 1, 0], [0, 0, 3, 0, 3], [0, 0, 0, 1, 0], [0, 0, 1, 0, 1]]


def demosaic_menon2007(mosaic: Tensor, cfa: Bayer) -> Tensor:
    """Directional filtering with a-posteriori decision, including the refining step.

    Args:
        mosaic: (B, 1, H, W), any range.
        cfa: layout of the mosaic's top-left cell.

    Returns:
        (B, 3, H, W) camera RGB. Border: mirror without the edge pixel. The choice of direction is a step function of
        the mosaic: the gradient is that of the chosen direction.

    Source: D. Menon, S. Andriani, G. Calvagno, "Demosaicing with directional filtering and a posteriori decision", IEEE
    Transactions on Image Processing 16(1), 2007.
    """
    raw = mirror_pad(mosaic, _REACH)  # once, so that wrapped-around values never reach the crop
    masks = color_masks(cfa, raw.shape[-2], raw.shape[-1], like=raw) > 0
    green, horizontal = _green(raw, masks[1])
    rgb = _red_blue(raw, green, horizontal, masks)
    rgb = _refine(rgb, horizontal, masks)
    return rgb[..., _REACH:-_REACH, _REACH:-_REACH]


def _near(x: Tensor, dim: int) -> Tensor:
    """Mean of the two neighbours."""
    return (x.roll(1, dim) + x.roll(-1, dim)) / 2


def _mean3(x: Tensor, horizontal: Tensor) -> Tensor:
    """Mean of three along the chosen direction."""
    along_row = (x.roll(1, -1) + x + x.roll(-1, -1)) / 3
    along_column = (x.roll(1, -2) + x + x.roll(-1, -2)) / 3
    return torch.where(horizontal, along_row, along_column)


def _green(raw: Tensor, is_green: Tensor) -> tuple[Tensor, Tensor]:
    """Green everywhere, and where it was interpolated along the row."""
    candidates, activity = [], []
    window = torch.tensor(_WINDOW, dtype=raw.dtype, device=raw.device)
    for dim, kernel in ((-1, window), (-2, window.T)):
        estimate = _near(raw, dim) + raw / 2 - (raw.roll(2, dim) + raw.roll(-2, dim)) / 4
        green = torch.where(is_green, raw, estimate)
        chroma = raw - green  # zero at green pixels
        gradient = (chroma - chroma.roll(-2, dim)).abs()
        # The published window is a convolution, so it is flipped for torch's correlation.
        activity.append(F.conv2d(gradient, kernel.flip(0, 1)[None, None], padding=2))
        candidates.append(green)
    # Mosaics of few bits are full of ties; rounding alone must not decide them, since it differs between precisions.
    scale = F.max_pool2d(raw.detach().abs(), 5, stride=1, padding=2)
    horizontal = activity[1] >= activity[0] - _TIE * scale
    return torch.where(horizontal, candidates[0], candidates[1]), horizontal


def _red_blue(raw: Tensor, green: Tensor, horizontal: Tensor, masks: Tensor) -> Tensor:
    """Red and blue by interpolated colour differences."""
    red_mask, green_mask, blue_mask = masks
    planes = []
    for own in (red_mask, blue_mask):
        own_rows = own.any(-1, keepdim=True)
        plane = torch.where(own, raw, 0)
        difference = torch.where(own_rows, _near(plane, -1) - _near(green, -1), _near(plane, -2) - _near(green, -2))
        planes.append(torch.where(green_mask, green + difference, plane))
    red, blue = planes
    full = []
    for own, other, mask in ((red, blue, blue_mask), (blue, red, red_mask)):
        difference = own - other
        along = torch.where(horizontal, _near(difference, -1), _near(difference, -2))
        full.append(torch.where(mask, other + along, own))
    return torch.cat([full[0], green, full[1]], dim=1)


def _refine(rgb: Tensor, horizontal: Tensor, masks: Tensor) -> Tensor:
    """Smooth the colour differences along the chosen direction."""
    red, rough, blue = torch.split(rgb, 1, dim=1)
    red_mask, green_mask, blue_mask = masks
    green = torch.where(red_mask, red - _mean3(red - rough, horizontal), rough)
    green = torch.where(blue_mask, blue - _mean3(blue - rough, horizontal), green)

    planes = []
    for plane, mask in ((red, red_mask), (blue, blue_mask)):
        difference = plane - green
        own_rows = mask.any(-1, keepdim=True)
        smooth = torch.where(own_rows, _near(difference, -1), _near(difference, -2))
        planes.append(torch.where(green_mask, green + smooth, plane))
    red, blue = planes
    red = torch.where(blue_mask, blue + _mean3(red - blue, horizontal), red)
    blue = torch.where(red_mask, red - _mean3(red - blue, horizontal), blue)
    return torch.cat([red, green, blue], dim=1)


class Menon2007(StageSpec):
    """``{kind: demosaic, method: menon2007}``."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"mosaic"})
    gives: ClassVar[Domain | None] = "linear"
    cfas: ClassVar[frozenset[str] | None] = frozenset(BAYER)
    form: ClassVar[Form] = "local"

    kind: Literal["demosaic"] = "demosaic"
    method: Literal["menon2007"] = "menon2007"

    @property
    def reach(self) -> int:
        return _DEPENDS

    def build(self, raw: RawFormat) -> Stage:
        return Menon2007Stage(self, raw)


class Menon2007Stage(Stage):
    """See `demosaic_menon2007`; no knobs."""

    def __init__(self, spec: Menon2007, raw: RawFormat) -> None:
        super().__init__(spec)
        self.cfa = bayer(raw.cfa)

    def forward(self, image: Tensor) -> Tensor:
        return demosaic_menon2007(image, self.cfa)
