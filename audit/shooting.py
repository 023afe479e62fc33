"""Samples read, and shown by every camera, before the model sees them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from audit.camera import Shooter
from audit.data import Sample
from audit.tasks.vision_task import VisionTask
from camsim.errors import CamsimError

SHOT_BYTES = 2**26
"""Pictures that are made before the model sees them. Turn by turn with the model, each camera would find the caches
cold, and take twice as long; but memory has to stay bounded, however many cameras there are."""

TOGETHER = 4
"""Scenes of one size that a camera is shown in one call, where their pictures are small enough."""

Pictures = Mapping[str, NDArray[np.uint8]]
"""(H, W, 3), by the camera's name; the reference's first."""


@dataclass(frozen=True)
class Shot:
    """One sample through some of the cameras, or why it cannot be read."""

    sample: Sample
    pictures: Pictures
    shape: tuple[int, int] = (0, 0)
    """(height, width) of the scene."""
    truth: Any = None
    """What the task says is right."""
    unreadable: str | None = None


@dataclass(frozen=True)
class _Scene:
    """A sample in memory."""

    sample: Sample
    light: Tensor
    truth: Any

    @property
    def shape(self) -> tuple[int, int]:
        return self.light.shape[1], self.light.shape[2]

    def shot(self, pictures: Pictures) -> Shot:
        return Shot(self.sample, pictures, self.shape, self.truth)


@dataclass(frozen=True)
class _Broken:
    """A sample that cannot be read."""

    sample: Sample
    error: Exception

    def shot(self) -> Shot:
        if isinstance(self.error, CamsimError):
            return Shot(self.sample, {}, unreadable=str(self.error))
        raise self.error


def shoot(task: VisionTask[Any], samples: Iterable[Sample], lineup: Shooter, seed: int) -> Iterator[Shot]:
    """Each sample in one shot or, where its pictures are large, in several; or in one that says why it has none."""
    for some in _neighbours((_read(task, sample) for sample in samples), len(lineup.names)):
        if isinstance(some, _Broken):
            yield some.shot()
            continue
        together = _shoot_together(some, lineup, seed) if len(some) > 1 else None
        yield from together or chain.from_iterable(_shoot_alone(scene, lineup, seed) for scene in some)


def _read(task: VisionTask[Any], sample: Sample) -> _Scene | _Broken:
    try:
        light = sample.load()
        return _Scene(sample, light, task.truth(sample, (light.shape[1], light.shape[2])))
    except Exception as error:  # whatever a loader of one's own raises; what was read before it comes first
        return _Broken(sample, error)


def _neighbours(items: Iterable[_Scene | _Broken], cameras: int) -> Iterator[list[_Scene] | _Broken]:
    """Scenes that follow each other and can be shot together; what is broken by itself."""
    waiting: list[_Scene] = []
    for item in items:
        if waiting and (isinstance(item, _Broken) or item.shape != waiting[0].shape):
            yield waiting
            waiting = []
        if isinstance(item, _Broken):
            yield item
            continue
        waiting.append(item)
        if len(waiting) >= min(TOGETHER, SHOT_BYTES // (cameras * item.light.numel())):
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def _shoot_together(scenes: Sequence[_Scene], lineup: Shooter, seed: int) -> list[Shot] | None:
    """None: one of them cannot be shown, and each has to be tried."""
    pictures: list[dict[str, NDArray[np.uint8]]] = [{} for _ in scenes]
    light, ids = torch.stack([scene.light for scene in scenes]), [scene.sample.id for scene in scenes]
    try:
        for pieces in lineup.shoot_together(light, seed, ids):
            for taken, piece in zip(pictures, pieces, strict=True):
                taken |= piece
    except CamsimError:
        return None
    return [scene.shot(taken) for scene, taken in zip(scenes, pictures, strict=True)]


def _shoot_alone(scene: _Scene, lineup: Shooter, seed: int) -> Iterator[Shot]:
    pictures: dict[str, NDArray[np.uint8]] = {}
    shown = lineup.shoot(scene.light, seed, scene.sample.id)
    try:
        pictures |= next(shown)
    except CamsimError as error:
        yield _Broken(scene.sample, error).shot()
        return
    for some in chain([{}], shown):
        pictures |= some
        if sum(picture.nbytes for picture in pictures.values()) >= SHOT_BYTES:
            yield scene.shot(pictures)
            pictures = {}
    if pictures:
        yield scene.shot(pictures)
