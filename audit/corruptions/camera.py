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
        return (piece for (piece,) in self.shoot_together(scene[None], seed, [sample]))

    def shoot_together(
        self, scenes: Tensor, seed: int, samples: Sequence[str]
    ) -> Iterator[list[dict[str, NDArray[np.uint8]]]]:
        """The same of scenes of one size (B, 3, H, W), one dict for each."""
        if self._corrupted and min(scenes.shape[-2:]) < MIN_SIDE:
            raise CamsimError(
                f"{samples[0]}: is {scenes.shape[-1]}x{scenes.shape[-2]} px; "
                f"corruptions need sides of at least {MIN_SIDE} px"
            )
        reference = self._lineup.cameras[0].name
        for shots in self._lineup.shoot_together(scenes, seed, samples):
            yield shots
            if reference not in shots[0]:
                continue
            for one in self._corrupted:
                yield [{one.name: one.of(shot[reference], seed, id_)} for shot, id_ in zip(shots, samples, strict=True)]
