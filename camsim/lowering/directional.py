"""Demosaics that choose a direction, as operations of a program."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from camsim.isp.demosaic.ahd import AhdStage
from camsim.isp.demosaic.hamilton_adams import HamiltonAdamsStage
from camsim.isp.demosaic.menon2007 import Menon2007Stage
from camsim.kernels.program import Op
from camsim.lowering.coefficients import Coefficients

DirectionalStage = Menon2007Stage | HamiltonAdamsStage | AhdStage

Step = Callable[..., tuple[int, ...]]
"""``(op, inputs, coefficients=None, *, outputs, radius=0)`` -> output planes; it knows the cell of the mosaic."""


def add_directional(step: Step, stage: DirectionalStage, raw: int, color: Coefficients) -> tuple[int, ...]:
    """Red, green, blue and luma of a mosaic, with a matrix behind the demosaic."""
    if isinstance(stage, HamiltonAdamsStage):
        return _hamilton_adams(step, raw, color)
    return _ahd(step, stage, raw, color) if isinstance(stage, AhdStage) else _menon(step, raw, color)


def _menon(step: Step, raw: int, color: Coefficients) -> tuple[int, ...]:
    across, down, peak = step(Op.MENON_CHROMA, [raw], outputs=3, radius=2)
    green, horizontal = step(Op.MENON_CHOOSE, [raw, across, down, peak], outputs=2, radius=2)
    red, blue = step(Op.MENON_SIDES, [raw, green], outputs=2, radius=1)
    red, blue = step(Op.MENON_OPPOSITE, [red, blue, horizontal], outputs=2, radius=1)
    (green,) = step(Op.MENON_REFINE_GREEN, [red, blue, green, horizontal], outputs=1, radius=1)
    red, blue = step(Op.MENON_REFINE_SIDES, [red, blue, green], outputs=2, radius=1)
    return step(Op.MENON_REFINE_OPPOSITE, [red, blue, green, horizontal], color, outputs=4, radius=1)


def _hamilton_adams(step: Step, raw: int, color: Coefficients) -> tuple[int, ...]:
    (peaks,) = step(Op.HAMILTON_PEAK, [raw], outputs=1, radius=2)
    green, ties = step(Op.HAMILTON_GREEN, [raw, peaks], outputs=2, radius=2)
    return step(Op.HAMILTON_COLORS, [raw, green, ties], color, outputs=4, radius=1)


def _ahd(step: Step, stage: AhdStage, raw: int, color: Coefficients) -> tuple[int, ...]:
    def white_is_one() -> Tensor:
        to_xyz = stage.to_xyz.double()
        return (to_xyz / to_xyz.sum(-1, keepdim=True)).reshape(-1)

    pictures: list[int] = []
    labs: list[int] = []
    for green in step(Op.AHD_GREEN, [raw], outputs=2, radius=2):
        red, blue = step(Op.AHD_SIDES, [raw, green], outputs=2, radius=1)
        pictures += [red, blue, green]
        labs += step(Op.AHD_LAB, [red, green, blue], white_is_one, outputs=3)
    counts = step(Op.AHD_COUNT, labs, outputs=1, radius=1)
    return step(Op.AHD_CHOOSE, [*counts, *pictures], color, outputs=4, radius=1)
