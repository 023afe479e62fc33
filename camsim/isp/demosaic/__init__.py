"""Demosaic methods: one value a pixel to camera RGB."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from camsim.isp.demosaic.ahd import Ahd, demosaic_ahd
from camsim.isp.demosaic.bilinear import Bilinear, demosaic_bilinear
from camsim.isp.demosaic.half_size import HalfSize, demosaic_half_size
from camsim.isp.demosaic.hamilton_adams import HamiltonAdams, demosaic_hamilton_adams
from camsim.isp.demosaic.malvar2004 import Malvar2004, demosaic_malvar2004
from camsim.isp.demosaic.menon2007 import Menon2007, demosaic_menon2007
from camsim.isp.demosaic.mono import Mono, demosaic_mono
from camsim.isp.demosaic.rccb import Rccb, demosaic_rccb
from camsim.isp.demosaic.x_trans import XTrans, demosaic_x_trans

Demosaic = Annotated[
    Ahd | Bilinear | HalfSize | HamiltonAdams | Malvar2004 | Menon2007 | Mono | Rccb | XTrans,
    Field(discriminator="method"),
]

__all__ = [
    "Ahd",
    "Bilinear",
    "Demosaic",
    "HalfSize",
    "HamiltonAdams",
    "Malvar2004",
    "Menon2007",
    "Mono",
    "Rccb",
    "XTrans",
    "demosaic_ahd",
    "demosaic_bilinear",
    "demosaic_half_size",
    "demosaic_hamilton_adams",
    "demosaic_malvar2004",
    "demosaic_menon2007",
    "demosaic_mono",
    "demosaic_rccb",
    "demosaic_x_trans",
]
