"""Several cameras that see the same mosaic: what their ISPs have in common is done once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from camsim.checks import check_dn, check_shape
from camsim.emulator import Emulator
from camsim.fused import FusedChains


class CameraGroup:
    """Cameras with the same raw format, such as one device with other ISPs.

    Their stages form a tree: a demosaic that eight chains begin with is done once. Each camera's picture is the same,
    to the bit, as from the camera alone. Knobs are read when the group is made.
    """

    def __init__(self, cameras: Sequence[Emulator]) -> None:
        """Put cameras together.

        Raises:
            ValueError: none, or cameras whose mosaics differ in layout or levels.
        """
        if not cameras:
            raise ValueError("a group needs at least one camera")
        first = cameras[0]
        for camera in cameras[1:]:
            if camera.profile.raw_format != first.profile.raw_format:
                raise ValueError(
                    f"{camera.profile.name} reads {camera.profile.raw_format}, but {first.profile.name} reads "
                    f"{first.profile.raw_format}; only cameras with the same mosaic can be grouped"
                )
        self.cameras = tuple(cameras)
        probe = torch.empty(1, 1, 2, 2)
        fused = {i: isp for i, camera in enumerate(cameras) if (isp := camera._fused_isp(probe)) is not None}
        self._fused = list(fused)
        self._chains: FusedChains | None = None
        with torch.no_grad():
            if len(fused) == 1:
                self._chains = FusedChains.of(*fused.values())
            elif fused:
                cfa = first.profile.raw_format.cfa
                self._chains = FusedChains.lowered([(cameras[i].isp.stages(), cfa) for i in fused])

    @property
    def is_fused(self) -> bool:
        """Whether all of them develop mosaics of 16 bits on the CPU in one pass over rows, each frame by itself."""
        return len(self._fused) == len(self.cameras)

    @torch.no_grad()
    def develop(self, raw: Tensor, *, dtype: torch.dtype | None = None) -> list[Tensor]:
        """Develop the same mosaics with every camera; see `Emulator.develop`. No gradients.

        Returns:
            (B, 3, H', W') for each camera, in their order, of the size of its `Emulator.output_size`.
        """
        check_shape(raw, 1, "raw")
        as_bytes = dtype is torch.uint8
        if dtype not in (None, torch.float32, torch.uint8):
            raise ValueError(f"dtype must be None, torch.float32 or torch.uint8, got {dtype}")
        images: dict[int, Tensor] = {}
        if self._chains is not None and raw.device.type == "cpu":
            check = partial(check_dn, raw, self.cameras[0].profile)
            found = self._chains.develop(raw, as_bytes=as_bytes, check=check)
            images = dict(zip(self._fused, found, strict=True))
        return [
            images[index] if index in images else camera.develop(raw, dtype=dtype)
            for index, camera in enumerate(self.cameras)
        ]


def develop_many(cameras: Sequence[Emulator], raw: Tensor, *, dtype: torch.dtype | None = None) -> list[Tensor]:
    """Develop the same mosaics with several cameras; see `CameraGroup`, which is quicker for more than one call."""
    return CameraGroup(cameras).develop(raw, dtype=dtype)
