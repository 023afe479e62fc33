"""Defect pixels found in the picture: what stands out from all neighbours of its colour."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from camsim.border import mirror_pad
from camsim.cfa import BAYER, RawFormat, period, phases
from camsim.spec import Domain, Form, Stage, StageSpec

Replacement = Literal["median", "least_gradient"]

_AROUND = ((0, 1), (1, 0), (1, 1), (1, -1))
"""Directions of the four pairs of opposite neighbours."""

_TIE = 1e-6
"""Gradients that differ by less are equal."""


def defect_pixels_dynamic(
    mosaic: Tensor, threshold: float, replacement: Replacement = "median", step: int = 2
) -> Tensor:
    """Replace what lies above or below all 8 neighbours of its colour by more than a threshold.

    Args:
        mosaic: (B, 1, H, W), 1.0 at white.
        threshold: in the unit of the mosaic.
        replacement: ``median`` of the 8, or ``least_gradient``: the mean of the two opposite neighbours that differ
            least; of several such pairs that tie, the mean of all.
        step: px to the next pixel of the same site of the CFA: 2 for a 2x2 cell, 1 without colours.

    Returns:
        (B, 1, H, W). Border: mirror without the edge pixel, which makes a pixel in the second row or column from the
        border its own neighbour: a defect there stays (with a step of 2). Which pixels are replaced is a step
        function: the gradient is that of what was chosen, and the threshold has none.

    Source: the on-the-fly correction of many ISPs, such as openISP's DPC; the neighbourhood is its own.
    """
    height, width = mosaic.shape[-2:]
    padded = mirror_pad(mosaic, step)
    pairs = []
    for down, right in _AROUND:
        sides = ((1 + down, 1 + right), (1 - down, 1 - right))
        pairs.append([padded[..., y * step : y * step + height, x * step : x * step + width] for y, x in sides])
    least, middle, greatest = _ranked([side for pair in pairs for side in pair])
    defect = torch.maximum(mosaic - greatest, least - mosaic) > threshold
    return torch.where(defect, middle if replacement == "median" else _least_gradient(pairs), mosaic)


def _ranked(values: list[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """The least, the median (the mean of the middle two) and the greatest of an even number."""
    kept, ends = list(values), None
    while len(kept) > 2:
        half = len(kept) // 2
        low = [torch.minimum(a, b) for a, b in zip(kept[:half], kept[half:], strict=True)]
        high = [torch.maximum(a, b) for a, b in zip(kept[:half], kept[half:], strict=True)]
        for i in range(1, half):
            low[0], low[i] = torch.minimum(low[0], low[i]), torch.maximum(low[0], low[i])
            high[0], high[i] = torch.maximum(high[0], high[i]), torch.minimum(high[0], high[i])
        ends = ends or (low[0], high[0])
        kept = low[1:] + high[1:]
    assert ends is not None
    return ends[0], (kept[0] + kept[1]) / 2, ends[1]


def _least_gradient(pairs: list[list[Tensor]]) -> Tensor:
    gradients = torch.stack([(first - second).detach().abs() for first, second in pairs])
    chosen = (gradients <= gradients.amin(0, keepdim=True) + _TIE).to(gradients.dtype)
    means = torch.stack([(first + second) / 2 for first, second in pairs])
    return (means * chosen).sum(0) / chosen.sum(0)


class DynamicDefectPixels(StageSpec):
    """``{kind: defect_pixel_correction, method: dynamic, threshold: 0.1}``."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"mosaic"})
    gives: ClassVar[Domain | None] = "mosaic"
    form: ClassVar[Form] = "local"
    cfas: ClassVar[frozenset[str] | None] = frozenset({*BAYER, *phases("RCCB"), "mono"})

    kind: Literal["defect_pixel_correction"] = "defect_pixel_correction"
    method: Literal["dynamic"] = "dynamic"
    threshold: Annotated[float, Field(gt=0, le=1)] = 0.1
    """How far a pixel must stand out, where 1 is white. No knob: the picture jumps where it is crossed."""
    replacement: Replacement = "median"

    @property
    def reach(self) -> int:
        return 2

    def build(self, raw: RawFormat) -> Stage:
        return DynamicDefectPixelsStage(self, raw)


class DynamicDefectPixelsStage(Stage):
    """See `defect_pixels_dynamic`; no knobs."""

    def __init__(self, spec: DynamicDefectPixels, raw: RawFormat) -> None:
        super().__init__(spec)
        self.threshold = spec.threshold
        self.replacement: Replacement = spec.replacement
        self.step = period(raw.cfa)

    def forward(self, image: Tensor) -> Tensor:
        return defect_pixels_dynamic(image, self.threshold, self.replacement, self.step)
