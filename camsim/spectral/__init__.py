"""Light by wavelength: a camera's response from its spectral sensitivities, and scenes made of spectra.

Importing this is quick; what needs colour-science's data imports it when it is called.
"""

from __future__ import annotations

from camsim.spectral.color_fit import fit_color_matrix
from camsim.spectral.grid import WAVELENGTHS
from camsim.spectral.illuminant import Illuminant, Temperature, spectrum
from camsim.spectral.light import camera_weights, eye_weights, reflectances
from camsim.spectral.response import ResponseFit, SpectralResponse, fit_response
from camsim.spectral.scene import camera_rgb, cube_weights, spectral_scene
from camsim.spectral.sensitivities import Sensitivities, SensitivityTable, sensitivity_curves

__all__ = [
    "WAVELENGTHS",
    "Illuminant",
    "ResponseFit",
    "Sensitivities",
    "SensitivityTable",
    "SpectralResponse",
    "Temperature",
    "camera_rgb",
    "camera_weights",
    "cube_weights",
    "eye_weights",
    "fit_color_matrix",
    "fit_response",
    "reflectances",
    "sensitivity_curves",
    "spectral_scene",
    "spectrum",
]
