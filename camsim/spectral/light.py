"""Spectra to what a camera and what an eye make of them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from camsim.spectral.grid import FIRST, LAST, STEP
from camsim.spectral.names import ReflectanceName


def camera_weights(sensitivities: NDArray[np.float64], light: NDArray[np.float64]) -> NDArray[np.float64]:
    """(71, 3): camera RGB = reflectance · these; a perfect white has green 1.

    Args:
        sensitivities: (71, 3) at `WAVELENGTHS`.
        light: (71,) power.
    """
    seen = sensitivities * light[:, None]
    weights: NDArray[np.float64] = seen / seen[:, 1].sum()
    return weights


def eye_weights(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """(71, 3): linear sRGB = reflectance · these, for an eye adapted to the light: a perfect white is (1, 1, 1).

    CIE 1931 2 degree observer; its XYZ are adapted from the light's white to that of sRGB (D65) by Bradford's matrix.
    """
    import colour

    observer = colour.MSDS_CMFS["CIE 1931 2 Degree Standard Observer"].copy()
    seen = np.asarray(observer.align(colour.SpectralShape(FIRST, LAST, STEP)).values) * light[:, None]
    xyz = seen / seen[:, 1].sum()
    space = colour.RGB_COLOURSPACES["sRGB"]
    to_rgb = np.asarray(space.matrix_XYZ_to_RGB)
    white = np.linalg.solve(to_rgb, np.ones(3))
    adapt = colour.adaptation.matrix_chromatic_adaptation_VonKries(xyz.sum(0), white, transform="Bradford")
    weights: NDArray[np.float64] = xyz @ (to_rgb @ np.asarray(adapt)).T
    return weights


@lru_cache(maxsize=8)
def reflectances(name: ReflectanceName) -> NDArray[np.float64]:
    """(N, 71) of the surfaces of a set, at `WAVELENGTHS`; read-only."""
    import colour

    shape = colour.SpectralShape(FIRST, LAST, STEP)
    if name == "CIE 2017":
        from colour.quality.cfi2017 import load_TCS_CIE2017

        values = load_TCS_CIE2017(shape).copy().align(shape).values.T
    else:
        values = np.stack([patch.copy().align(shape).values for patch in colour.SDS_COLOURCHECKERS[name].values()])
    table = np.array(values, dtype=np.float64)
    table.flags.writeable = False
    return table
