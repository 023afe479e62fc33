"""Encodings from linear light to display values."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from camsim.isp.gamma.power import PowerGamma, gamma_power
from camsim.isp.gamma.srgb import SrgbGamma, gamma_srgb

Gamma = Annotated[PowerGamma | SrgbGamma, Field(discriminator="encoding")]

__all__ = ["Gamma", "PowerGamma", "SrgbGamma", "gamma_power", "gamma_srgb"]
