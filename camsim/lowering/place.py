"""The numbers of what depends on the place: see camsim.kernels.rows.grid and camsim.kernels.rows.radial."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from camsim.isp.additive_layer import AdditiveLayerStage
from camsim.isp.lens_shading.grid import GridLensShadingStage, gains_at
from camsim.isp.lens_shading.radial import RadialLensShadingStage
from camsim.kernels.program import CELLS, FALLOFF, MULTIPLIES, THREE_PLANES, Op
from camsim.lowering.coefficients import Coefficients, numbers
from camsim.spec import Stage

_POWERS = 5
"""Of the squared distance, as many as a polynomial may have."""


class Placed(NamedTuple):
    """A row operation that depends on the place."""

    on_mosaic: Op
    on_colors: Op
    bits: int
    """Of the first setting, beside the cell of the CFA."""
    size: int
    """The second setting."""
    numbers: Coefficients


def placed(stage: Stage) -> Placed:
    """A stage as what is added to a place, or multiplies it.

    Raises:
        NotImplementedError: it is neither.
    """
    match stage:
        case AdditiveLayerStage():
            return _grid(stage.offsets.shape, THREE_PLANES | CELLS, lambda: stage.offsets.double())
        case GridLensShadingStage():
            shape = stage.gains.shape[1:]
            bits = MULTIPLIES | (THREE_PLANES if shape[0] == 3 else 0) | (CELLS if stage.points == "cells" else 0)
            return _grid(shape, bits, lambda: _gains(stage))
        case RadialLensShadingStage():
            bits = FALLOFF if stage.law == "falloff" else 0
            return Placed(Op.RADIAL_MOSAIC, Op.RADIAL_COLORS, bits, 0, lambda: _polynomials(stage))
    raise NotImplementedError


def _grid(shape: torch.Size, bits: int, grid: Coefficients) -> Placed:
    size = shape[1] << 16 | shape[2]
    return Placed(Op.GRID_MOSAIC, Op.GRID_COLORS, bits, size, lambda: grid().reshape(-1))


def _gains(stage: GridLensShadingStage) -> Tensor:
    if stage.one_light:
        return stage.gains[0].double()
    return gains_at(stage.cct.double(), stage.temperatures.double(), stage.gains.double())


def _polynomials(stage: RadialLensShadingStage) -> Tensor:
    """The axis, and for each colour as many coefficients as there may be."""
    count = stage.coefficients.shape[-1]
    rows = stage.coefficients.double().reshape(-1, count).expand(3, count)
    nothing = torch.zeros(3, _POWERS - count, dtype=torch.float64)
    return torch.cat([numbers(*stage.center), torch.cat([rows, nothing], dim=1).reshape(-1)])
