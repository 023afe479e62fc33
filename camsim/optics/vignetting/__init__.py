"""Vignetting: the picture darkens towards its corners. One law a file."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from camsim.optics.vignetting.cos4 import Cos4Vignetting, cos4_falloff
from camsim.optics.vignetting.polynomial import PolynomialVignetting, polynomial_falloff

Vignetting = Annotated[Cos4Vignetting | PolynomialVignetting, Field(discriminator="kind")]

__all__ = ["Cos4Vignetting", "PolynomialVignetting", "Vignetting", "cos4_falloff", "polynomial_falloff"]
