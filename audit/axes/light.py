"""The white of daylight and of glowing bodies, in linear sRGB."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from camsim.errors import CamsimError

DAYLIGHT_FROM = 4000.0
"""K. Below, CIE daylight is not defined, and light is that of a black body."""
LIMITS = (1667.0, 25000.0)
"""K, where both formulas hold."""
SCENE_LIGHT = 6500.0
"""K: the white of linear sRGB, D65, is daylight of this nominal temperature."""

_NOMINAL = 1.4388 / 1.4380
"""CIE 15:2018, section 4.1.2: nominal temperatures of daylight are older than today's radiation constant c2."""


def white_of(temperature: float) -> NDArray[np.float64]:
    """(3,) linear sRGB, luminance 1, of a white surface under light of that temperature; (1, 1, 1) to 4 digits at
    6500 K.

    From 4000 K on CIE daylight (CIE 15:2018, section 4.1.2), below a black body (Kang et al., J. Korean Phys. Soc. 41
    (2002) 865). The two are not the same where they meet: daylight of 4000 K is a little greener.

    Raises:
        CamsimError: outside `LIMITS`.
    """
    import colour  # a second to import, for the one axis that needs it

    if not LIMITS[0] <= temperature <= LIMITS[1]:
        raise CamsimError(f"a colour temperature must lie in [{LIMITS[0]:g}, {LIMITS[1]:g}] K, got {temperature:g}")
    if temperature >= DAYLIGHT_FROM:
        xy = colour.temperature.CCT_to_xy_CIE_D(min(temperature * _NOMINAL, LIMITS[1]))
    else:
        xy = colour.temperature.CCT_to_xy_Kang2002(temperature)
    x, y = (float(part) for part in np.asarray(xy))
    to_rgb = np.asarray(colour.RGB_COLOURSPACES["sRGB"].matrix_XYZ_to_RGB, dtype=np.float64)
    rgb: NDArray[np.float64] = to_rgb @ np.array([x / y, 1.0, (1 - x - y) / y])
    return rgb


def light_words(temperature: float) -> str:
    """``daylight of 5000 K``, ``a black body at 2500 K``."""
    return f"daylight of {temperature:g} K" if temperature >= DAYLIGHT_FROM else f"a black body at {temperature:g} K"
