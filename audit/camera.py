"""Compiled profiles as the audit uses them: scene in, the 8-bit picture that the device would hand over out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

import camsim
from camsim import Emulator, Profile
from camsim.group import CameraGroup


@dataclass(frozen=True)
class Camera:
    """One device of an audit."""

    profile: Profile
    emulator: Emulator

    @property
    def name(self) -> str:
        return self.profile.name

    @torch.inference_mode()
    def shoot(self, scene: Tensor, seed: int, sample: str) -> NDArray[np.uint8]:
        """Capture and develop one scene (3, H, W) and store it in 8 bits: (H, W, 3), plane after plane in memory.

        One scene at a time, so that the picture is the same whatever else is in the batch. What lies outside [0, 1]
        after the chain is cut here, since 8 bits hold no more.
        """
        return _picture(self.emulator.develop(_expose(self, scene, seed, sample), dtype=torch.uint8))

    @torch.inference_mode()
    def shoot_together(self, scenes: Tensor, seed: int, samples: Sequence[str]) -> list[NDArray[np.uint8]]:
        """The pictures (H, W, 3) of scenes of one size (B, 3, H, W), as `shoot` gives them, to the bit.

        In one call where the camera's chain is fused, which takes each frame by itself: for small pictures the calls
        cost more than the work.
        """
        if not self.emulator.is_fused:
            return [self.shoot(scene, seed, sample) for scene, sample in zip(scenes, samples, strict=True)]
        raw = self.emulator.capture_uint16(scenes, seed, list(samples))
        return [_picture(image[None]) for image in self.emulator.develop(raw, dtype=torch.uint8)]


class Shooter(Protocol):
    """What shows a scene in several ways: a `Lineup`, or one with more beside it."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of what it shows, the reference first."""
        ...

    def shoot(self, scene: Tensor, seed: int, sample: str) -> Iterator[dict[str, NDArray[np.uint8]]]:
        """Pictures (H, W, 3) by name, in pieces; the reference is in the first of them.

        Raises:
            CamsimError: before the first piece, where the scene cannot be shown.
        """
        ...


class Lineup:
    """Cameras that see the same scenes.

    Those with the same optics and sensor share the exposure and what their ISPs have in common.
    """

    def __init__(self, cameras: Sequence[Camera]) -> None:
        """Put cameras of distinct names together, with their knobs as they are now."""
        self.cameras = tuple(cameras)
        alike: dict[str, list[Camera]] = {}
        for camera in cameras:
            # Noise is keyed by seed and sample alone, so that nothing but optics and sensor decides the mosaic.
            profile = camera.profile
            optics = "" if profile.optics is None else profile.optics.model_dump_json()
            # The ISO speed is a name for the gain; it changes nothing by itself.
            sensor = profile.resolved_sensor().model_dump_json(exclude={"iso"})
            alike.setdefault(optics + sensor, []).append(camera)
        self._groups = [(group, CameraGroup([camera.emulator for camera in group])) for group in alike.values()]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(camera.name for camera in self.cameras)

    def shoot(self, scene: Tensor, seed: int, sample: str) -> Iterator[dict[str, NDArray[np.uint8]]]:
        """The picture of every camera, by name, as `Camera.shoot` gives it, to the bit.

        They come mosaic by mosaic, that of the first camera first: all of them at once may not fit into memory.
        """
        for cameras, group in self._groups:
            # Not around the loop: between two pictures it is another's turn.
            with torch.inference_mode():
                images = group.develop(_expose(cameras[0], scene, seed, sample), dtype=torch.uint8)
                shot = {camera.name: _picture(image) for camera, image in zip(cameras, images, strict=True)}
            yield shot


def open_camera(profile: Profile) -> Camera:
    """Compile a profile for the audit."""
    return Camera(profile, camsim.compile(profile).eval())


def _expose(camera: Camera, scene: Tensor, seed: int, sample: str) -> Tensor:
    # Without the emulator's check that the scene is finite: a sample's is, and many cameras see it.
    return camera.emulator.capture_uint16(scene[None], seed, [sample])


def _picture(image: Tensor) -> NDArray[np.uint8]:
    picture: NDArray[np.uint8] = image[0].permute(1, 2, 0).numpy()
    return picture
