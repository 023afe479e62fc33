"""The ways of demosaicing a Bayer mosaic, for the tests that all of them pass and those of each."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from camsim.cfa import BAYER, Bayer
from camsim.isp import (
    demosaic_ahd,
    demosaic_bilinear,
    demosaic_hamilton_adams,
    demosaic_malvar2004,
    demosaic_menon2007,
)
from camsim.isp.demosaic.ahd import SRGB_TO_XYZ

Method = Callable[[Tensor, Bayer], Tensor]


def ahd(raw: Tensor, cfa: Bayer) -> Tensor:
    return demosaic_ahd(raw, cfa, torch.tensor(SRGB_TO_XYZ, dtype=raw.dtype))


LINEAR: dict[str, Method] = {"bilinear": demosaic_bilinear, "malvar2004": demosaic_malvar2004}
DIRECTIONAL: dict[str, Method] = {
    "menon2007": demosaic_menon2007,
    "hamilton_adams": demosaic_hamilton_adams,
    "ahd": ahd,
}
METHODS = LINEAR | DIRECTIONAL

each_phase = pytest.mark.parametrize("cfa", BAYER)
