"""Additive layer: an offset for each place of the frame, the same for every picture, as the seed system learnt it."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, Strict
from torch import Tensor
from torch.nn.functional import interpolate

from camsim.cfa import RawFormat
from camsim.spec import Domain, Form, Quantity, Range, Stage, StageSpec

MAX_SIDE = 256
"""The seed system's layer had one offset for each pixel of a 256x256 frame."""

Row = Annotated[tuple[float, ...], Strict(False), Field(min_length=1, max_length=MAX_SIDE)]
Plane = Annotated[tuple[Row, ...], Strict(False), Field(min_length=1, max_length=MAX_SIDE)]


def _of_one_size(planes: tuple[Plane, Plane, Plane]) -> tuple[Plane, Plane, Plane]:
    sizes = sorted({(len(plane), len(row)) for plane in planes for row in plane})
    if len(sizes) > 1:
        shown = " and ".join(f"{height} rows of {width}" for height, width in sizes[:2])
        raise ValueError(f"needs three grids of one size, each row as long as the others, got {shown}")
    return planes


Planes = Annotated[tuple[Plane, Plane, Plane], Strict(False), AfterValidator(_of_one_size)]
"""A grid of numbers for each of R, G, B."""


def additive_layer(rgb: Tensor, offsets: Tensor) -> Tensor:
    """rgb + a grid of offsets, stretched over the frame; nothing is clipped.

    Args:
        rgb: (B, 3, H, W).
        offsets: (3, h, w), in the unit of ``rgb``. Each is the offset in the middle of its cell, where h x w cells
            cover the frame; bilinear in between, constant beyond the outermost. The grid does not depend on the
            size of the frame; the result depends on where in the frame a pixel lies.

    Returns:
        (B, 3, H, W).
    """
    return rgb + interpolate(offsets[None], size=rgb.shape[-2:], mode="bilinear", align_corners=False)


class AdditiveLayer(StageSpec):
    """``{kind: additive_layer, offsets: [R, G, B]}``, each a grid: a list of rows."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear", "encoded"})
    gives: ClassVar[Domain | None] = None
    form: ClassVar[Form] = "affine"
    depends_on_place: ClassVar[bool] = True

    kind: Literal["additive_layer"] = "additive_layer"
    offsets: Annotated[Planes, Quantity("1", -1, 1, Range(absolute=0.02))]

    def build(self, raw: RawFormat) -> Stage:
        return AdditiveLayerStage(self)


class AdditiveLayerStage(Stage):
    """See `additive_layer`; knob ``offsets``."""

    offsets: Tensor

    def forward(self, image: Tensor) -> Tensor:
        return additive_layer(image, self.offsets)
