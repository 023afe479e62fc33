"""The light that a scene lies in, by its spectrum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Discriminator, Field, Tag, model_validator

from camsim.spec import Spec
from camsim.spectral.grid import FIRST, LAST, STEP, WAVELENGTHS
from camsim.spectral.names import IlluminantName

DAYLIGHT = (4000.0, 25000.0)
"""K, where CIE daylight is defined."""
_NOMINAL = 1.4388 / 1.4380
"""CIE 15:2018, section 4.1.2: nominal temperatures of daylight are older than today's radiation constant c2."""


class Temperature(Spec):
    """``{cct: 5000, locus: daylight}``: CIE daylight of that nominal temperature, or a black body (``planckian``)."""

    cct: Annotated[float, Field(ge=1000, le=25000)]
    """K. Daylight of 6500 K is D65."""
    locus: Literal["daylight", "planckian"]

    @model_validator(mode="after")
    def _defined(self) -> Self:
        if self.locus == "daylight" and self.cct < DAYLIGHT[0]:
            raise ValueError(
                f"CIE daylight is defined from {DAYLIGHT[0]:g} K on, got {self.cct:g}; below, take locus: planckian"
            )
        return self


Illuminant = Annotated[
    Annotated[IlluminantName, Tag("name")] | Annotated[Temperature, Tag("temperature")],
    Discriminator(lambda given: "temperature" if isinstance(given, Mapping | Temperature) else "name"),
]


def spectrum(illuminant: Illuminant) -> NDArray[np.float64]:
    """(71,) power at `WAVELENGTHS`, relative. Source: colour-science; CIE 15:2018, section 4.1.2 for daylight."""
    import colour  # a second to import, for those who have a spectral camera

    shape = colour.SpectralShape(FIRST, LAST, STEP)
    if isinstance(illuminant, str):
        light = colour.SDS_ILLUMINANTS[illuminant].copy().align(shape)
    elif illuminant.locus == "planckian":
        light = colour.sd_blackbody(illuminant.cct, shape)
    else:
        xy = colour.temperature.CCT_to_xy_CIE_D(min(illuminant.cct * _NOMINAL, DAYLIGHT[1]))
        light = colour.sd_CIE_illuminant_D_series(xy).align(shape)
    values: NDArray[np.float64] = np.array(light.values, dtype=np.float64)
    assert values.shape == WAVELENGTHS.shape
    relative: NDArray[np.float64] = values / values.max()
    return relative


def words(illuminant: Illuminant) -> str:
    """``D65``, ``daylight of 5000 K``, ``a black body at 2856 K``."""
    if isinstance(illuminant, str):
        return illuminant
    return f"{'daylight of' if illuminant.locus == 'daylight' else 'a black body at'} {illuminant.cct:g} K"
