"""Encodings from linear light to display values."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from camsim.isp.gamma.bt709 import Bt709Gamma, gamma_bt709
from camsim.isp.gamma.curve import CurveGamma, gamma_curve
from camsim.isp.gamma.power import PowerGamma, gamma_power
from camsim.isp.gamma.srgb import SrgbGamma, gamma_srgb

Gamma = Annotated[PowerGamma | SrgbGamma | Bt709Gamma | CurveGamma, Field(discriminator="encoding")]

__all__ = [
    "Bt709Gamma",
    "CurveGamma",
    "Gamma",
    "PowerGamma",
    "SrgbGamma",
    "gamma_bt709",
    "gamma_curve",
    "gamma_power",
    "gamma_srgb",
]
