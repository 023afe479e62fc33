"""Demosaic of Fujifilm's X-Trans: interpolate along four directions, and trust those along which little changes."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from camsim.border import mirror_pad
from camsim.cfa import RawFormat, cell, phases
from camsim.isp.cokriging import Gains, estimate, site_gains, weights
from camsim.spec import Domain, Form, Stage, StageSpec

_RADIUS = 3
_DIRECTIONS = ((0, (0, 1)), (90, (1, 0)), (45, (1, 1)), (135, (1, -1)))
"""Degrees from the row, and the next pixel there: rows down, columns to the right."""
_ALONG = 0.25
"""Share of distances along a direction that counts, in the statistics behind its estimate."""
_BRIGHTNESS = 0.3
"""Weight of differences of brightness beside those of colour."""
_BOX = 5
_EVEN = 1e-6
"""Mean square of differences below which directions count as equally even."""


def demosaic_x_trans(mosaic: Tensor, cfa: str, balance: Tensor) -> Tensor:
    """Four directional estimates, blended by how little the picture changes along each direction.

    Each estimate is linear (`camsim.isp.cokriging`), for pictures whose structures run along that direction. Its cost
    is the mean over 5x5 px of the squared differences of R - G, B - G and, with a weight, of the brightness between
    neighbours along the direction, per distance; it has the weight 1 / cost^2. That is the decision after the fact of
    Menon et al. (2007) and the four directions of F. Markesteijn's method for this array (dcraw), made smooth.

    Args:
        mosaic: (B, 1, H, W), 1 at white; at least 6x6.
        cfa: ``x-trans`` or one of its other phases.
        balance: (3,) gains that make a grey scene grey: colours are interpolated as they are after them, and given back
            as they are before. Without about the right ones, colour edges show at every edge.

    Returns:
        (B, 3, H, W) camera RGB; measured values are kept. Differentiable everywhere. Border: `camsim.border.cell_pad`
        for the estimates, mirror without the edge pixel for the costs.
    """
    rows = cell(cfa)
    everywhere = ("RGB",) * len(rows) ** 2
    balanced = mosaic * site_gains(rows, balance, mosaic.shape[-2], mosaic.shape[-1])
    banks = [weights(rows, everywhere, _RADIUS, along=(degrees, _ALONG)) for degrees, _ in _DIRECTIONS]
    estimates = torch.unflatten(estimate(balanced, rows, np.concatenate(banks)), -3, (len(_DIRECTIONS), 3))
    costs = _unevenness(estimates)
    shares = (costs.amin(dim=-3, keepdim=True) / costs) ** 2  # relative to the best, so that nothing overflows
    shares = (shares / shares.sum(dim=-3, keepdim=True)).unsqueeze(-3)
    blend: Tensor = (shares * estimates).sum(dim=-4)
    return blend / balance[:, None, None]


def _unevenness(estimates: Tensor) -> Tensor:
    """(B, directions, 3, H, W) -> (B, directions, H, W): cost of each estimate along its direction."""
    red, green, blue = estimates.unbind(dim=-3)
    brightness = _BRIGHTNESS / 3 * (red + green + blue)
    values = torch.cat([red - green, blue - green, brightness], dim=-3)
    around = torch.unflatten(mirror_pad(values, 1), -3, (3, len(_DIRECTIONS)))
    height, width = values.shape[-2:]
    costs = []
    for number, (_, (down, right)) in enumerate(_DIRECTIONS):
        own = around[..., number, :, :]
        centre, ahead, behind = (
            own[..., 1 + y : 1 + y + height, 1 + x : 1 + x + width] for y, x in ((0, 0), (down, right), (-down, -right))
        )
        squares = (centre - ahead).square() + (centre - behind).square()
        costs.append(squares.sum(dim=-3) / (down**2 + right**2))
    return F.avg_pool2d(mirror_pad(torch.stack(costs, dim=-3), _BOX // 2), _BOX, 1) + _EVEN


class XTrans(StageSpec):
    """``{kind: demosaic, method: x_trans, balance: [2.0, 1.0, 1.6]}``: of a sensor with ``cfa: x-trans``.

    ``balance``: about the gains of the white balance that follows; left out, 1 for all. It changes how colours are
    interpolated, not how they come out where the picture is even.
    """

    takes: ClassVar[frozenset[Domain]] = frozenset({"mosaic"})
    gives: ClassVar[Domain | None] = "linear"
    cfas: ClassVar[frozenset[str] | None] = phases("x-trans")
    form: ClassVar[Form] = "local"

    kind: Literal["demosaic"] = "demosaic"
    method: Literal["x_trans"] = "x_trans"
    balance: Gains = (1.0, 1.0, 1.0)

    @property
    def reach(self) -> int:
        return _RADIUS + 1 + _BOX // 2

    def build(self, raw: RawFormat) -> Stage:
        return XTransStage(self, raw)


class XTransStage(Stage):
    """See `demosaic_x_trans`; no knobs."""

    balance: Tensor

    def __init__(self, spec: XTrans, raw: RawFormat) -> None:
        super().__init__(spec)
        self.cfa = raw.cfa
        self.register_buffer("balance", torch.tensor(spec.balance, dtype=torch.float64))

    def forward(self, image: Tensor) -> Tensor:
        return demosaic_x_trans(image, self.cfa, self.balance)
