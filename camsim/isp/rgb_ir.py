"""RGB-IR: take the infrared out of the colours, and make a Bayer mosaic of what is left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from camsim.cfa import RawFormat, cell, phases, shifted, spread
from camsim.isp.cokriging import Gains, estimate, site_gains, weights
from camsim.spec import Domain, Form, Quantity, Range, Stage, StageSpec, Triple

_INFRARED_RADIUS = 2
_RADIUS = 4


def rgb_ir(mosaic: Tensor, cfa: str, crosstalk: Tensor, balance: Tensor) -> Tensor:
    """Subtract from each colour its share of the infrared, then estimate the colours of a Bayer mosaic.

    R' = R - x_R · IR, and so on, with IR interpolated from the infrared pixels; then `camsim.isp.cokriging` for those
    pixels of a Bayer mosaic that were not measured: all of red, in whose place infrared is, and half of blue, which
    shares its places with red.

    Args:
        mosaic: (B, 1, H, W), any range; at least 4x4.
        cfa: RGB-IR at any of its phases.
        crosstalk: (3,) x: how much R, G and B see of what an infrared pixel sees.
        balance: (3,) gains that make a grey scene grey; see `Gains`.

    Returns:
        (B, 1, H, W) of `without_infrared`'s CFA; linear in the mosaic. Border: `camsim.border.cell_pad`. Source of the
        subtraction: OmniVision, "RGB-Ir technology: FAQs"; of going to Bayer: US patent 12207003 (C. Braniff, 2025).
    """
    rows, target = cell(cfa), cell(without_infrared(cfa))
    height, width = mosaic.shape[-2:]
    infrared = estimate(mosaic, rows, weights(rows, ("I",) * 16, _INFRARED_RADIUS, samples="I"))
    none = torch.zeros_like(crosstalk[0])
    shares = torch.stack([torch.stack([none if s == "I" else crosstalk["RGB".index(s)] for s in row]) for row in rows])
    colors = mosaic - spread(shares, height, width) * infrared
    wanted = tuple(target[y % 2][x % 2] for y in range(4) for x in range(4))
    made = estimate(colors * site_gains(rows, balance, height, width), rows, weights(rows, wanted, _RADIUS))
    return made / site_gains(target, balance, height, width)


def without_infrared(cfa: str) -> str:
    """The Bayer CFA whose greens are those of an RGB-IR one: RGB-IR -> RGGB."""
    _, *cut = cfa.split("+")
    down, right = map(int, cut or (0, 0))
    return shifted("RGGB", down, right)


class RgbIr(StageSpec):
    """``{kind: rgb_ir, crosstalk: [0.9, 0.5, 0.6], balance: [2.0, 1.0, 1.6]}``: of a sensor with ``cfa: RGB-IR``.

    ``crosstalk``: how much R, G and B see of what an infrared pixel sees. ``balance``: about the gains of the white
    balance that follows; left out, 1 for all.
    """

    takes: ClassVar[frozenset[Domain]] = frozenset({"mosaic"})
    gives: ClassVar[Domain | None] = "mosaic"
    cfas: ClassVar[frozenset[str] | None] = phases("RGB-IR")
    form: ClassVar[Form] = "affine"

    kind: Literal["rgb_ir"] = "rgb_ir"
    crosstalk: Annotated[Triple, Quantity("1", 0, 10, Range(relative=0.1))]
    balance: Gains = (1.0, 1.0, 1.0)

    @property
    def reach(self) -> int:
        return _INFRARED_RADIUS + _RADIUS

    def response_before(self, rows: Mapping[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
        if "I" not in rows:  # a sensor without infrared pixels, which is refused elsewhere
            return dict(rows)
        shares = zip("RGB", self.crosstalk, strict=True)
        return {**rows} | {color: rows[color] + share * rows["I"] for color, share in shares}

    def gives_format(self, raw: RawFormat) -> RawFormat:
        return replace(raw, cfa=without_infrared(raw.cfa))

    def build(self, raw: RawFormat) -> Stage:
        return RgbIrStage(self, raw)


class RgbIrStage(Stage):
    """See `rgb_ir`; knob ``crosstalk``."""

    crosstalk: Tensor
    balance: Tensor

    def __init__(self, spec: RgbIr, raw: RawFormat) -> None:
        super().__init__(spec)
        self.cfa = raw.cfa
        self.register_buffer("balance", torch.tensor(spec.balance, dtype=torch.float64))

    def forward(self, image: Tensor) -> Tensor:
        return rgb_ir(image, self.cfa, self.crosstalk, self.balance)
