"""What a strategy is tried on: a device with narrow plausible ranges, a task, and samples to search and to judge on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

import camsim
from audit.data import Sample
from audit.task import Task
from camsim import Profile
from camsim.spec import Range
from camsim.unprocess import from_display

Picture = NDArray[np.uint8]
"""(H, W, 3), sRGB, 0..255."""


@dataclass(frozen=True)
class Case:
    """One task of the benchmark."""

    name: str
    title: str
    score: str
    """What the mean of `Judged.scores` is called here."""
    profile: Profile
    task: Task
    task_without_gradient: Task
    gradient_by: str
    """``torch`` or ``ONNX``: what the gradient goes through."""
    search: tuple[Sample, ...]
    held_out: tuple[Sample, ...]
    sha256: str
    """Of the model's weights."""

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits for what decides the figures: the model, the device's ranges, the samples.

        What was measured is kept under it, so that figures of a network that was trained anew never mix with others.
        """
        ranges = {name: limit.model_dump(exclude_none=True) for name, limit in (self.profile.search or {}).items()}
        counts = [len(self.search), len(self.held_out)]
        about = json.dumps([self.sha256, self.profile.name, ranges, counts], sort_keys=True)
        return hashlib.sha256(about.encode()).hexdigest()[:12]


def scene_sample(name: str, picture: Picture) -> Sample:
    """A sample without a label whose scene is estimated from a picture."""
    return Sample(name, None, partial(from_display, picture))


def narrowed(profile: Profile, share: float) -> Profile:
    """The device with plausible ranges of ``share`` times their width, around the same values.

    Args:
        profile: a device with a ``search`` section.
        share: in (0, 1].

    Raises:
        ValueError: the profile has no ``search`` section.
    """
    if profile.search is None:
        raise ValueError(f"{profile.name} has no search section to narrow")
    knobs = profile.knobs()
    search = {name: _narrow(knobs[name].value, limit, share).model_dump() for name, limit in profile.search.items()}
    return _changed(profile, search=search, name=f"narrow/{profile.name}")


def widened(profile: Profile, limits: Mapping[str, Range]) -> Profile:
    """The device with other plausible ranges, which leave all other knobs where they are."""
    search = {name: limit.model_dump() for name, limit in limits.items()}
    return _changed(profile, search=search, name=f"wide/{profile.name}")


def _narrow(value: NDArray[np.float64], limit: Range, share: float) -> Range:
    if limit.interval is None:
        field, half = ("relative", limit.relative) if limit.relative is not None else ("absolute", limit.absolute)
        return Range.model_validate({field: share * (half or 0.0)})
    low, high = limit.interval
    if value.ndim:
        raise ValueError("an interval can be narrowed around a single number only")
    return Range(interval=(float(value + share * (low - value)), float(value + share * (high - value))))


def searching(profile: Profile, knobs: Sequence[str], suffix: str) -> Profile:
    """The device of which only some knobs may move, as far as they did, and no stage.

    Raises:
        ValueError: one of them has no plausible range.
    """
    if profile.search is None or set(knobs) - set(profile.search):
        raise ValueError(f"{profile.name} does not search all of {', '.join(knobs)}")
    search = {name: profile.search[name].model_dump() for name in knobs}
    return _changed(profile, search=search, choices={}, orders=(), name=f"{profile.name}-{suffix}")


def _changed(profile: Profile, **changes: Any) -> Profile:
    return Profile.model_validate(profile.model_dump() | changes)


def take(profile: Profile, pictures: Sequence[Picture], seed: int) -> Tensor:
    """What the device makes of scenes of one size, in 8 bits: (N, 3, H, W) in [0, 1], to train a model on."""
    camera = camsim.compile(profile)
    scenes = torch.stack([from_display(picture) for picture in pictures])
    with torch.no_grad():
        raw = camera.capture(scenes, seed, [f"train/{index}" for index in range(len(pictures))], dtype=torch.uint16)
        return camera.develop(raw, dtype=torch.uint8).float() / 255


def named(prefix: str, pictures: Sequence[Picture]) -> dict[str, Picture]:
    """Pictures by an id."""
    return {f"{prefix}/{index:04d}": picture for index, picture in enumerate(pictures)}


def samples(pictures: Mapping[str, Picture]) -> tuple[Sample, ...]:
    """A sample for each picture."""
    return tuple(scene_sample(name, picture) for name, picture in pictures.items())
