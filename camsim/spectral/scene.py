"""Scenes made of spectra: the exact way past the 3x3 response."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from camsim.spectral.grid import FIRST, LAST, STEP, WAVELENGTHS
from camsim.spectral.illuminant import spectrum
from camsim.spectral.light import camera_weights
from camsim.spectral.response import SpectralResponse, curves, fit_response

COVERED = (400.0, 700.0)
"""nm that a cube must span; beyond its ends its outermost bands go on."""


def camera_rgb(cube: Tensor, weights: Tensor) -> Tensor:
    """What a camera's filters make of spectra at every pixel: out = Wᵀ · spectrum.

    Args:
        cube: (B, L, H, W) one picture for each of L wavelengths.
        weights: (L, 3) what red, green and blue see of each.

    Returns:
        (B, 3, H, W) camera RGB before white balance.
    """
    return torch.einsum("lc,blhw->bchw", weights, cube)


def cube_weights(
    wavelengths: Sequence[float], response: SpectralResponse, *, radiance: bool = False
) -> NDArray[np.float64]:
    """(L, 3): what the camera sees of each band of a cube; between its bands a spectrum is taken to be straight.

    Args:
        wavelengths: (L,) nm, increasing, from 400 or less to 700 or more.
        response: the camera and the light.
        radiance: what the cube holds; see `spectral_scene`.

    Raises:
        ValueError: wavelengths that do not increase or do not reach far enough.
    """
    bands = np.asarray(wavelengths, dtype=np.float64)
    if bands.ndim != 1 or len(bands) < 2 or not np.all(np.diff(bands) > 0):
        raise ValueError("wavelengths must be at least two increasing numbers, in nm")
    if bands[0] > COVERED[0] or bands[-1] < COVERED[1]:
        raise ValueError(
            f"wavelengths must reach from {COVERED[0]:g} to {COVERED[1]:g} nm, got {bands[0]:g} to {bands[-1]:g}"
        )
    light = spectrum(response.illuminant)
    weights = camera_weights(curves(response), light)
    if radiance:
        weights = weights / light[:, None] * (_luminance(light) * STEP)
    shares = np.stack([np.interp(WAVELENGTHS, bands, one) for one in np.eye(len(bands))])
    return shares @ weights


def spectral_scene(
    cube: Tensor, wavelengths: Sequence[float], response: SpectralResponse, *, radiance: bool = False
) -> Tensor:
    """The linear sRGB scene of which a camera of this response sees exactly what it would see of the spectra.

    ``camera.capture(spectral_scene(cube, wavelengths, camera.profile.sensor.response))`` is then free of the error of
    the 3x3 fit: the scene is the camera's own RGB through the inverse of its matrix. For another camera, make it anew.

    Args:
        cube: (B, L, H, W) floats: reflectance, 1 = perfect white, lit by the response's illuminant; or radiance.
        wavelengths: (L,) nm of its bands.
        response: a profile's spectral response.
        radiance: the cube holds spectral radiance per nm, light included, in units in which the integral of radiance
            times the luminosity function is 1 for what is to be the scene's white; the response's illuminant then
            only says what white is.

    Returns:
        (B, 3, H, W), differentiable in the cube. Values may be negative: such colours lie outside sRGB.

    Raises:
        ValueError: a cube of another shape, or see `cube_weights`.
    """
    if cube.ndim != 4 or cube.shape[1] != len(wavelengths) or not cube.is_floating_point():
        raise ValueError(f"cube needs floats of shape (B, {len(wavelengths)}, H, W), got {tuple(cube.shape)}")
    weights = cube_weights(wavelengths, response, radiance=radiance)
    back = np.linalg.inv(np.array(fit_response(response).matrix))
    return camera_rgb(cube, torch.from_numpy(weights @ back.T).to(cube))


def _luminance(light: NDArray[np.float64]) -> float:
    """Sum over the grid of the light times the luminosity function."""
    import colour

    observer = colour.MSDS_CMFS["CIE 1931 2 Degree Standard Observer"].copy()
    return float(np.asarray(observer.align(colour.SpectralShape(FIRST, LAST, STEP)).values)[:, 1] @ light)
