"""The scenes of a search, kept in memory as far as they fit, and pictures of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from audit.camera import Camera
from audit.data import Sample
from audit.task import Judge, Judged, judge_shot
from camsim.errors import NoDataError

CACHE_BYTES = 2**31
"""Scenes kept decoded during a search; beyond that they are read again for every evaluation."""

STACKED_BYTES = 2**29
"""Scenes that stay stacked as a camera is shown them; stacking takes some hundredths of an evaluation."""

CHUNK = 8
"""Pictures made before the model sees them. Turn by turn with the model, the camera would find the caches cold."""

Picture = NDArray[np.uint8]


class Scenes:
    """Samples with their scenes, in order."""

    def __init__(self, samples: Sequence[Sample], seed: int, kept: dict[str, Tensor] | None = None) -> None:
        """Nothing is read yet.

        Args:
            samples: all readable.
            seed: of the noise.
            kept: scenes read before, to share with others that have some of the same samples.

        Raises:
            NoDataError: there are no samples.
        """
        if not samples:
            raise NoDataError("a search needs at least one sample")
        self.samples, self.seed = tuple(samples), seed
        self.kept: dict[str, Tensor] = {} if kept is None else kept
        self._stacked: list[tuple[tuple[str, ...], Tensor]] | None = None

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(sample.id for sample in self.samples)

    def subset(self, ids: Sequence[str]) -> Scenes:
        """Some of the samples, in order; what is in memory is shared."""
        return Scenes([sample for sample in self.samples if sample.id in ids], self.seed, self.kept)

    def shoot(self, camera: Camera) -> Iterator[tuple[tuple[str, ...], list[Picture]]]:
        """The pictures (H, W, 3) that a camera hands out, a few of one size at a time, and whose they are."""
        for ids, scenes in self.batches():
            yield ids, camera.shoot_together(scenes, self.seed, ids)

    def judge(self, camera: Camera, task: Judge) -> Iterator[tuple[list[Picture], Judged]]:
        """The pictures that a camera hands out, a few of one size at a time, and what a task says of them."""
        for ids, scenes in self.batches():
            pictures = camera.shoot_together(scenes, self.seed, ids)
            yield pictures, judge_shot(task, pictures, ids, (scenes.shape[-2], scenes.shape[-1]))

    def batches(self) -> Iterator[tuple[tuple[str, ...], Tensor]]:
        """Neighbouring scenes of one size as (B, 3, H, W), with the ids of their samples."""
        if self._stacked is not None:
            yield from self._stacked
            return
        stacked: list[tuple[tuple[str, ...], Tensor]] = []
        size = 0
        for ids, scenes in self._stack():
            size += scenes.nbytes
            if size <= STACKED_BYTES:
                stacked.append((ids, scenes))
            yield ids, scenes
        if size <= STACKED_BYTES:
            self._stacked = stacked

    def _stack(self) -> Iterator[tuple[tuple[str, ...], Tensor]]:
        batch: list[tuple[str, Tensor]] = []
        for sample in self.samples:
            scene = self._scene(sample)
            if batch and (len(batch) == CHUNK or batch[0][1].shape != scene.shape):
                yield _together(batch)
                batch = []
            batch.append((sample.id, scene))
        yield _together(batch)

    def _scene(self, sample: Sample) -> Tensor:
        scene = self.kept.get(sample.id)
        if scene is None:
            scene = sample.load()
            if sum(s.nbytes for s in self.kept.values()) + scene.nbytes <= CACHE_BYTES:
                self.kept[sample.id] = scene
        return scene


def _together(batch: Sequence[tuple[str, Tensor]]) -> tuple[tuple[str, ...], Tensor]:
    return tuple(name for name, _ in batch), torch.stack([scene for _, scene in batch])
