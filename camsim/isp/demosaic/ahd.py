"""AHD demosaic (adaptive homogeneity-directed): the direction in which the picture is more even to the eye."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

import torch
from pydantic import model_validator
from torch import Tensor
from torch.nn import functional as F

from camsim.border import mirror_pad
from camsim.cfa import BAYER, Bayer, RawFormat, bayer, color_masks
from camsim.isp.demosaic.neighbours import mean_of_sides, sides
from camsim.spec import Domain, Form, Matrix3, Stage, StageSpec

_DEPENDS = 5
"""Pixels around that any output value depends on."""
_REACH = 8
"""Even, so that the phase stays, and more than `_DEPENDS`."""

_ROW, _COLUMN = (0, 1), (1, 0)

_TIE = 1e-3
"""Of L*, a*, b*: differences that differ by less are taken for equal. Ten times what float32 rounds away."""

SRGB_TO_XYZ: Matrix3 = (
    (0.4123908, 0.3575843, 0.1804808),
    (0.2126390, 0.7151687, 0.0721923),
    (0.0193308, 0.1191948, 0.9505322),
)
"""Linear sRGB to CIE XYZ: ITU-R BT.709 primaries, D65."""


def demosaic_ahd(mosaic: Tensor, cfa: Bayer, to_xyz: Tensor) -> Tensor:
    """Interpolate along rows and along columns, and take at each pixel what is more homogeneous in CIELab.

    Green is the mean of two neighbours plus a quarter of the own colour's second derivative, held between the two
    neighbours; red and blue are interpolated as differences to green. A neighbour of a pixel is homogeneous with it
    where lightness and chroma differ by no more than the lesser of two figures: the greatest difference along the row
    in the row's picture, and that along the column in the column's. The picture with more such neighbours in the 3x3
    window wins; both are averaged where they tie. This is the form of dcraw and LibRaw, without the medians at the end.

    Args:
        mosaic: (B, 1, H, W), 1.0 at white.
        cfa: layout of the mosaic's top-left cell.
        to_xyz: (3, 3) camera RGB, as the mosaic has it, to CIE XYZ. Serves the choice alone: XYZ is divided by that of
            (1, 1, 1).

    Returns:
        (B, 3, H, W) camera RGB. Border: mirror without the edge pixel. The choice of direction is a step function of
        the mosaic: the gradient is that of the chosen direction.

    Source: K. Hirakawa, T. W. Parks, "Adaptive homogeneity-directed demosaicing algorithm", IEEE Transactions on Image
    Processing 14(3), 2005; D. Coffin, dcraw 9.28, ahd_interpolate.
    """
    raw = mirror_pad(mosaic, _REACH)  # once, so that wrapped-around values never reach the crop
    masks = color_masks(cfa, raw.shape[-2], raw.shape[-1], like=raw) > 0
    pictures = [_interpolated(raw, masks, step) for step in (_ROW, _COLUMN)]
    with torch.no_grad():
        votes = _homogeneity([cielab(picture.detach(), to_xyz) for picture in pictures])
        better = votes[0] - votes[1]
    one = torch.where(better > 0, pictures[0], pictures[1])
    rgb = torch.where(better == 0, (pictures[0] + pictures[1]) / 2, one)
    return rgb[..., _REACH:-_REACH, _REACH:-_REACH]


def _interpolated(raw: Tensor, masks: Tensor, step: tuple[int, int]) -> Tensor:
    """(B, 3, H, W): the picture whose green was interpolated along one direction."""
    red_mask, green_mask, blue_mask = masks
    ahead, behind = sides(raw, step)
    estimate = (ahead + behind) / 2 + raw / 2 - mean_of_sides(raw, (2 * step[0], 2 * step[1])) / 2
    held = torch.minimum(torch.maximum(estimate, torch.minimum(ahead, behind)), torch.maximum(ahead, behind))
    green = torch.where(green_mask, raw, held)
    difference = raw - green  # zero at green pixels
    planes = []
    for own, other in ((red_mask, blue_mask), (blue_mask, red_mask)):
        along_row, along_column = (mean_of_sides(difference, line) for line in (_ROW, _COLUMN))
        corners = (mean_of_sides(difference, (1, 1)) + mean_of_sides(difference, (1, -1))) / 2
        beside = torch.where(own.any(-1, keepdim=True), along_row, along_column)
        planes.append(torch.where(own, raw, green + torch.where(other, corners, beside)))
    return torch.cat([planes[0], green, planes[1]], dim=1)


def cielab(rgb: Tensor, to_xyz: Tensor) -> Tensor:
    """L*, a*, b* of (B, 3, H, W) linear RGB, whose (1, 1, 1) is the white. Source: CIE 15."""
    rows = to_xyz / to_xyz.sum(-1, keepdim=True)
    t = torch.einsum("oc,...chw->...ohw", rows, rgb)
    edge = 216 / 24389
    x, y, z = torch.where(t > edge, t.clamp_min(edge).pow(1 / 3), (24389 / 27 * t + 16) / 116).unbind(-3)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=-3)


def _homogeneity(labs: list[Tensor]) -> list[Tensor]:
    """(B, 1, H, W) for each picture: how many neighbours in the 3x3 window are like their pixel."""
    light, chroma = [], []
    for lab in labs:
        differences = [side - lab for step in (_ROW, _COLUMN) for side in sides(lab, step)]
        light.append([d[..., :1, :, :].abs() for d in differences])
        chroma.append([d[..., 1:, :, :].square().sum(-3, keepdim=True).sqrt() for d in differences])
    votes = []
    limits = [
        torch.minimum(torch.maximum(*size[0][:2]), torch.maximum(*size[1][2:])) + _TIE for size in (light, chroma)
    ]
    for own_light, own_chroma in zip(light, chroma, strict=True):
        alike = [(a <= limits[0]) & (b <= limits[1]) for a, b in zip(own_light, own_chroma, strict=True)]
        count = torch.stack(alike).to(labs[0].dtype).sum(0)
        votes.append((9 * F.avg_pool2d(count, 3, stride=1, padding=1)).round())
    return votes


class Ahd(StageSpec):
    """``{kind: demosaic, method: ahd}``."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"mosaic"})
    gives: ClassVar[Domain | None] = "linear"
    form: ClassVar[Form] = "local"
    cfas: ClassVar[frozenset[str] | None] = frozenset(BAYER)

    kind: Literal["demosaic"] = "demosaic"
    method: Literal["ahd"] = "ahd"
    to_xyz: Matrix3 = SRGB_TO_XYZ
    """Camera RGB, as the mosaic has it, to CIE XYZ, row by row; for the choice of direction alone. Left out: as if the
    camera saw linear sRGB."""

    @model_validator(mode="after")
    def _white(self) -> Self:
        if min(map(sum, self.to_xyz)) <= 0:
            raise ValueError("to_xyz makes an XYZ of white that is not above 0: each row's sum must be")
        return self

    @property
    def reach(self) -> int:
        return _DEPENDS

    def build(self, raw: RawFormat) -> Stage:
        return AhdStage(self, raw)


class AhdStage(Stage):
    """See `demosaic_ahd`; no knobs."""

    to_xyz: Tensor

    def __init__(self, spec: Ahd, raw: RawFormat) -> None:
        super().__init__(spec)
        self.cfa = bayer(raw.cfa)
        self.register_buffer("to_xyz", torch.tensor(spec.to_xyz, dtype=torch.float64))

    def forward(self, image: Tensor) -> Tensor:
        return demosaic_ahd(image, self.cfa, self.to_xyz)
