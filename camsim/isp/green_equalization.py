"""Green equalisation: the two greens of a Bayer cell are made alike where the picture is even."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from camsim.border import mirror_pad
from camsim.cfa import BAYER, Bayer, RawFormat, bayer, color_masks
from camsim.spec import Domain, Form, Quantity, Range, Stage, StageSpec

_DIAGONAL = ((-1, -1), (-1, 1), (1, -1), (1, 1))
_STRAIGHT = ((-2, 0), (0, -2), (0, 2), (2, 0))
_BRIGHT = 0.95
"""At 1.0 the pixel is saturated, and says nothing of the ratio of the greens."""
_MOST = 2.0
"""Greens that differ more than this are no imbalance but detail."""


def green_equalization(mosaic: Tensor, cfa: Bayer, amount: Tensor, threshold: float) -> Tensor:
    """Multiply the greens of the blue rows by (mean of the greens around of the red rows) / (mean of their own around).

    Only where all is even: each pixel has four diagonal neighbours of the other green and four of its own two pixels
    away; the mean difference of the six pairs of each must lie below the threshold, the ratio below 2, the
    pixel below 0.95.

    Args:
        mosaic: (B, 1, H, W), 1.0 at white.
        cfa: layout of the mosaic's top-left cell.
        amount: () 1 for the whole ratio, 0 for none of it.
        threshold: in the unit of the mosaic.

    Returns:
        (B, 1, H, W); greens of the red rows, red and blue as they are. Border: mirror without the edge pixel. Where it
        acts is a step function: the gradient is that of what was chosen, and the threshold has none.

    Source: green_matching of dcraw's successors (L. Sanz Rodriguez) as darktable has it (green_equilibration_lavg).
    """
    height, width = mosaic.shape[-2:]
    padded = mirror_pad(mosaic, 2)
    others, own = (
        torch.stack([padded[..., 2 + y : 2 + y + height, 2 + x : 2 + x + width] for y, x in places])
        for places in (_DIAGONAL, _STRAIGHT)
    )
    mean_others, mean_own = others.mean(0), own.mean(0)
    positive = (mean_others > 0) & (mean_own > 0)
    ratio = torch.where(positive, mean_others, 1) / torch.where(positive, mean_own, 1)
    red, green, _ = color_masks(cfa, height, width, like=mosaic) > 0
    acts = green & ~red.any(-1, keepdim=True) & positive & (ratio < _MOST) & (mosaic < _BRIGHT)
    acts = acts & (_unevenness(others) < threshold) & (_unevenness(own) < threshold)
    return torch.where(acts, mosaic * (1 + amount * (ratio - 1)), mosaic)


def _unevenness(four: Tensor) -> Tensor:
    """Mean difference of the six pairs."""
    pairs = [(four[i] - four[j]).detach().abs() for i in range(4) for j in range(i)]
    return torch.stack(pairs).mean(0)


class GreenEqualization(StageSpec):
    """``{kind: green_equalization, threshold: 0.01}``, before the demosaic."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"mosaic"})
    gives: ClassVar[Domain | None] = "mosaic"
    form: ClassVar[Form] = "local"
    cfas: ClassVar[frozenset[str] | None] = frozenset(BAYER)

    kind: Literal["green_equalization"] = "green_equalization"
    amount: Annotated[float, Quantity("1", 0, 1, Range(absolute=0.2))] = 1.0
    """1 for the whole difference, 0 changes nothing."""
    threshold: Annotated[float, Field(gt=0, le=1)] = 0.01
    """Mean difference of neighbours up to which the picture is even, where 1 is white."""

    @property
    def reach(self) -> int:
        return 2

    def build(self, raw: RawFormat) -> Stage:
        return GreenEqualizationStage(self, raw)


class GreenEqualizationStage(Stage):
    """See `green_equalization`; knob ``amount``."""

    amount: Tensor

    def __init__(self, spec: GreenEqualization, raw: RawFormat) -> None:
        super().__init__(spec)
        self.cfa = bayer(raw.cfa)
        self.threshold = spec.threshold

    def forward(self, image: Tensor) -> Tensor:
        return green_equalization(image, self.cfa, self.amount, self.threshold)
