"""Demosaic of Fujifilm's X-Trans: interpolate along four directions, and trust those along which little changes."""

from __future__ import annotations

from functools import lru_cache
from typing import ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from camsim.border import mirror_pad
from camsim.cfa import RawFormat, cell, phases
from camsim.isp.cokriging import Gains, estimate, site_gains, weights
from camsim.isp.kernel_path import cell_edges, takes_kernel, tile_rows
from camsim.kernels.memory import empty
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
    balanced = mosaic * site_gains(rows, balance, mosaic.shape[-2], mosaic.shape[-1])
    estimates = torch.unflatten(estimate(balanced, rows, np.concatenate(_banks(rows))), -3, (len(_DIRECTIONS), 3))
    costs = _unevenness(estimates)
    shares = (costs.amin(dim=-3, keepdim=True) / costs) ** 2  # relative to the best, so that nothing overflows
    shares = (shares / shares.sum(dim=-3, keepdim=True)).unsqueeze(-3)
    blend: Tensor = (shares * estimates).sum(dim=-4)
    return blend / balance[:, None, None]


def _banks(rows: tuple[str, ...]) -> list[NDArray[np.float64]]:
    """For each direction the weights of the samples for R, G and B: (3, 36, 7, 7)."""
    everywhere = ("RGB",) * len(rows) ** 2
    return [weights(rows, everywhere, _RADIUS, along=(degrees, _ALONG)) for degrees, _ in _DIRECTIONS]


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


def _by_kernel(mosaic: Tensor, cfa: str, balance: Tensor) -> Tensor:
    """`demosaic_x_trans` of float32 on the CPU, in a fifteenth of the time and without a gradient; at least 6x6."""
    from camsim.kernels import x_trans as kernel
    from camsim.kernels.threads import run_tiles

    count, _, height, width = mosaic.shape
    bank, measured = _packed(cfa)
    scales = balance.detach().numpy()
    gains = np.concatenate([scales[measured].reshape(-1), 1 / scales])
    edges = cell_edges(cfa, height, width, _RADIUS)
    wide = width if width <= kernel.WIDEST else kernel.TILE_WIDTH
    columns = count * -(-width // wide)
    tall = tile_rows(height, columns)
    source, out = mosaic.contiguous(), empty((count, 3, height, width), torch.float32, mosaic.device)
    tables = (edges.ctypes.data, bank.ctypes.data, measured.ctypes.data, gains.ctypes.data)
    arguments = (source.data_ptr(), height, width, tall, wide, *tables, out.data_ptr())
    run_tiles(lambda first, last: kernel.run(first, last, *arguments), columns * -(-height // tall))
    return out


@lru_cache(maxsize=36)
def _packed(cfa: str) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Weights of the colours that a place of the cell does not measure, (36, 49, 4, 2), and the one it does, (6, 6)."""
    rows = cell(cfa)
    measured = np.array([["RGB".index(letter) for letter in row] for row in rows])
    bank = np.stack(_banks(rows), axis=-1).reshape(3, measured.size, -1, len(_DIRECTIONS))
    missing = np.stack([np.delete(bank[:, place], own, axis=0) for place, own in enumerate(measured.flat)])
    return np.ascontiguousarray(np.moveaxis(missing, 1, -1), np.float32), measured


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
    """See `demosaic_x_trans`; no knobs.

    It has a kernel of its own and is no row operation of the fused path, whose tiles begin anywhere in a 6x6 cell and
    whose mosaics are mirrored about the edge pixel.
    """

    balance: Tensor

    def __init__(self, spec: XTrans, raw: RawFormat) -> None:
        super().__init__(spec)
        self.cfa = raw.cfa
        self.register_buffer("balance", torch.tensor(spec.balance, dtype=torch.float64))

    def forward(self, image: Tensor) -> Tensor:
        if takes_kernel(image, self.balance) and min(image.shape[-2:]) >= len(cell(self.cfa)):
            return _by_kernel(image, self.cfa, self.balance)
        return demosaic_x_trans(image, self.cfa, self.balance)
