"""Defect pixels: found in each picture, or known beforehand."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from camsim.isp.defect_pixel_correction.dynamic import DynamicDefectPixels, defect_pixels_dynamic
from camsim.isp.defect_pixel_correction.map import MappedDefectPixels, defect_pixels_map

DefectPixels = Annotated[DynamicDefectPixels | MappedDefectPixels, Field(discriminator="method")]

__all__ = [
    "DefectPixels",
    "DynamicDefectPixels",
    "MappedDefectPixels",
    "defect_pixels_dynamic",
    "defect_pixels_map",
]
