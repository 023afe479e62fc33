"""Analogue gain: less light, amplified until the picture is as bright as before."""

from __future__ import annotations

from audit.axes.axis import Axis
from audit.axes.name import Point
from audit.axes.turn import turned
from camsim import Profile
from camsim.errors import CamsimError
from camsim.profile import Provenance

UNSTATED = 100.0
"""What a device's own gain is called where its profile states no ISO speed."""
STEPS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)


def own_iso(profile: Profile) -> float:
    """The ISO speed at which the profile's numbers hold."""
    return UNSTATED if profile.sensor.iso is None else profile.sensor.iso


def at_iso(profile: Profile, iso: float, seed: int = 0) -> Profile:
    """The device at another ISO speed, metered: with g = iso / own, K becomes g K and the exposure 1/g of itself.

    Grey comes out as bright as before, of fewer electrons. The read noise keeps its electrons, so it grows by g in DN;
    what the profile states as ``adc_noise`` is not amplified. Most profiles state all of it as read noise, and real
    amplifiers then do somewhat better. The well keeps its electrons too, and the converter clips before it is full.
    What an ISP does differently at high ISO (denoising, mostly) is not known, and stays.

    `Profile.at` sets speed and time by themselves, without metering.

    Raises:
        CamsimError: not above 0; or so low that the well is full before the picture is white.
    """
    point = Point(profile.name, ISO.key, iso)
    if not iso > 0:
        raise CamsimError(f"{point}: an ISO speed must be above 0")
    gain = iso / own_iso(profile)
    knobs = profile.knobs()
    own_k, own_e, well = (float(knobs[f"sensor.{name}"].value) for name in ("system_gain", "exposure", "full_well"))
    if gain < 1 and own_e / gain > well:
        least = own_iso(profile) * own_e / well
        way = f"give {least:.4g} or more" if own_e <= well else f"give {own_iso(profile):g} or more"
        raise CamsimError(
            f"{point}: white would take {own_e / gain:.4g} e-, more than the full well of {well:.4g} e-; {way}"
        )
    stated = "" if profile.sensor.iso is not None else ", which states no ISO speed: its own gain is called ISO 100"
    sources = {}
    if gain != 1:
        sources = {
            "sensor.system_gain": Provenance(
                source=f"{gain:g} x {own_k:g} DN/e- of {profile.name}{stated}", status="derived"
            ),
            "sensor.exposure": Provenance(
                source=f"{own_e:g} e- of {profile.name} / {gain:g}: metered for the same brightness", status="derived"
            ),
            "sensor.read_noise": Provenance(
                source=f"in e- as at ISO {own_iso(profile):g} of {profile.name}; real amplifiers gain a little",
                status="assumed",
            ),
        }
    if gain != 1 or profile.sensor.iso is None:
        sources["sensor.iso"] = Provenance(source=f"set along the axis iso of {profile.name}{stated}", status="assumed")
    return turned(
        profile,
        point,
        f"turned to ISO {iso:g}",
        knobs={"sensor.system_gain": own_k * gain, "sensor.exposure": own_e / gain} if gain != 1 else {},
        sensor={"iso": iso},
        sources=sources,
    )


ISO = Axis(
    key="iso",
    title="ISO speed",
    unit="",
    meaning=(
        "Less light, more analogue gain, the same brightness: the signal-to-noise ratio falls, and the ADC clips "
        "before the well is full. The read noise keeps its electrons, the noise of the ADC its DN; the ISP stays as it "
        "is."
    ),
    ladder=lambda profile: tuple(own_iso(profile) * step for step in STEPS),
    own=own_iso,
    at=at_iso,
    logarithmic=True,
)
