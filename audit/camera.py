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
        # Without the emulator's check that the scene is finite: a sample's is, and many cameras see it.
        raw = self.emulator.capture_uint16(scene[None], seed, [sample])
        (picture,) = _pictures(self.emulator.develop(raw, dtype=torch.uint8))
        return picture

    @torch.inference_mode()
    def shoot_together(self, scenes: Tensor, seed: int, samples: Sequence[str]) -> list[NDArray[np.uint8]]:
        """The pictures (H, W, 3) of scenes of one size (B, 3, H, W), as `shoot` gives them, to the bit.

        In one call where the camera's chain is fused, which takes each frame by itself: for small pictures the calls
        cost more than the work.
        """
        if not self.emulator.is_fused:
            return [self.shoot(scene, seed, sample) for scene, sample in zip(scenes, samples, strict=True)]
        raw = self.emulator.capture_uint16(scenes, seed, list(samples))
        return _pictures(self.emulator.develop(raw, dtype=torch.uint8))


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

    def shoot_together(
        self, scenes: Tensor, seed: int, samples: Sequence[str]
    ) -> Iterator[list[dict[str, NDArray[np.uint8]]]]:
        """The same of scenes of one size (B, 3, H, W): each piece holds one for each scene, to the bit that of `shoot`.

        Raises:
            CamsimError: before the first piece, where one of the scenes cannot be shown.
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
        self._frame_by_frame = [
            group.is_fused and cameras[0].emulator.captures_frame_by_frame for cameras, group in self._groups
        ]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(camera.name for camera in self.cameras)

    def shoot(self, scene: Tensor, seed: int, sample: str) -> Iterator[dict[str, NDArray[np.uint8]]]:
        """The picture of every camera, by name, as `Camera.shoot` gives it, to the bit.

        They come mosaic by mosaic, that of the first camera first: all of them at once may not fit into memory.
        """
        return (piece for (piece,) in self.shoot_together(scene[None], seed, [sample]))

    def shoot_together(
        self, scenes: Tensor, seed: int, samples: Sequence[str]
    ) -> Iterator[list[dict[str, NDArray[np.uint8]]]]:
        """The same of scenes of one size (B, 3, H, W), one dict for each.

        Where a camera and its ISPs are fused, in one call: they take each frame by itself.
        """
        for (cameras, group), frame_by_frame in zip(self._groups, self._frame_by_frame, strict=True):
            step = len(samples) if frame_by_frame else 1
            pieces: list[dict[str, NDArray[np.uint8]]] = []
            # Not around the loop: between two pictures it is another's turn.
            with torch.inference_mode():
                for start in range(0, len(samples), step):
                    some = slice(start, start + step)
                    # Without the emulator's check that the scene is finite: a sample's is, and many cameras see it.
                    raw = cameras[0].emulator.capture_uint16(scenes[some], seed, samples[some])
                    images = [_pictures(image) for image in group.develop(raw, dtype=torch.uint8)]
                    names = [camera.name for camera in cameras]
                    pieces += [dict(zip(names, pictures, strict=True)) for pictures in zip(*images, strict=True)]
            yield pieces


def open_camera(profile: Profile) -> Camera:
    """Compile a profile for the audit."""
    return Camera(profile, camsim.compile(profile).eval())


def _pictures(images: Tensor) -> list[NDArray[np.uint8]]:
    """(B, 3, H, W) as B pictures (H, W, 3)."""
    return list(images.permute(0, 2, 3, 1).numpy())
