"""Demosaic of red, clear, clear, blue: pixels without a filter in the place of green, for low light."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import model_validator
from torch import Tensor

from camsim.cfa import RawFormat, bayer, phases
from camsim.isp.demosaic.malvar2004 import demosaic_malvar2004
from camsim.spec import Domain, Form, Quantity, Range, Stage, StageSpec, Triple

_LEAST_GREEN = 1e-3


def demosaic_rccb(mosaic: Tensor, cfa: str, clear: Tensor) -> Tensor:
    """Interpolate R, C and B as a Bayer mosaic with C as its green; green is then what red and blue leave of C.

    C and the two others are interpolated by `demosaic_malvar2004`; G = (C - c_r R - c_b B) / c_g.

    Args:
        mosaic: (B, 1, H, W), any range.
        cfa: RCCB, BCCR, CRBC or CBRC.
        clear: (3,) c: how much of camera R, G and B a clear pixel sees.

    Returns:
        (B, 3, H, W) camera RGB; linear in the mosaic. Border: mirror without the edge pixel. Green is a difference, and
        so noisier than C. It is exact where clear pixels see what ``clear`` says; no published method is followed.
    """
    interpolated = demosaic_malvar2004(mosaic, bayer(cfa.replace("C", "G")))
    red, white, blue = torch.split(interpolated, 1, dim=-3)
    return torch.cat([red, (white - clear[0] * red - clear[2] * blue) / clear[1], blue], dim=-3)


class Rccb(StageSpec):
    """``{kind: demosaic, method: rccb, clear: [0.3, 0.5, 0.2]}``: of a sensor with ``cfa: RCCB``.

    ``clear``: how much of camera R, G and B a clear pixel sees.
    """

    takes: ClassVar[frozenset[Domain]] = frozenset({"mosaic"})
    gives: ClassVar[Domain | None] = "linear"
    cfas: ClassVar[frozenset[str] | None] = phases("RCCB")
    form: ClassVar[Form] = "affine"

    kind: Literal["demosaic"] = "demosaic"
    method: Literal["rccb"] = "rccb"
    clear: Annotated[Triple, Quantity("1", -10, 10, Range(absolute=0.03))]

    @model_validator(mode="after")
    def _has_green(self) -> Self:
        if self.clear[1] < _LEAST_GREEN:
            raise ValueError(f"clear[1], green's part, must be at least {_LEAST_GREEN:g}, got {self.clear[1]:g}")
        return self

    @property
    def reach(self) -> int:
        return 2

    def response_before(self, rows: Mapping[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
        parts = zip(self.clear, "RGB", strict=True)
        return {**rows, "C": np.sum([part * rows[color] for part, color in parts], axis=0)}

    def build(self, raw: RawFormat) -> Stage:
        return RccbStage(self, raw)


class RccbStage(Stage):
    """See `demosaic_rccb`; knob ``clear``."""

    clear: Tensor

    def __init__(self, spec: Rccb, raw: RawFormat) -> None:
        super().__init__(spec)
        self.cfa = raw.cfa

    def forward(self, image: Tensor) -> Tensor:
        return demosaic_rccb(image, self.cfa, self.clear)
