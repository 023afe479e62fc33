"""More or less light: the scene gets brighter or darker, and the camera does not follow."""

from __future__ import annotations

from audit.axes.axis import Axis
from audit.axes.name import Point
from audit.axes.turn import turned
from camsim import Profile
from camsim.profile import Provenance

LADDER = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)


def at_exposure_value(profile: Profile, ev: float, seed: int = 0) -> Profile:
    """The device with 2^ev times the light on its sensor.

    ``sensor.exposure``, the electrons where camera RGB is 1.0, is multiplied: as if the scene's light were, since
    optics and response are linear in it. Noise, gain, levels and dark current stay.

    Raises:
        CamsimError: an exposure beyond what the sensor's knob allows.
    """
    own = float(profile.knobs()["sensor.exposure"].value)
    sources = {}
    if ev != 0:
        sources["sensor.exposure"] = Provenance(source=f"2^{ev:g} x {own:g} e- of {profile.name}", status="derived")
    return turned(
        profile,
        Point(profile.name, EXPOSURE.key, ev),
        f"exposure {ev:+g} EV",
        knobs={"sensor.exposure": own * 2.0**ev} if ev != 0 else {},
        sources=sources,
    )


EXPOSURE = Axis(
    key="exposure",
    title="Exposure",
    unit="EV",
    meaning=(
        "The light of the scene times 2^EV. The camera does not meter anew: gain and ISP stay, so that dark scenes "
        "sink into the noise and bright ones clip."
    ),
    ladder=lambda profile: LADDER,
    own=lambda profile: 0.0,
    at=at_exposure_value,
)
