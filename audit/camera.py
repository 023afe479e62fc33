"""Compiled profiles as the audit uses them: scene in, the 8-bit picture that the device would hand over out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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


class SharedSensor:
    """Cameras with the same sensor, which one exposure serves; they differ in how they develop it."""

    def __init__(self, cameras: Sequence[Camera]) -> None:
        self.cameras = tuple(cameras)
        self._group = CameraGroup([camera.emulator for camera in cameras])

    @torch.inference_mode()
    def shoot(self, scene: Tensor, seed: int, sample: str) -> dict[str, NDArray[np.uint8]]:
        """The picture of each camera, by name: the same, to the bit, as `Camera.shoot` gives."""
        mosaic = _expose(self.cameras[0], scene, seed, sample)
        images = self._group.develop(mosaic, dtype=torch.uint8)
        return {camera.name: _picture(image) for camera, image in zip(self.cameras, images, strict=True)}


def open_camera(profile: Profile) -> Camera:
    """Compile a profile for the audit."""
    return Camera(profile, camsim.compile(profile).eval())


def share_sensors(cameras: Sequence[Camera]) -> list[SharedSensor]:
    """Put the cameras together that have the same sensor; groups and cameras in the order of first appearance."""
    groups: dict[str, list[Camera]] = {}
    for camera in cameras:
        # Noise is keyed by seed and sample alone, so that nothing but the sensor decides the mosaic.
        sensor = camera.profile.resolved_sensor().model_dump_json()
        groups.setdefault(sensor, []).append(camera)
    return [SharedSensor(group) for group in groups.values()]


def _expose(camera: Camera, scene: Tensor, seed: int, sample: str) -> Tensor:
    # Without the emulator's check that the scene is finite: a sample's is, and many cameras see it.
    return camera.emulator.sensor.capture_uint16(scene[None], seed, [sample])


def _picture(image: Tensor) -> NDArray[np.uint8]:
    picture: NDArray[np.uint8] = image[0].permute(1, 2, 0).numpy()
    return picture
