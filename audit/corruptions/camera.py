"""Corrupted pictures of the reference camera, beside the pictures of cameras."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from audit.camera import Camera, Lineup
from audit.corruptions.common import MIN_SIDE, corrupt
from audit.corruptions.name import Step
from camsim import Profile
from camsim.errors import CamsimError


@dataclass(frozen=True)
class CorruptedCamera:
    """A camera whose pictures are corrupted after they were taken."""

    camera: Camera
    step: Step

    @property
    def name(self) -> str:
        return self.step.name

    @property
    def profile(self) -> Profile:
        """Of the camera that takes the picture; the corruption is no part of it."""
        return self.camera.profile

    def shoot(self, scene: Tensor, seed: int, sample: str) -> NDArray[np.uint8]:
        """As `Camera.shoot`, then corrupted; see `corrupt`."""
        return self.of(self.camera.shoot(scene, seed, sample), seed, sample)

    def of(self, picture: NDArray[np.uint8], seed: int, sample: str) -> NDArray[np.uint8]:
        """What becomes of a picture (H, W, 3) that the camera has taken of this sample."""
        return corrupt(picture, self.step.key, self.step.severity, seed, sample)


class CorruptedLineup:
    """A `Lineup` and corruptions of what its first camera, the reference, shows; used like one."""

    def __init__(self, lineup: Lineup, steps: Sequence[Step]) -> None:
        self._lineup = lineup
        self._corrupted = tuple(CorruptedCamera(lineup.cameras[0], step) for step in steps)
        self.cameras: tuple[Camera | CorruptedCamera, ...] = (*lineup.cameras, *self._corrupted)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(camera.name for camera in self.cameras)

    def shoot(self, scene: Tensor, seed: int, sample: str) -> Iterator[dict[str, NDArray[np.uint8]]]:
        """The picture of every camera by name, the reference's first, and one by one those made of it.

        Raises:
            CamsimError: before the first picture, where the scene is too small to be corrupted.
        """
        if self._corrupted and min(scene.shape[-2:]) < MIN_SIDE:
            raise CamsimError(
                f"{sample}: is {scene.shape[-1]}x{scene.shape[-2]} px; corruptions need sides of at least {MIN_SIDE} px"
            )
        reference = self._lineup.cameras[0]
        for shot in self._lineup.shoot(scene, seed, sample):
            yield shot
            if reference.name in shot:
                for corrupted in self._corrupted:
                    yield {corrupted.name: corrupted.of(shot[reference.name], seed, sample)}
