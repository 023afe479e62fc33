"""Lens shading correction: brighter towards the corners, to undo what lens and pixels take away there."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from camsim.isp.lens_shading.grid import GridLensShading, lens_shading_grid
from camsim.isp.lens_shading.radial import RadialLensShading, lens_shading_radial

LensShading = Annotated[GridLensShading | RadialLensShading, Field(discriminator="method")]

__all__ = ["GridLensShading", "LensShading", "RadialLensShading", "lens_shading_grid", "lens_shading_radial"]
