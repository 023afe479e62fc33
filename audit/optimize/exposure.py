"""The same camera at another exposure."""

from __future__ import annotations

import math

from camsim import Profile
from camsim.errors import CamsimError
from camsim.profile import Provenance


def at_exposure(profile: Profile, exposure: float) -> Profile:
    """The profile with its exposure multiplied, under the name ``frozen/NAME``; nothing else changes.

    Args:
        profile: the camera.
        exposure: 0.05 for a twentieth of the light: ``sensor.exposure``, the electrons of diffuse white, times this.

    Raises:
        CamsimError: not a positive number, or an exposure beyond what the sensor's knob allows.
    """
    if not (math.isfinite(exposure) and exposure > 0):
        raise CamsimError(f"exposure must be above 0 (1 is the profile's own), got {exposure:g}")
    knob = profile.knobs()["sensor.exposure"]
    value, (low, high) = float(knob.value) * exposure, knob.bounds
    if not low <= value <= high:
        raise CamsimError(
            f"exposure {exposure:g} of {profile.name} is {value:g} e-, outside [{low:g}, {high:g}] e-; "
            f"give one between {low / float(knob.value):.2g} and {high / float(knob.value):.2g}"
        )
    frozen = profile.with_knobs({} if exposure == 1 else {"sensor.exposure": value}, name=f"frozen/{profile.name}")
    if exposure == 1:
        return frozen
    entry = Provenance(source=f"{exposure:g} x {float(knob.value):g} e- of {profile.name}", status="derived")
    return frozen.model_copy(update={"provenance": frozen.provenance | {"sensor.exposure": entry}})
