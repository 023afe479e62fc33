"""A camera's processing undone, stage by stage from its end: what its picture says of the scene."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial
from itertools import accumulate

import numpy as np
import torch
from torch import Tensor

from camsim.cfa import RawFormat, cell
from camsim.errors import CamsimError
from camsim.isp import Clip
from camsim.linear_sensor import LinearSensor
from camsim.profile import Profile
from camsim.spec import Domain, Stage, StageSpec
from camsim.unprocess.highlights import preserve_highlights
from camsim.unprocess.steps import Affine, NoInverseError, Step, invert

_SIDE = 24
"""Of the even mosaics that the first stages are tried on: holds whole cells of every CFA."""
_LEVELS = 9


@dataclass(frozen=True)
class Preserving:
    """Undoes white balance gains as `preserve_highlights` says."""

    gains: Tensor
    """(3,)"""

    def undo(self, image: Tensor) -> Tensor:
        """See `Step`."""
        return preserve_highlights(image, self.gains.to(image))


@dataclass(frozen=True)
class SourceCamera:
    """What can be undone of a camera, and what cannot."""

    steps: tuple[Step, ...]
    """In the order in which they are undone: from the picture to the scene."""
    kept: tuple[str, ...]
    """Stages that stay in the scene, each with the reason."""

    def undo(self, image: Tensor) -> Tensor:
        """(B, 3, H, W) display values in [0, 1] -> (B, 3, H, W) linear light, 1.0 = diffuse white at its exposure."""
        for step in self.steps:
            image = step.undo(image)
        return image


def source_camera(profile: Profile, *, preserve: bool = False) -> SourceCamera:
    """Undo a camera: its processing, then the exposure and the response of its sensor.

    What looks at one pixel at a time is undone, whatever it is: matrices exactly, rising curves to 1e-8, anything else
    by Newton's method. What looks at neighbours or at the whole picture, or cuts values off, is not, and is told.

    Args:
        profile: the camera that the picture is from.
        preserve: keep what is white at white when the white balance is undone (`preserve_highlights`).

    Raises:
        CamsimError: a stage has no inverse, or the sensor sees no three colours or not in proportion to the light.
    """
    return _source_camera(profile.model_dump_json(), preserve)


@cache  # many pictures are from one camera; the JSON, since a Profile is not hashable
def _source_camera(json: str, preserve: bool) -> SourceCamera:
    profile = Profile.model_validate_json(json)
    sensor = LinearSensor.of(profile, f"source camera {profile.name}")
    steps: list[Step] = []
    kept: list[str] = []
    first = _first_after_demosaic(profile)
    stages = list(zip(profile.stage_names(), profile.resolved_isp(), profile.built_isp(), strict=True))
    balanced = False
    for name, spec, stage in reversed(stages[first:]):
        reason = why_kept(spec)
        if reason is not None and spec.tags()[0] == "white_balance":
            kept.append(f"isp.{name}: {reason}; taken as the gains that leave white neutral")
            steps.append(_neutral_gains(sensor))
            continue
        if reason is not None:
            kept.append(f"isp.{name}: {reason}")
            continue
        try:
            step = invert(partial(_apply, stage))
        except NoInverseError as error:
            raise CamsimError(f"source camera {profile.name}: isp.{name} cannot be undone: {error}") from None
        if preserve and spec.tags()[0] == "white_balance" and isinstance(step, Affine):
            step = Preserving(1 / step.matrix.diagonal())
            balanced = True
        steps.append(step)
    if preserve and not balanced:
        raise CamsimError(
            f"source camera {profile.name}: highlights: preserve is about fixed white balance gains, and it has none; "
            "choose clip or extrapolate"
        )
    kept += [f"isp.{name}: {reason}" for name, spec, _ in reversed(stages[:first]) if (reason := why_kept(spec))]
    if profile.optics is not None:
        kept.append("optics: blur, distortion and vignetting stay in the scene")
    steps.append(_front_end(sensor, profile.raw_format, stages[:first]))
    return SourceCamera(tuple(steps), tuple(kept))


def why_kept(spec: StageSpec) -> str | None:
    """Why this stage cannot be undone whatever its numbers are; None: it may be."""
    if isinstance(spec, Clip):
        return f"what it cut to [{spec.low:g}, {spec.high:g}] is lost"
    if spec.tags()[0] == "highlight_recovery":
        return "what it made of saturated pixels stays"
    if spec.form == "global":
        return "depends on the whole picture"
    if spec.output_size(64, 64) != (64, 64):
        return "changes the size"
    if spec.reach or spec.form == "local":
        return "looks at neighbours"
    return "depends on the place in the frame" if spec.depends_on_place else None


@torch.no_grad()
def _apply(stage: Stage, image: Tensor) -> Tensor:
    return stage(image)


def _first_after_demosaic(profile: Profile) -> int:
    """Index of the first stage that sees RGB."""
    domains: list[Domain] = list(accumulate(profile.isp, lambda before, spec: spec.gives or before, initial="dn"))
    return next(index for index, domain in enumerate(domains) if domain not in ("dn", "mosaic"))


def _neutral_gains(sensor: LinearSensor) -> Affine:
    """The gains that an automatic white balance would find for a white scene, taken off again."""
    white = sensor.response.sum(dim=1)
    if white.min() <= 0:
        raise CamsimError(f"source camera {sensor.name}: its response to white is {white.tolist()}: no gains fit that")
    return Affine(torch.diag(white / white[1]), torch.zeros(3, dtype=torch.float64))


def _front_end(sensor: LinearSensor, raw: RawFormat, stages: list[tuple[str, StageSpec, Stage]]) -> Affine:
    """From linear camera RGB as the demosaic gives it to the scene: levels, exposure, response."""
    light = torch.linspace(0.01, 0.9, _LEVELS, dtype=torch.float64) * sensor.brightest
    sites = sensor.black.reshape(2, 2).repeat(_SIDE // 2, _SIDE // 2)
    image = (sensor.offset + sensor.gain * sensor.exposure * light)[:, None, None, None] + sites
    for name, spec, stage in stages:
        if spec.gives not in ("linear", "encoded") and not spec.depends_on_place:
            try:
                image = _apply(stage, image)
            except ValueError as error:
                raise CamsimError(f"source camera {sensor.name}: isp.{name}: {error}") from None
        raw = spec.gives_format(raw)
    values = torch.stack(
        [image[:, 0, mask].mean(dim=1) for mask in _masks(raw, *image.shape[-2:])], dim=1
    )  # (levels, 3)
    slope = (values[-1] - values[0]) / (light[-1] - light[0])
    start = values[0] - slope * light[0]
    if (values - (start + slope * light[:, None])).abs().max() > 1e-6 * values.abs().max() or slope.min() <= 0:
        names = ", ".join(f"isp.{name}" for name, _, _ in stages)
        raise CamsimError(
            f"source camera {sensor.name}: what comes before its demosaic ({names}) is not in proportion to the light; "
            "a curve on the mosaic cannot be undone from the picture"
        )
    return Affine(torch.linalg.inv(torch.diag(slope) @ sensor.response), start)


def _masks(form: RawFormat, height: int, width: int) -> Iterator[Tensor]:
    """For R, G and B where in an even mosaic the sites of that colour lie."""
    rows = cell(form.cfa)
    times = (-(-height // len(rows)), -(-width // len(rows[0])))
    letters = np.tile(np.array([list(row) for row in rows]), times)[:height, :width]
    return (torch.from_numpy(letters == color) for color in "RGB")
