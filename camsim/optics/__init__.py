"""The optics: from the scene to the light on the sensor, one effect a file, in the order in which they act."""

from __future__ import annotations

from camsim.optics.chromatic_aberration import ChromaticAberration
from camsim.optics.defocus import defocus_otf, defocus_waves
from camsim.optics.diffraction import diffraction_mtf
from camsim.optics.distortion import Distortion, distort, undistort
from camsim.optics.gaussian import gaussian_mtf
from camsim.optics.glare import Glare, halo_mtf, veil
from camsim.optics.motion import Motion, motion_mtf
from camsim.optics.optics import EFFECTS, Optics, OpticsModule
from camsim.optics.pixel_aperture import pixel_aperture_mtf
from camsim.optics.psf import PointSpread
from camsim.optics.vignetting import Cos4Vignetting, PolynomialVignetting, Vignetting, cos4_falloff, polynomial_falloff

__all__ = [
    "EFFECTS",
    "ChromaticAberration",
    "Cos4Vignetting",
    "Distortion",
    "Glare",
    "Motion",
    "Optics",
    "OpticsModule",
    "PointSpread",
    "PolynomialVignetting",
    "Vignetting",
    "cos4_falloff",
    "defocus_otf",
    "defocus_waves",
    "diffraction_mtf",
    "distort",
    "gaussian_mtf",
    "halo_mtf",
    "motion_mtf",
    "pixel_aperture_mtf",
    "polynomial_falloff",
    "undistort",
    "veil",
]
