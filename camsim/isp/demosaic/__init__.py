"""Demosaic methods: one value a pixel to camera RGB."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from camsim.isp.demosaic.bilinear import Bilinear, demosaic_bilinear
from camsim.isp.demosaic.malvar2004 import Malvar2004, demosaic_malvar2004
from camsim.isp.demosaic.menon2007 import Menon2007, demosaic_menon2007

Demosaic = Annotated[Bilinear | Malvar2004 | Menon2007, Field(discriminator="method")]

__all__ = [
    "Bilinear",
    "Demosaic",
    "Malvar2004",
    "Menon2007",
    "demosaic_bilinear",
    "demosaic_malvar2004",
    "demosaic_menon2007",
]
