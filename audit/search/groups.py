"""Groups of knobs, so that a search can say which part of a pipeline does the harm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from camsim import Profile
from camsim.errors import CamsimError, did_you_mean


@dataclass(frozen=True)
class Group:
    """Some knobs of a device: certain ones of the sensor, of certain parts of the optics, of certain kinds of stage."""

    sensor: frozenset[str] = field(default_factory=frozenset)
    """Effects, and knobs that stand beside them."""
    kinds: frozenset[str] = field(default_factory=frozenset)
    optics: frozenset[str] = field(default_factory=frozenset)
    """Effects, and knobs that stand beside them."""

    def holds_knob(self, profile: Profile, knob: str) -> bool:
        """Whether the knob (``sensor.exposure``, ``isp.sharpen_2.amount``) belongs to the group."""
        part, rest = knob.split(".", 1)
        if part == "sensor":
            return rest.split(".")[0] in self.sensor
        if part == "optics":
            return rest.split(".")[0] in self.optics
        return self.holds_stage(profile, rest.split(".")[0])

    def holds_stage(self, profile: Profile, stage: str) -> bool:
        """Whether the stage (``sharpen_2``) belongs to the group."""
        kinds = dict(zip(profile.stage_names(), (spec.kind for spec in profile.isp), strict=True))
        return kinds.get(stage) in self.kinds


def _group(*, sensor: tuple[str, ...] = (), kinds: tuple[str, ...] = (), optics: tuple[str, ...] = ()) -> Group:
    return Group(frozenset(sensor), frozenset(kinds), frozenset(optics))


DARK = ("dark_current", "hot_pixels", "exposure_time", "temperature", "doubling")
"""What sets the dark current of the sensor's pixels."""
ALL = "all"
"""Every knob."""

GROUPS: Mapping[str, Group] = {
    "black_level": _group(
        sensor=("black_level", "black_drift", "adc_nonlinearity"), kinds=("black_level", "linearize")
    ),
    "white_balance": _group(kinds=("white_balance",)),
    "color_matrix": _group(kinds=("color_matrix",)),
    "demosaic": _group(kinds=("defect_pixel_correction", "green_equalization", "demosaic")),
    "saturation": _group(kinds=("saturation", "hue")),
    "tone": _group(kinds=("highlight_recovery", "tone")),
    "gamma": _group(kinds=("gamma",)),
    "sharpening": _group(kinds=("sharpen",)),
    "blur": _group(kinds=("denoise",), optics=("psf", "f_number", "motion")),
    "distortion": _group(optics=("distortion", "chromatic_aberration")),
    "vignetting": _group(kinds=("lens_shading",), optics=("vignetting", "focal_length")),
    "glare": _group(optics=("glare",)),
    "additive_layer": _group(kinds=("additive_layer",)),
    "compression": _group(kinds=("chroma_subsampling", "jpeg")),
    "exposure": _group(
        sensor=("exposure", "system_gain", "analog_gain", "digital_gain", "full_well", "blooming", "hdr"),
    ),
    "rolling_shutter": _group(sensor=("rolling_shutter",)),
    "noise": _group(
        sensor=(
            *("read_noise", "read_noise_shape", "adc_noise", "row_noise", "column_noise", "prnu", "dsnu"),
            *("stuck_pixels", *DARK),
        ),
    ),
}
"""By name; beside them there is ``all``."""


def find_group(name: str) -> Group | None:
    """A group by name; None for ``all``.

    Raises:
        CamsimError: there is no such group.
    """
    if name == ALL:
        return None
    if name not in GROUPS:
        raise CamsimError(
            f"unknown knob group {name!r}{did_you_mean(name, [ALL, *GROUPS])} ({', '.join([ALL, *GROUPS])})"
        )
    return GROUPS[name]
