"""A compiled profile as the audit uses it: scene in, the 8-bit picture that the device would hand over out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

import camsim
from camsim import Emulator, Profile


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
        """Capture and develop one scene (3, H, W) and store it in 8 bits: (H, W, 3).

        One scene at a time, so that the picture is the same whatever else is in the batch. What lies outside [0, 1]
        after the chain is cut here, since 8 bits hold no more.
        """
        encoded: Tensor = self.emulator(scene[None], seed, [sample])[0]
        levels = (encoded.clamp(0, 1) * 255).round().to(torch.uint8)
        picture: NDArray[np.uint8] = levels.permute(1, 2, 0).contiguous().numpy()
        return picture


def open_camera(profile: Profile) -> Camera:
    """Compile a profile for the audit."""
    return Camera(profile, camsim.compile(profile).eval())
