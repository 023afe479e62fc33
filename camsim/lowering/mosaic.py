"""The numbers of what is done to a mosaic: see camsim.kernels.rows.linearize and camsim.kernels.rows.repair."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from camsim.isp.defect_pixel_correction.dynamic import DynamicDefectPixelsStage
from camsim.isp.green_equalization import GreenEqualizationStage
from camsim.isp.linearize import LinearizeStage
from camsim.kernels.program import EVEN, LEAST_GRADIENT, Op
from camsim.lowering.coefficients import Coefficients, numbers
from camsim.lowering.lowering import LoweringError


class OnMosaic(NamedTuple):
    """A row operation from mosaic to mosaic, whose numbers begin with limits of what it gives."""

    op: Op
    radius: int
    settings: tuple[int, int]
    """The first beside the cell of the CFA."""
    numbers: Coefficients
    """What follows the limits."""


MAX_PIECES = 32
"""Of a curve with knots at uneven distances: each is looked at for every pixel."""


def linearized(stage: LinearizeStage) -> tuple[tuple[int, int], Coefficients]:
    """Settings and numbers of a curve.

    Raises:
        LoweringError: it has too many knots at uneven distances.
    """
    given = stage.given.double()
    count, step = len(given) - 1, given.diff()
    span = given[-1] - given[0]
    even = given[0] + span * torch.arange(count + 1, dtype=torch.float64) / count
    if torch.allclose(given, even, rtol=0, atol=1e-7 * float(span)):  # as near as float32 has them
        return (count, EVEN), lambda: torch.cat([torch.stack([given[0], count / span]), stage.linear.double()])
    if count > MAX_PIECES:
        raise LoweringError(
            f"{count} pieces at uneven distances have no fused form, at most {MAX_PIECES} have; use fused=False"
        )

    def pieces() -> Tensor:
        linear = stage.linear.double()
        return torch.stack([given[:-1].expand_as(linear[:-1]), linear[:-1], linear.diff() / step], dim=-1).reshape(-1)

    return (count, 0), pieces


def repaired(stage: GreenEqualizationStage | DynamicDefectPixelsStage) -> OnMosaic:
    """A stage that repairs a mosaic."""
    if isinstance(stage, GreenEqualizationStage):
        greens = stage
        return OnMosaic(
            Op.EQUALIZE_GREENS,
            2,
            (0, 0),
            lambda: torch.cat([greens.amount.double().reshape(1), numbers(greens.threshold)]),
        )
    by_gradient = LEAST_GRADIENT if stage.replacement == "least_gradient" else 0
    return OnMosaic(Op.REPLACE_DEFECTS, 2, (0, by_gradient), lambda: numbers(stage.threshold))
