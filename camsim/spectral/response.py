"""A camera's response from its spectral sensitivities and the light."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from camsim.spec import Spec, Triple
from camsim.spectral.color_fit import fit_color_matrix
from camsim.spectral.illuminant import Illuminant, spectrum
from camsim.spectral.light import camera_weights, eye_weights, reflectances
from camsim.spectral.names import ReflectanceName
from camsim.spectral.sensitivities import Sensitivities, sensitivity_curves


class SpectralResponse(Spec):
    """``{kind: spectral, sensitivities: Nikon 5100 (NPL), illuminant: D65}``.

    A scene has three numbers a pixel, linear sRGB, not a spectrum. They are taken for what an eye adapted to the light
    sees of a surface, so that white is (1, 1, 1) under every illuminant; the camera's RGB follow from them by the 3x3
    matrix that fits best to a set of measured surfaces (`fit_response`). Of spectra themselves, `spectral_scene` makes
    scenes in which this camera sees exactly what it should.
    """

    kind: Literal["spectral"] = "spectral"
    sensitivities: Sensitivities
    """A camera by its name in colour-science, or a table."""
    illuminant: Illuminant
    """A CIE illuminant by name, or a colour temperature."""
    channel_scale: Annotated[tuple[float, float, float], Field(strict=False)] | None = None
    """Multiplies red, green and blue sensitivities, such as those of a measurement that brought each to a peak of 1."""
    reflectances: ReflectanceName = "CIE 2017"
    """The surfaces that the matrix is fitted to."""


@dataclass(frozen=True)
class ResponseFit:
    """A 3x3 response and how far from it the camera's true colours are."""

    matrix: tuple[Triple, Triple, Triple]
    """Linear sRGB to camera RGB; a white surface has green 1."""
    neutral: Triple
    """Camera RGB of white; 1 / neutral are the gains of a white balance. The matrix is exact there."""
    surfaces: int
    rms: float
    """Of camera RGB over all surfaces and channels, in units of white's green."""
    largest: float

    @property
    def words(self) -> str:
        """One line for people."""
        return (
            f"3x3 fitted to {self.surfaces} surfaces: camera RGB off by {100 * self.rms:.2f} % of white's green rms, "
            f"{100 * self.largest:.2f} % at most; white exact"
        )


def curves(response: SpectralResponse) -> NDArray[np.float64]:
    """(71, 3): the sensitivities of R, G and B, scaled as the response says, relative."""
    scale = (1.0, 1.0, 1.0) if response.channel_scale is None else response.channel_scale
    scaled: NDArray[np.float64] = sensitivity_curves(response.sensitivities) * np.array(scale)
    return scaled


@lru_cache(maxsize=64)
def fit_response(response: SpectralResponse) -> ResponseFit:
    """The matrix from linear sRGB to camera RGB: least squares over the surfaces, exact for white."""
    light = spectrum(response.illuminant)
    surfaces = reflectances(response.reflectances)
    seen, wanted = eye_weights(light), camera_weights(curves(response), light)
    given, exact = surfaces @ seen, surfaces @ wanted
    neutral = wanted.sum(0)
    matrix = fit_color_matrix(given, exact, (seen.sum(0), neutral))
    off = given @ matrix.T - exact
    rows = [tuple(float(value) for value in row) for row in matrix]
    return ResponseFit(
        matrix=(rows[0], rows[1], rows[2]),  # type: ignore[arg-type]
        neutral=tuple(float(value) for value in neutral),  # type: ignore[arg-type]
        surfaces=len(surfaces),
        rms=float(np.sqrt((off**2).mean())),
        largest=float(np.abs(off).max()),
    )
