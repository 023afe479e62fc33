"""The numbers of curves: see camsim.kernels.rows.curve."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from camsim.isp.gamma.bt709 import Bt709GammaStage
from camsim.isp.gamma.curve import CurveGammaStage
from camsim.isp.luma import LUMA
from camsim.isp.lut3d import Lut3dStage
from camsim.isp.tone.aces import AcesToneStage
from camsim.isp.tone.filmic import FilmicToneStage
from camsim.isp.tone.hable import (
    ANGLE,
    DENOMINATOR,
    LINEAR,
    NUMERATOR,
    SHOULDER,
    TOE,
    HableToneStage,
    hable_curve,
)
from camsim.isp.tone.reinhard import LUMINANCE, ReinhardToneStage
from camsim.isp.tone.spline import SplineToneStage, slopes_at
from camsim.kernels.program import BY_LUMINANCE, NO_LIMIT, TETRAHEDRAL, Op
from camsim.lowering.coefficients import Coefficients, numbers
from camsim.lowering.lowering import LoweringError
from camsim.spec import Stage

MAX_ENTRIES = 33
"""Along a side of a table of colours: its numbers lie there anew for each of several settings."""


class Curve(NamedTuple):
    """A row operation that is a curve."""

    op: Op
    setting: int
    numbers: Coefficients
    """What follows the limits and the weights of the luma."""


def limits_and_luma(low: float, high: float, curve: Coefficients) -> Coefficients:
    """All numbers of a curve."""
    return lambda: torch.cat([numbers(low, high, *LUMA), curve()])


def curve_of(stage: Stage) -> Curve:
    """A stage as a curve.

    Raises:
        NotImplementedError: it is none.
    """
    match stage:
        case ReinhardToneStage():
            return Curve(Op.RATIONAL, BY_LUMINANCE if stage.channels == "luminance" else 0, _reinhard(stage))
        case AcesToneStage():
            return Curve(Op.RATIONAL, 0, lambda: _rational(stage.exposure, numbers(2.51, 0.03, 2.43, 0.59, 0.14)))
        case FilmicToneStage():
            filmic = (6.2, 0.5, 6.2, 1.7, 0.06)
            return Curve(Op.RATIONAL, 0, lambda: _rational(stage.exposure, numbers(*filmic), -0.004, 0))
        case HableToneStage():
            return Curve(Op.RATIONAL, 0, _hable(stage))
        case SplineToneStage():
            return Curve(Op.CUBICS, len(stage.x) + 1, _spline(stage))
        case CurveGammaStage():
            return Curve(Op.SAMPLES, len(stage.samples) - 1, lambda: stage.samples.double())
        case Bt709GammaStage():
            return Curve(Op.BT709, 0, lambda: numbers())
    raise NotImplementedError


def _rational(exposure: Tensor, ratio: Tensor, offset: float = 0, floor: float = -NO_LIMIT) -> Tensor:
    return torch.cat([exposure.double().reshape(1), numbers(offset, floor), ratio, numbers(*LUMINANCE)])


def _reinhard(stage: ReinhardToneStage) -> Coefficients:
    def made() -> Tensor:
        ratio = torch.cat([1 / stage.white.double().square().reshape(1), numbers(1, 0, 1, 1)])
        return _rational(stage.exposure, ratio)

    return made


def _hable(stage: HableToneStage) -> Coefficients:
    """With E / F taken from the fraction, which leaves nothing to cancel near black."""
    above, below = (
        numbers(SHOULDER, ANGLE * LINEAR) - NUMERATOR / DENOMINATOR * numbers(SHOULDER, LINEAR),
        numbers(SHOULDER, LINEAR, TOE * DENOMINATOR),
    )

    def made() -> Tensor:
        return _rational(stage.exposure, torch.cat([above / hable_curve(stage.white.double()), below]))

    return made


def _spline(stage: SplineToneStage) -> Coefficients:
    """Each piece between two points as a cubic, and beyond them what goes on straight."""

    def made() -> Tensor:
        x, y = stage.x.double(), stage.y.double()
        step = x.diff()
        chord = y.diff() / step
        slope = slopes_at(step, chord)
        before, after, nothing = slope[:-1], slope[1:], torch.zeros_like(x[:1])
        bend, twist = (3 * chord - 2 * before - after) / step, (before - 2 * chord + after) / step**2
        first, last = (torch.stack([x[end], y[end], slope[end]]) for end in (0, -1))
        straight = torch.cat([nothing, nothing])
        pieces = torch.stack([x[:-1], y[:-1], before, bend, twist], dim=-1)
        return torch.cat([first, straight, pieces.reshape(-1), last, straight])

    return made


def table_of_colors(stage: Lut3dStage) -> tuple[tuple[int, int], Coefficients]:
    """Settings and numbers of a table of colours.

    Raises:
        LoweringError: it is too large.
    """
    size = stage.table.shape[0]
    if size > MAX_ENTRIES:
        raise LoweringError(
            f"a table of {size} entries along a side has no fused form, at most {MAX_ENTRIES} have; use fused=False"
        )

    def made() -> Tensor:
        low, high = stage.low.double(), stage.high.double()
        entries = stage.table.double().reshape(-1)
        return torch.cat([low, (size - 1) / (high - low), stage.strength.double().reshape(1), entries])

    return (size, TETRAHEDRAL if stage.interpolation == "tetrahedral" else 0), made
