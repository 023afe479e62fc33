"""Remosaic: from a quad-Bayer mosaic to a Bayer mosaic of the same size, so that any Bayer demosaic can follow."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import ClassVar, Literal

import torch
from torch import Tensor

from camsim.cfa import RawFormat, cell, phases, shifted
from camsim.isp.cell_filter import CellFilter, balanced, filter_cells, packed
from camsim.isp.cokriging import Gains, estimate, site_gains, weights
from camsim.isp.kernel_path import takes_kernel
from camsim.spec import Domain, Form, Stage, StageSpec

_RADIUS = 4
_QUADS = phases("quad-RGGB")


def quad_remosaic(mosaic: Tensor, cfa: str, balance: Tensor) -> Tensor:
    """What a Bayer sensor of the same pixels would have seen, by linear estimation from the samples of a 9x9 window.

    Where the pixel's own colour is the wanted one, at 3 of 8 pixels, it is kept; elsewhere it is estimated by
    `camsim.isp.cokriging`. Detail is finer than binned and coarser than a Bayer sensor's. Makers' remosaics are secret.

    Args:
        mosaic: (B, 1, H, W), any range; at least 4x4.
        cfa: a quad-Bayer CFA.
        balance: (3,) gains that make a grey scene grey; see `Gains`.

    Returns:
        (B, 1, H, W) of `remosaiced`'s CFA; linear in the mosaic. Border: `camsim.border.cell_pad`.
    """
    rows, target = cell(cfa), cell(remosaiced(cfa))
    height, width = mosaic.shape[-2:]
    made = estimate(mosaic * site_gains(rows, balance, height, width), rows, weights(rows, _wanted(target), _RADIUS))
    return made / site_gains(target, balance, height, width)


def _wanted(target: tuple[str, ...]) -> tuple[str, ...]:
    """What each place of the cell is to become."""
    return tuple(target[y % 2][x % 2] for y in range(4) for x in range(4))


def _by_kernel(mosaic: Tensor, cfa: str, balance: Tensor) -> Tensor:
    """`quad_remosaic` of float32 on the CPU, without a gradient; at least 4x4."""
    return filter_cells(mosaic, cfa, _filter(cfa, tuple(balance.tolist())))


@lru_cache(maxsize=64)
def _filter(cfa: str, balance: tuple[float, ...]) -> CellFilter:
    target = cell(remosaiced(cfa))
    return packed(balanced(cell(cfa), target, weights(cell(cfa), _wanted(target), _RADIUS)[0], balance))


def remosaiced(cfa: str) -> str:
    """The Bayer CFA whose doubled sites are those of a quad-Bayer one: quad-RGGB -> RGGB."""
    name, *cut = cfa.split("+")
    down, right = map(int, cut or (0, 0))
    return shifted(name.removeprefix("quad-"), down, right)


class QuadRemosaic(StageSpec):
    """``{kind: quad_remosaic, balance: [2.0, 1.0, 1.6]}``: a quad-Bayer mosaic becomes a Bayer one of the same size.

    ``balance``: about the gains of the white balance that follows; left out, 1 for all.
    """

    takes: ClassVar[frozenset[Domain]] = frozenset({"mosaic"})
    gives: ClassVar[Domain | None] = "mosaic"
    cfas: ClassVar[frozenset[str] | None] = _QUADS
    form: ClassVar[Form] = "affine"

    kind: Literal["quad_remosaic"] = "quad_remosaic"
    balance: Gains = (1.0, 1.0, 1.0)

    @property
    def reach(self) -> int:
        return _RADIUS

    def gives_format(self, raw: RawFormat) -> RawFormat:
        return replace(raw, cfa=remosaiced(raw.cfa))

    def build(self, raw: RawFormat) -> Stage:
        return QuadRemosaicStage(self, raw)


class QuadRemosaicStage(Stage):
    """See `quad_remosaic`; no knobs."""

    balance: Tensor

    def __init__(self, spec: QuadRemosaic, raw: RawFormat) -> None:
        super().__init__(spec)
        self.cfa = raw.cfa
        self.register_buffer("balance", torch.tensor(spec.balance, dtype=torch.float64))

    def forward(self, image: Tensor) -> Tensor:
        if takes_kernel(image, self.balance) and min(image.shape[-2:]) >= len(cell(self.cfa)):
            return _by_kernel(image, self.cfa, self.balance)
        return quad_remosaic(image, self.cfa, self.balance)
